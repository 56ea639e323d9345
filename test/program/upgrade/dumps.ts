/** All data of a test database as one file, and back into an empty database. */
import { Database as Sqlite } from 'bun:sqlite';
import { createClient, RESP_TYPES } from '@redis/client';
import { find } from '../../support/programs.ts';
import type { StoreName } from '../../support/stores/stores.ts';

/** Writes and reads dumps of the databases of one store, by their URLs. */
interface Dumps {
  /** The name of the dump's file. */
  readonly file: string;
  readonly dump: (url: string) => Promise<Uint8Array>;
  readonly load: (url: string, dump: Uint8Array) => Promise<void>;
}

/** A key of Redis: its value as DUMP returns it, in base64, and the time when it expires. */
interface RedisKey {
  readonly key: string;
  /** In milliseconds since 1970; -1 for never. */
  readonly expiresAt: number;
  readonly value: string;
}

const AS_BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

export const DUMPS: Readonly<Record<StoreName, Dumps>> = {
  SQLite: {
    file: 'seen.db.gz',
    dump: async (url) => {
      using file = new Sqlite(pathIn(url));
      // Otherwise the newest pages are in another file.
      file.run('PRAGMA wal_checkpoint(TRUNCATE)');
      return Bun.gzipSync(await Bun.file(pathIn(url)).bytes());
    },
    load: async (url, dump) => {
      await Bun.write(pathIn(url), Bun.gunzipSync(new Uint8Array(dump)));
    },
  },
  Redis: {
    file: 'redis.json',
    dump: (url) =>
      withRedis(url, async (client) => {
        const keys: RedisKey[] = [];
        for (const key of (await client.keys('*')).toSorted()) {
          const value = await client.sendCommand<Buffer>(['DUMP', key], AS_BYTES);
          const expiresAt = await client.pExpireTime(key);
          keys.push({ key, expiresAt, value: value.toString('base64') });
        }
        return new TextEncoder().encode(`${JSON.stringify(keys, undefined, 1)}\n`);
      }),
    load: (url, dump) =>
      withRedis(url, async (client) => {
        const keys = JSON.parse(new TextDecoder().decode(dump)) as readonly RedisKey[];
        for (const { key, expiresAt, value } of keys) {
          const until = expiresAt === -1 ? ['0'] : [`${expiresAt}`, 'ABSTTL'];
          const [time = '0', ...flags] = until;
          await client.sendCommand(['RESTORE', key, time, Buffer.from(value, 'base64'), ...flags]);
        }
      }),
  },
  PostgreSQL: {
    file: 'postgres.sql.gz',
    dump: async (url) => {
      const pgDump = program('pg_dump');
      const text = await Bun.$`${pgDump} --schema=seen --no-owner --no-privileges ${url}`.text();
      // Commands of psql that releases before August 2025 do not know.
      return Bun.gzipSync(text.replace(/^\\(un)?restrict .*\n/gm, ''));
    },
    load: async (url, dump) => {
      const psql = program('psql');
      const text = Bun.gunzipSync(new Uint8Array(dump));
      await Bun.$`${psql} -Xq -v ON_ERROR_STOP=1 -d ${url} < ${text}`.quiet();
    },
  },
};

function pathIn(url: string): string {
  return url.replace(/^sqlite:/, '');
}

function program(name: string): string {
  return find(name) ?? name;
}

async function withRedis<T>(
  url: string,
  work: (client: ReturnType<typeof newClient>) => Promise<T>,
): Promise<T> {
  const client = newClient(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function newClient(url: string) {
  return createClient({ url, RESP: 2 });
}
