/**
 * The time from the users' start command to the first answered visit, with three replicas and a
 * new store.
 */
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../test/support/folder.ts';
import { STORES, type StoreName } from './stores.ts';

const ROOT = join(import.meta.dir, '..');
/** The pause between two visits: more frequent ones would take CPU time from the start. */
const ASK_EACH_MS = 5;

/**
 * Starts it with `npm start` on an empty store, visits until one visit is answered, and stops it.
 * Returns the time in milliseconds, at most 5 too long.
 */
export async function firstVisitMs(store: StoreName): Promise<number> {
  using folder = temporaryFolder();
  await using server = await STORES[store].startServer();
  const port = await freePort();
  const startedAt = performance.now();
  const npm = Bun.spawn(['npm', 'start', '--silent'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder.path,
      SEEN_STORE_URL: server?.url ?? `sqlite:${join(folder.path, 'seen.db')}`,
      SEEN_HOST: '127.0.0.1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${await freePort()}`,
    },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  try {
    const end = startedAt + 30_000;
    while (!(await isAnswered(port))) {
      if (performance.now() > end) throw new Error('npm start did not answer a visit in 30 s');
      await Bun.sleep(ASK_EACH_MS);
    }
    return performance.now() - startedAt;
  } finally {
    npm.kill('SIGTERM');
    await npm.exited;
    await until('the port to be closed', async () => !(await isAnswered(port)));
  }
}

async function isAnswered(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).ok;
  } catch {
    return false;
  }
}
