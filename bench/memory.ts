/** Memory of processes, as Linux counts it (`/proc/PID/smaps_rollup`, proc(5)). */
import { readFileSync } from 'node:fs';
import { withDescendants } from './processes.ts';

/** Memory of several processes together. */
export interface Memory {
  readonly processes: number;
  /** Resident: what several processes share counts in each of them. */
  readonly rssMib: number;
  /**
   * Proportional: what several processes share is divided among them. The sum is the memory that
   * the service takes.
   */
  readonly pssMib: number;
}

/**
 * Memory of the processes and all their descendants together. Fails for processes of other users.
 */
export function memoryOf(pids: readonly number[]): Memory {
  const all = withDescendants(pids);
  const texts = all.map(({ pid }) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const sum = (field: RegExp) =>
    texts.reduce((kib, text) => kib + Number(field.exec(text)?.[1] ?? 0), 0) / 1024;
  return { processes: all.length, rssMib: sum(/^Rss:\s+(\d+)/m), pssMib: sum(/^Pss:\s+(\d+)/m) };
}
