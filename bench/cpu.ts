/** CPU time of processes, as Linux counts it (`/proc/PID/stat`, proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in ticks of a hundredth of a second. */
const TICK_MS = 10;

/** CPU time so far of the processes and all their descendants, user and system, in milliseconds. */
export function cpuMs(pids: readonly number[]): number {
  const wanted = new Set(pids);
  let sum = 0;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(read)
    .filter((entry) => entry !== undefined)
    // A child is started after its parent, so one pass in this order finds all.
    .toSorted((a, b) => a.startedAt - b.startedAt);
  for (const { pid, parent, ticks } of all) {
    if (!wanted.has(pid) && !wanted.has(parent)) continue;
    wanted.add(pid);
    sum += ticks;
  }
  return sum * TICK_MS;
}

function read(pid: string) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
      startedAt: Number(fields[19]),
    };
  } catch {
    // It ended just now.
    return undefined;
  }
}
