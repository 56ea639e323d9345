/** Faults of a SQLite file, and of all processes that have it open. */
import { Database } from 'bun:sqlite';
import type { Program } from '../support/program.ts';
import { type Fault, forAWhile, fullDisk, kill, slowSyncs } from './fault.ts';
import type { Random } from './random.ts';

/** `database` is the file; `folder` the folder that it is in, on a file system of its own. */
export function sqliteFaults(
  program: Program,
  database: string,
  folder: string | undefined,
): Fault[] {
  return [
    {
      name: 'another program holds the lock',
      inject: async (random) => {
        using other = new Database(database);
        try {
          other.run('PRAGMA busy_timeout = 2000');
          other.run('BEGIN IMMEDIATE');
        } catch {
          return 'did not get it';
        }
        const said = await forAWhile(random, 100, 4000);
        other.run('ROLLBACK');
        return said;
      },
    },
    {
      name: 'power cut: kill -9 of all of Seen',
      inject: async (random) => {
        const all = [program.process.pid, ...(await program.replicas())];
        for (const pid of all) kill(pid, 'SIGKILL');
        await program.process.exited;
        const said = await forAWhile(random, 0, 1000);
        await program.start();
        return said;
      },
    },
    {
      name: 'slow syncs of a replica',
      inject: async (random) => {
        const replica = random.one(await program.replicas());
        return slowSyncs(replica === undefined ? [] : [replica], random);
      },
    },
    ...(folder === undefined
      ? []
      : [
          {
            name: 'full disk below the file',
            inject: (random: Random) => fullDisk(folder, random),
          },
        ]),
  ];
}
