/**
 * While the synchronous standby does not confirm commits, the store answers nothing that a
 * failover could take back.
 *
 * The standby does not exist, so every commit waits until a test ends the wait. Not here: the
 * connection's own part (`refusals.test.ts`), and real failovers.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { ArchivedCounter } from '../../../../src/contract/archive.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import type { Store } from '../../../../src/contract/store.ts';
import { createPostgresStore } from '../../../../src/stores/postgres/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { codeOf, fresh } from '../../../contract/tools.ts';
import { until } from '../../../support/folder.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';

const TIMEOUT_MS = 700;

let server: PostgresServer;
let store: Store;
beforeAll(async () => {
  server = await PostgresServer.start();
  store = open();
  await store.counting.ping();
});
afterAll(async () => {
  await store.close();
  await server[Symbol.asyncDispose]();
});

const open = (timeoutMs = TIMEOUT_MS) =>
  createPostgresStore({ url: server.url, ca: undefined, timeoutMs, now: Date.now, ...LIMITS });

/** Runs `work` while no standby confirms a commit. */
async function withoutStandby<T>(work: () => Promise<T>): Promise<T> {
  await server.setSynchronousStandby('nobody');
  try {
    return await work();
  } finally {
    await server.setSynchronousStandby('');
  }
}

const hit = (writer: string, sequence: number, counter: string) => ({
  writer,
  sequence,
  changes: [{ counter, amount: 1 }],
});

describe('while the synchronous standby does not confirm', () => {
  test('a visit is not answered, neither at the first try nor at a retry that finds it stored', async () => {
    const [writer, counter] = [randomUUID(), fresh()];
    const batch = hit(writer, 1, counter);
    await withoutStandby(async () => {
      expect(await codeOf(store.counting.commit(batch))).toBe('hit-unconfirmed');
      // Somebody ends the waits: the first try is now committed and seen by all, unconfirmed.
      await server.sql(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
      );
      await until('the visit to be written', async () => {
        const [total] = await store.counting.read([counter]);
        return total === 1;
      });
      expect(await codeOf(store.counting.commit(batch))).toBe('hit-unconfirmed');
      expect(await codeOf(store.counting.commit(batch))).toBe('hit-unconfirmed');
    });
    expect(await store.counting.commit(batch)).toEqual([1]);
    expect(await store.counting.read([counter])).toEqual([1]);
  });

  test('a statement timeout set by an operator does not let a visit be answered', async () => {
    await server.sql("ALTER ROLE seen SET statement_timeout = '200ms'");
    const own = open(3000);
    const batch = hit(randomUUID(), 1, fresh());
    try {
      await withoutStandby(async () => {
        expect(await codeOf(own.counting.commit(batch))).toBe('hit-unconfirmed');
      });
      expect(await own.counting.commit(batch)).toEqual([1]);
    } finally {
      await server.sql('ALTER ROLE seen RESET statement_timeout');
      await own.close();
    }
  });

  test('no change of a counter is answered by a retry that finds it done', async () => {
    const counter = fresh();
    const draft = { total: 3, madeAt: Date.now(), owner: 'o' };
    const imported: ArchivedCounter = {
      counter: fresh(),
      total: 5,
      madeAt: undefined,
      owner: undefined,
      rules: RULES,
      past: { hours: [], days: [], visitors: new Map() },
    };
    const terms = { source: randomUUID(), existing: 'keep' as const };
    const done = fresh();
    await store.registry.create(done, draft);
    const day = 20_000 + Math.floor(Math.random() * 1000);
    const changes = {
      create: () => store.registry.create(counter, draft),
      'create again': () => store.registry.create(done, draft),
      change: () => store.registry.change(done, { total: 3 }),
      'delete a missing one': () => store.registry.delete([fresh()]),
      import: () => store.archive.importAll([imported], terms),
      salt: () => store.history.salt(day, 'salt'),
      ping: () => store.counting.ping(),
    };
    await store.history.salt(day, 'salt');
    for (const [name, change] of Object.entries(changes)) {
      await withoutStandby(async () => {
        for (const round of ['first', 'retry']) {
          const code = await codeOf(change());
          // A ping counts nothing, so nothing about it is unconfirmed.
          const expected = name === 'ping' ? 'store-unavailable' : 'hit-unconfirmed';
          expect({ name, round, code }).toEqual({ name, round, code: expected });
          await server.sql(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
          );
        }
      });
    }
    expect(await store.archive.importAll([imported], terms)).toEqual(['done']);
  }, 60_000);

  test('reads, rate limits and heartbeats still work', async () => {
    const counter = fresh();
    await store.counting.commit(hit(randomUUID(), 1, counter));
    await withoutStandby(async () => {
      expect(await store.counting.read([counter])).toEqual([1]);
      const limit = { name: 'x', quota: 5, windowMs: 60_000 };
      const [verdict] = await store.limiter.take([{ who: randomUUID(), limit }]);
      expect(verdict?.allowed).toBe(true);
      const report = { name: 'a', version: '1', startedAt: 1, hits: 0, state: 'ready' as const };
      expect((await store.presence.heartbeat({ id: 'a', ...report })).length).toBeGreaterThan(0);
    });
  });

  test('retries do not pile up on the server', async () => {
    const own = open(300);
    const batch = hit(randomUUID(), 1, fresh());
    await withoutStandby(async () => {
      for (let sent = 0; sent < 12; ) {
        const code = await codeOf(own.counting.commit(batch));
        // Each retry connects again. On a busy machine that alone may take the 300 ms, and nothing
        // is sent: such a retry leaves nothing on the server.
        if (code !== 'store-unavailable') {
          expect(code).toBe('hit-unconfirmed');
          sent++;
        }
      }
      // The first waits for the standby. The others wait for its row, and end when the server
      // notices, within a second, that their client has gone.
      await until(
        'the retries to end',
        async () => {
          const waiting = await server.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'seen' AND state = 'active'",
          );
          return Number(waiting) <= 1;
        },
        20_000,
      );
    });
    let outcomes: unknown;
    await until('the retry to be answered', async () => {
      outcomes = await own.counting.commit(batch);
      return true;
    });
    expect(outcomes).toEqual([1]);
    await own.close();
  }, 60_000);
});

describe('transactions at the same moment', () => {
  test('of many writers on the same counters, in any order, do not deadlock', async () => {
    const names = Array.from({ length: 12 }, () => fresh());
    const stores = Array.from({ length: 6 }, () => open(20_000));
    const before = await store.registry.size();
    let deleted = 0;
    await Promise.all(
      stores.map(async (own, index) => {
        const writer = randomUUID();
        for (let sequence = 1; sequence <= 40; sequence++) {
          const changes = names
            .toSorted(() => Math.random() - 0.5)
            .map((counter) => ({ counter, amount: 1, visitors: [] }));
          await own.counting.commit({ writer, sequence, changes });
          if (index === 0 && sequence % 10 === 0) {
            const outcomes = await own.registry.delete(names.toReversed());
            deleted += outcomes.filter((outcome) => outcome === 'deleted').length;
          }
        }
      }),
    );
    expect(deleted).toBeGreaterThan(0);
    const left = (await store.counting.read(names)).filter((total) => total !== undefined);
    expect((await store.registry.size()) - before).toBe(left.length);
    const rows = await server.sql('SELECT count(*) FROM seen.counters');
    expect(await store.registry.size()).toBe(Number(rows));
    await Promise.all(stores.map((own) => own.close()));
  }, 60_000);
});
