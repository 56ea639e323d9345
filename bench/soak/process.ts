/** Memory, open descriptors and CPU time of one process (`/proc/PID`, proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** The figures of a process. */
export interface ProcessFigures {
  readonly pid: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** Since it began, without its children. */
  readonly cpuMs: number;
}

/** Linux counts in ticks of a hundredth of a second. */
const TICK_MS = 10;

/** The figures now; `undefined` when there is no such process any more. */
export function processFigures(pid: number): ProcessFigures | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    // A zombie has no memory.
    if (rss === undefined) return undefined;
    return {
      pid,
      rssBytes: Number(rss) * 1024,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    };
  } catch {
    return undefined;
  }
}

/** The name that a replica was given by its parent, on its command line. */
export function replicaNameOf(pid: number): string | undefined {
  try {
    return /--replica-name=([^\0]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
