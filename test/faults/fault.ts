/** The interface of a fault, and the faults of processes and disks that every store can have. */
import { closeSync, ftruncateSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../support/program.ts';
import type { Random } from './random.ts';

export interface Fault {
  readonly name: string;
  /** Does it and heals it again; says in a few words how, if there was chance in it. */
  readonly inject: (random: Random) => Promise<string | undefined>;
}

/** Faults of the replicas. */
export function replicaFaults(program: Program): Fault[] {
  const anyReplica = async (random: Random) => random.one(await program.replicas());
  const signal = (name: string, what: NodeJS.Signals): Fault => ({
    name,
    inject: async (random) => {
      kill(await anyReplica(random), what);
      return undefined;
    },
  });
  return [
    signal('kill -9 of a replica', 'SIGKILL'),
    signal('SIGTERM to a replica', 'SIGTERM'),
    {
      name: 'rolling restart (SIGHUP)',
      inject: async () => {
        program.process.kill('SIGHUP');
        await Bun.sleep(3000);
        return undefined;
      },
    },
    {
      name: 'a replica stands still (SIGSTOP)',
      inject: async (random) => {
        const replica = await anyReplica(random);
        kill(replica, 'SIGSTOP');
        const said = await forAWhile(random, 100, 2500);
        kill(replica, 'SIGCONT');
        return said;
      },
    },
  ];
}

/** Signals a process, if it is there. */
export function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Waits for a time of chance; answers how long. */
export async function forAWhile(random: Random, minMs: number, maxMs: number): Promise<string> {
  const ms = Math.round(random.between(minMs, maxMs));
  await Bun.sleep(ms);
  return `${ms} ms`;
}

/**
 * Each sync of processes to their disk takes longer for a while: strace holds back the system
 * calls.
 */
export async function slowSyncs(pids: readonly number[], random: Random): Promise<string> {
  const ms = Math.round(random.between(20, 300));
  const trace = 'strace -f -o /dev/null -e trace=fsync,fdatasync'.split(' ');
  const traced = pids.flatMap((pid) => ['-p', `${pid}`]);
  const strace = Bun.spawn(
    [...trace, ...traced, '-e', `inject=fsync,fdatasync:delay_exit=${ms * 1000}`],
    {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    },
  );
  const time = await forAWhile(random, 500, 2500);
  strace.kill('SIGTERM');
  await strace.exited;
  return `${ms} ms each, for ${time}`;
}

/** Fills the file system of `folder` for a while. */
export async function fullDisk(
  folder: string,
  random: Random,
  [minMs, maxMs]: readonly [number, number] = [200, 1500],
): Promise<string> {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(1024 * 1024);
  try {
    while (statfsSync(folder).bavail > 0) writeSync(file, block);
  } catch {
    // Full.
  }
  const time = await forAWhile(random, minMs, maxMs);
  ftruncateSync(file, 0);
  closeSync(file);
  rmSync(path);
  return time;
}
