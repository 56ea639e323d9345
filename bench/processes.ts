/**
 * Finds all processes of a service: some processes and their descendants, as Linux lists them
 * (`/proc/PID/stat`, proc(5)).
 */
import { readdirSync, readFileSync } from 'node:fs';

/** A running process. */
export interface Process {
  readonly pid: number;
  /**
   * CPU time so far, user and system, with that of its children that have ended, in ticks of a
   * hundredth of a second.
   */
  readonly ticks: number;
}

/** The processes and all their descendants that live now. */
export function withDescendants(pids: readonly number[]): Process[] {
  const wanted = new Set(pids);
  const found: Process[] = [];
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(read)
    .filter((entry) => entry !== undefined)
    // A child is started after its parent, so one pass in this order finds all.
    .toSorted((a, b) => a.startedAt - b.startedAt);
  for (const { pid, parent, ticks } of all) {
    if (!wanted.has(pid) && !wanted.has(parent)) continue;
    wanted.add(pid);
    found.push({ pid, ticks });
  }
  return found;
}

function read(pid: string) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
      startedAt: Number(fields[19]),
    };
  } catch {
    // It ended just now.
    return undefined;
  }
}
