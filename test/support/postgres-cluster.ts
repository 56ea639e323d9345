/**
 * The files of a new PostgreSQL server, made once in a run of `npm test` and then copied: a copy
 * takes a fifth of the CPU time.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asPostgres, give, run } from './postgres-processes.ts';
import { prepared } from './prepared.ts';

/** The superuser. Seen connects as `seen`, who owns the databases and may do nothing else. */
export const ADMIN = { user: 'postgres', password: 'admin' };

/** Makes the folder `data`, in one that the user who runs PostgreSQL may write to. */
export async function makeCluster(data: string): Promise<void> {
  const once = prepared('cluster');
  if (once === undefined) return initialise(data);
  if (!existsSync(once)) await makeOnce(once);
  await run(Bun.$`cp -a ${join(once, 'data')} ${data}`);
}

async function makeOnce(once: string): Promise<void> {
  const own = mkdtempSync(`${once}-`);
  give(own);
  await initialise(join(own, 'data'));
  try {
    renameSync(own, once);
  } catch (error) {
    rmSync(own, { recursive: true });
    // Otherwise another test has made it meanwhile.
    if (!existsSync(once)) throw error;
  }
}

async function initialise(data: string): Promise<void> {
  const password = join(dirname(data), 'password');
  writeFileSync(password, ADMIN.password);
  give(password);
  // What initdb writes need not survive a crash of the machine.
  await run(
    Bun.$`${asPostgres('initdb')} --no-sync --encoding=UTF8 --locale=C.UTF-8 \
      --auth=scram-sha-256 --username=${ADMIN.user} --pwfile=${password} -D ${data}`,
  );
  const statements = `CREATE ROLE seen LOGIN PASSWORD 'seen'\nCREATE DATABASE seen OWNER seen\n`;
  await run(
    Bun.$`${asPostgres('postgres')} --single -D ${data} postgres < ${Buffer.from(statements)}`,
  );
}
