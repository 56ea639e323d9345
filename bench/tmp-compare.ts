import { join } from 'node:path';
import { freePort } from '../test/support/folder.ts';
import { load } from './load.ts';
import { median } from './median.ts';
import { startService } from './services.ts';
import { STORES } from './stores.ts';
const ROOTS = { before: '/work/before', after: join(import.meta.dir, '..') };
const TURNS = Number(process.argv[2] ?? 9);
for (const store of ['Redis', 'SQLite'] as const) {
  const running: any = {};
  for (const [name, root] of Object.entries(ROOTS)) {
    const operationsPort = await freePort();
    running[name] = await startService(STORES[store].startServer, (port, server, folder) => ({
      command: [process.execPath, join(root, 'src/main.ts'), 'serve'],
      env: { SEEN_STORE_URL: server?.url ?? `sqlite:${folder}/seen.db`, SEEN_HOST: '127.0.0.1', SEEN_PORT: `${port}`, SEEN_OPERATIONS_PORT: `${operationsPort}`, SEEN_REPLICAS: '3' },
    }));
  }
  const got: Record<string, number[]> = { before: [], after: [] };
  const rate: Record<string, number[]> = { before: [], after: [] };
  for (const name of Object.keys(ROOTS)) await load(running[name], { connections: 64 }, 4);
  for (let turn = 0; turn < TURNS; turn++)
    for (const name of turn % 2 ? ['after', 'before'] : ['before', 'after']) {
      const f = await load(running[name], { connections: 64 }, 2);
      got[name]!.push(f.cpuUsPerVisit); rate[name]!.push(f.visitsPerSecond);
    }
  for (const name of Object.keys(ROOTS)) console.log(store, name, 'median', median(got[name]!).toFixed(1), 'least', Math.min(...got[name]!).toFixed(1), 'us; visits/s', median(rate[name]!).toFixed(0));
  for (const name of Object.keys(ROOTS)) await running[name][Symbol.asyncDispose]();
}
