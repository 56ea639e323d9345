/**
 * The minimal program (peers/floor.ts) as it is measured: on each store, with as many processes as
 * Seen has replicas. No program that does Seen's work with Seen's runtime takes less.
 */
import { join } from 'node:path';
import type { Replicas } from './seen.ts';
import { type Service, startService } from './services.ts';
import { STORES, type StoreName } from './stores.ts';

const PROGRAM = join(import.meta.dir, 'peers/floor.ts');
const PROCESSES = { 1: ', one process', 2: ', two processes', 3: '' } as const;

function floorOn(store: StoreName, processes: Replicas): Service {
  const { needs, startServer } = STORES[store];
  return {
    name: `minimal program on ${store}${PROCESSES[processes]}`,
    needs,
    start: () =>
      startService(startServer, (port, server, folder) => {
        const url = server?.url ?? `sqlite:${folder}/floor.db`;
        const flags = ['--store', url, '--port', `${port}`, '--processes', `${processes}`];
        return { command: [process.execPath, PROGRAM, ...flags] };
      }),
  };
}

const floors = (store: StoreName): Readonly<Record<Replicas, Service>> => ({
  1: floorOn(store, 1),
  2: floorOn(store, 2),
  3: floorOn(store, 3),
});

/** The minimal program on each store, by its number of processes. */
export const FLOOR: Readonly<Record<StoreName, Readonly<Record<Replicas, Service>>>> = {
  Redis: floors('Redis'),
  SQLite: floors('SQLite'),
  PostgreSQL: floors('PostgreSQL'),
};
