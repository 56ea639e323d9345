/** CPU time of processes, as Linux counts it. */
import { withDescendants } from './processes.ts';

/** Linux counts in ticks of a hundredth of a second. */
const TICK_MS = 10;

/**
 * CPU time so far of the processes and all their descendants, user and system, in milliseconds.
 */
export function cpuMs(pids: readonly number[]): number {
  return withDescendants(pids).reduce((sum, { ticks }) => sum + ticks, 0) * TICK_MS;
}
