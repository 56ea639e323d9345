/** The PostgreSQL store on a real PostgreSQL: the contract, and tests for PostgreSQL only. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { DAY_MS } from '../../../../src/contract/history.ts';
import { createPostgresStore } from '../../../../src/stores/postgres/store.ts';
import { testStoreContract } from '../../../contract/store-contract.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { codeOf, newWriter } from '../../../contract/tools.ts';
import { until } from '../../../support/folder.ts';
import { PostgresServer, SAFE } from '../../../support/postgres-server.ts';
import { Proxy } from '../../../support/proxy.ts';
import type { OpenOptions } from '../../../support/stores/database.ts';

const open = (url: string, options: OpenOptions = {}) =>
  createPostgresStore({
    url,
    ca: undefined,
    timeoutMs: 20_000,
    now: Date.now,
    ...LIMITS,
    ...options,
  });
const databaseIn = (url: string) => new URL(url).pathname.slice(1);

testStoreContract('PostgreSQL', async () => {
  const server = await PostgresServer.start();
  return {
    // One long transaction would keep the old versions of all rows that visits change meanwhile.
    readsOneMoment: false,
    open: (options) => open(server.url, options),
    end: () => server[Symbol.asyncDispose](),
  };
});

describe('PostgreSQL store', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    // So that nobody else writes.
    server = await PostgresServer.start({ ...SAFE, autovacuum: 'off' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('a batch of any content is one transaction and one round trip', async () => {
    await using proxy = await Proxy.start(server.port);
    const store = open(proxy.lead(await server.newDatabase()));
    const batch = newWriter();
    await store.counting.commit(batch({ counter: 'hits', amount: 1 }));
    // Asking takes one number, too.
    const transactions = async () => Number(await server.sql('SELECT pg_current_xact_id()'));
    const before = await transactions();
    let requests = 0;
    proxy.fault = {
      loseRequest: () => {
        requests++;
        return false;
      },
    };
    const visitors = [{ id: 'somebody', kind: 'person', visits: 1 }] as const;
    for (let n = 0; n < 5; n++) {
      await store.counting.commit(
        batch(
          { counter: 'of/many', amount: 1, kinds: { person: 1 }, visitors },
          { counter: 'hits', amount: 1, once: { key: randomUUID(), request: '1' } },
          { counter: `new/${n}`, amount: 2 },
        ),
      );
    }
    expect(requests).toBe(5);
    expect((await transactions()) - before).toBe(5 + 1);
    await store.close();
  });

  test('after a lost request or a lost reply, the batch and its retry count once', async () => {
    await using proxy = await Proxy.start(server.port);
    const store = open(proxy.lead(await server.newDatabase()));
    const batch = newWriter();
    await store.counting.commit(batch({ counter: 'lost/both', amount: 1 }));
    for (const side of ['loseRequest', 'loseAnswer'] as const) {
      const again = batch({ counter: 'lost/both', amount: 1 });
      proxy.fault = { [side]: () => true };
      expect(await codeOf(store.counting.commit(again))).toBe('hit-unconfirmed');
      proxy.fault = {};
      expect(await store.counting.commit(again)).toEqual([again.sequence]);
    }
    expect(proxy.cuts).toBe(2);
    await store.close();
  });

  test('writers that count the same counters in different orders do not deadlock', async () => {
    const url = await server.newDatabase();
    const names = Array.from({ length: 20 }, (_, index) => `same/${index}`);
    const stores = Array.from({ length: 6 }, () => open(url));
    await Promise.all(
      stores.map(async ({ counting }, at) => {
        const batch = newWriter();
        for (let round = 0; round < 40; round++) {
          const fresh = names.map((name) => `${name}-${round}`);
          const turned = [...names, ...fresh].toSorted(
            (a, b) => turn(a, at + round) - turn(b, at + round),
          );
          const outcomes = await counting.commit(
            batch(...turned.map((counter) => ({ counter, amount: 1 }))),
          );
          expect(outcomes.every((outcome) => typeof outcome === 'number')).toBe(true);
        }
      }),
    );
    const [reader] = stores;
    expect(await reader?.counting.read(names)).toEqual(names.map(() => 6 * 40));
    const deadlocks = `SELECT deadlocks FROM pg_stat_database WHERE datname = '${databaseIn(url)}'`;
    expect(await server.sql(deadlocks)).toBe('0');
    for (const store of stores) await store.close();
  });

  test('writers that add the same keys in different orders do not deadlock', async () => {
    const url = await server.newDatabase();
    // Far from the limit, near which they would take turns.
    const writers = Array.from({ length: 4 }, () => ({
      store: open(url, { keysMax: 1_000_000 }),
      batch: newWriter(),
    }));
    for (let round = 0; round < 10; round++) {
      const keys = Array.from({ length: 500 }, (_, index) => `key-${round}-${index}`);
      await Promise.all(
        writers.map(async ({ store, batch }, at) => {
          const changes = (at % 2 === 0 ? keys : keys.toReversed()).map((key) => ({
            counter: `own/${at}`,
            amount: 1,
            once: { key, request: '1' },
          }));
          const outcomes = await store.counting.commit(batch(...changes));
          expect(outcomes.every((outcome) => typeof outcome === 'number')).toBe(true);
        }),
      );
    }
    const deadlocks = `SELECT deadlocks FROM pg_stat_database WHERE datname = '${databaseIn(url)}'`;
    expect(await server.sql(deadlocks)).toBe('0');
    for (const { store } of writers) await store.close();
  });

  test('a counter that is deleted while a visit waits for it is made again only if there is a place', async () => {
    const url = await server.newDatabase();
    const store = open(url, { countersMax: 1 });
    const batch = newWriter();
    const hit = { counter: 'soon/gone', amount: 1 };
    expect(await store.counting.commit(batch(hit))).toEqual([1]);
    const waiting = async (sessions: number) => {
      const locks = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
      return (await server.sql(locks)) === `${sessions}`;
    };
    let deletion: Promise<unknown> | undefined;
    let counted: Promise<unknown> | undefined;
    await whileLocked(url, 'SELECT pg_advisory_lock(1)', async () => {
      // Deleted in this way, it leaves no place.
      deletion = server.sql(
        'BEGIN; DELETE FROM seen.counters; SELECT pg_advisory_xact_lock(1); COMMIT',
        databaseIn(url),
      );
      await until('the deletion to wait', () => waiting(1));
      counted = store.counting.commit(batch(hit));
      await until('the visit to wait for it', () => waiting(2));
    });
    expect(await counted).toEqual(['counters-full']);
    await deletion;
    await store.close();
  });

  /** Runs a statement that locks something, and keeps the lock while `work` runs. */
  async function whileLocked(url: string, statement: string, work: () => Promise<void>) {
    const asleep = `FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    const locking = server
      .sql(`BEGIN; ${statement}; SELECT pg_sleep(600)`, databaseIn(url))
      .catch(() => undefined);
    await until('it to be locked', async () => {
      return (await server.sql(`SELECT count(*) ${asleep}`)) === '1';
    });
    try {
      await work();
    } finally {
      await server.sql(`SELECT pg_terminate_backend(pid) ${asleep}`);
      await locking;
    }
  }

  test('a visit that may not make its counter does not wait for others that make some', async () => {
    const url = await server.newDatabase();
    const store = open(url);
    await store.counting.ping();
    const batch = newWriter();
    const hit = { counter: 'not/there', amount: 1, make: false };
    await whileLocked(url, 'SELECT seen.lock_places()', async () => {
      expect(await store.counting.commit(batch(hit))).toEqual(['missing']);
    });
    await store.close();
  });

  test('an older Seen, which says with a maximum of 0 that hits make no counter, is understood', async () => {
    const url = await server.newDatabase();
    const store = open(url);
    await store.counting.ping();
    const plain = { amount: 1, kinds: {}, ids: [], visitorKinds: [], visits: [] };
    const args = {
      writer: 'older',
      sequence: 1,
      now: Date.now(),
      clocksDifferMaxMs: 0,
      keyMs: DAY_MS,
      keysMax: 1,
      visitorsMax: 1,
      countersMax: 0,
      creatable: ['hits'],
      counters: ['hits', 'not/there'],
      keys: [],
      changes: [1, 2].map((counter) => ({ ...plain, counter })),
    };
    const outcomes = await server.sql(
      `SELECT seen.commit('${JSON.stringify(args)}')`,
      databaseIn(url),
    );
    expect(JSON.parse(outcomes)).toEqual([1, 'missing']);
    await store.close();
  });

  test('batches with new visitors, keys and counters do not wait for each other at their numbers', async () => {
    const url = await server.newDatabase();
    const store = open(url, { keysMax: 1_000_000 });
    const batch = newWriter();
    const everything = (who: string) =>
      batch({
        counter: `new/${who}`,
        amount: 1,
        visitors: [{ id: who, kind: 'person', visits: 1 }],
        once: { key: who, request: '1' },
      });
    for (const who of ['one', 'two']) await store.counting.commit(everything(who));
    await whileLocked(url, 'SELECT * FROM seen.sums FOR UPDATE', async () => {
      expect(await store.counting.commit(everything('three'))).toEqual([1]);
    });
    expect(await store.counting.commit(everything('four'))).toEqual([1]);
    expect(await store.registry.size()).toBe(4);
    const sums = await server.sql(
      'SELECT what, sum(n), count(*) FROM seen.sums GROUP BY what ORDER BY what',
      databaseIn(url),
    );
    expect(sums.split('\n')).toEqual(['counters|4|2', 'keys|4|2', 'visitors|4|2']);
    await store.close();
  });

  test('when a limit is reached, commits do not wait for each other', async () => {
    const url = await server.newDatabase();
    const store = open(url, { visitorsMax: 4, keysMax: 1, countersMax: 4 });
    const batch = newWriter();
    const names = ['a', 'b', 'c', 'd'].map((key) => `full/${key}`);
    const comes = (who: string) =>
      names.map((counter) => ({
        counter,
        amount: 1,
        visitors: [{ id: who, kind: 'person', visits: 1 } as const],
      }));
    const keyed = () => ({
      counter: 'full/a',
      amount: 1,
      once: { key: randomUUID(), request: '1' },
    });
    // Fills the last place of each kind.
    await store.counting.commit(batch(...comes('one'), keyed()));
    await whileLocked(url, 'SELECT seen.lock_places()', async () => {
      expect(await store.counting.commit(batch(...comes('another')))).toEqual([3, 2, 2, 2]);
      expect(await store.counting.commit(batch(keyed()))).toEqual(['keys-full']);
      const unknown = { counter: 'full/e', amount: 1 };
      expect(await store.counting.commit(batch(unknown))).toEqual(['counters-full']);
    });
    const sums = 'SELECT what, sum(n) FROM seen.sums GROUP BY what ORDER BY what';
    expect((await server.sql(sums, databaseIn(url))).split('\n')).toEqual([
      'counters|4',
      'keys|1',
      'visitors|4',
    ]);
    await store.close();
  });

  test('near a limit, commits at the same moment do not exceed it together', async () => {
    const url = await server.newDatabase();
    const limits = { visitorsMax: 8, keysMax: 3, countersMax: 9 };
    const stores = Array.from({ length: 6 }, () => open(url, limits));
    const own = stores.map((_, at) => ({ counter: `near/${at}`, amount: 1 }));
    await stores[0]?.counting.commit(newWriter()({ counter: 'hits', amount: 1 }, ...own));
    let answers: Promise<unknown>[] = [];
    await whileLocked(url, 'SELECT seen.lock_places()', async () => {
      answers = stores.map(({ counting }, at) => {
        const visitors = ['one', 'two'].map(
          (who) => ({ id: `${at}-${who}`, kind: 'person', visits: 1 }) as const,
        );
        const once = { key: randomUUID(), request: '1' };
        return counting.commit(
          newWriter()(
            { counter: `near/${at}`, amount: 2, visitors },
            { counter: 'hits', amount: 1, once },
            { counter: `more/${at}`, amount: 1 },
          ),
        );
      });
      const locks = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'`;
      await until('all to wait', async () => (await server.sql(locks)) === '6');
    });
    await Promise.all(answers);
    const kept = `SELECT (SELECT count(*) FROM seen.visitors), (SELECT count(*) FROM seen.keys), (SELECT count(*) FROM seen.counters)`;
    expect(await server.sql(kept, databaseIn(url))).toBe('8|3|9');
    for (const store of stores) await store.close();
  });

  test('expired keys are deleted when few places are left, and are not counted any more', async () => {
    const url = await server.newDatabase();
    let now = Date.now();
    const store = open(url, { keysMax: 20, now: () => now });
    const batch = newWriter();
    const keyed = () => ({
      counter: 'with/keys',
      amount: 1,
      once: { key: randomUUID(), request: '1' },
    });
    const add = (count: number) =>
      store.counting.commit(batch(...Array.from({ length: count }, keyed)));
    const kept = () =>
      server.sql(
        `SELECT count(*), (SELECT sum(n) FROM seen.sums WHERE what = 'keys') FROM seen.keys`,
        databaseIn(url),
      );
    await add(15);
    now += 2 * DAY_MS;
    await add(3);
    expect(await kept()).toBe('18|18');
    await add(1);
    expect(await kept()).toBe('4|4');
    await store.close();
  });

  test('what is forgotten while somebody keeps an old snapshot is not read at each call', async () => {
    const url = await server.newDatabase();
    let now = Date.now();
    const store = open(url, { now: () => now });
    const batch = newWriter();
    const limit = { name: 'requests', quota: 600, windowMs: 60_000 };
    const come = async (count: number) => {
      const ids = Array.from({ length: count }, () => randomUUID());
      const visitors = ids.map((id) => ({ id, kind: 'person', visits: 1 }) as const);
      await store.counting.commit(batch({ counter: 'hits', amount: count, visitors }));
      await store.limiter.take(ids.map((who) => ({ who, limit })));
    };
    await come(3000);
    // As pg_dump does.
    const snapshot = 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM seen.visitors LIMIT 1';
    const calls = 50;
    await whileLocked(url, snapshot, async () => {
      now += 2 * DAY_MS;
      for (let call = 0; call < calls; call++) {
        await come(1);
        now += 3000;
      }
      await store.close();
      const connected = `SELECT count(*) FROM pg_stat_activity WHERE usename = 'seen' AND datname = '${databaseIn(url)}'`;
      await until('the statistics', async () => (await server.sql(connected)) === '0');
      const kept = `SELECT (SELECT count(*) FROM seen.visitors), (SELECT count(*) FROM seen.limits)`;
      expect(await server.sql(kept, databaseIn(url))).toBe(`${calls}|1`);
      for (const index of ['visitors_pkey', 'limits_by_end']) {
        const entries = `SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '${index}'`;
        const read = Number(await server.sql(entries, databaseIn(url)));
        // The 3,000 are read while the last of them are being deleted.
        expect({ index, many: read > 3000 * 6, some: read >= 3000 }).toEqual({
          index,
          many: false,
          some: true,
        });
      }
    });
  });

  test('numbers, names and keys that SQL could misread are stored unchanged', async () => {
    const store = open(await server.newDatabase());
    const batch = newWriter();
    const counter = `odd/'"\\$1%_;--`;
    const key = `a'b"c\\d\u{1F600}`;
    const change = { counter, amount: 9_007_199_254_740_990, once: { key, request: `'1` } };
    expect(await store.counting.commit(batch(change))).toEqual([9_007_199_254_740_990]);
    expect(await store.counting.commit(batch(change))).toEqual([9_007_199_254_740_990]);
    expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual([
      9_007_199_254_740_991,
    ]);
    expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual(['out-of-range']);
    await store.close();
  });
});

describe('PostgreSQL store: what could lose counts', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    // As it is shipped: what stands in the command could not be changed.
    server = await PostgresServer.start({});
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function risksOf(url: string): Promise<readonly string[]> {
    const store = open(url);
    const risks = await store.risks();
    await store.close();
    return risks;
  }

  test('the default settings are no risk, and each unsafe one is reported with advice', async () => {
    expect(await risksOf(server.url)).toEqual([]);
    for (const [name, value] of [
      ['fsync', 'off'],
      ['full_page_writes', 'off'],
      ['synchronous_commit', 'off'],
      ['synchronous_commit', 'local'],
    ] as const) {
      await server.sql(`ALTER SYSTEM SET ${name} = ${value}; SELECT pg_reload_conf()`);
      await until('it to be set', async () => (await server.sql(`SHOW ${name}`)) === value);
      expect(await risksOf(server.url)).toEqual([
        expect.stringMatching(new RegExp(`${name} ${value}: .* SET ${name} = on`)),
      ]);
      await server.sql(`ALTER SYSTEM RESET ${name}; SELECT pg_reload_conf()`);
      await until('it to be reset', async () => (await server.sql(`SHOW ${name}`)) === 'on');
    }
  });

  test('several hosts without a synchronous standby are a risk', async () => {
    const several = server.url.replace(`${server.host}:`, `127.0.0.1:1,${server.host}:`);
    expect(await risksOf(several)).toEqual([expect.stringContaining('no synchronous standby')]);
  });
});

test('a PostgreSQL that is short of transaction ids, and warns at each, counts on', async () => {
  await using server = await PostgresServer.start();
  const first = open(server.url);
  const batch = newWriter();
  const hit = { counter: 'hits', amount: 1 };
  expect(await first.counting.commit(batch(hit))).toEqual([1]);
  await first.close();
  await server.spendTransactionIds();
  // PostgreSQL would freeze the old rows at once.
  const holding = server
    .sql('BEGIN; LOCK TABLE seen.salts IN SHARE UPDATE EXCLUSIVE MODE; SELECT pg_sleep(600)')
    .catch(() => undefined);
  const asleep = `FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
  await until('the lock', async () => (await server.sql(`SELECT count(*) ${asleep}`)) === '1');
  const { stderr } =
    await Bun.$`psql -XAtq ${server.adminUrl}/seen --command ${'SELECT pg_current_xact_id()'}`.quiet();
  expect(stderr.toString()).toContain('must be vacuumed within');
  const store = open(server.url);
  expect(await store.counting.commit(batch(hit))).toEqual([2]);
  expect(await store.registry.change('hits', { total: 5 })).toMatchObject({ total: 5 });
  await store.close();
  await server.sql(`SELECT pg_terminate_backend(pid) ${asleep}`);
  await holding;
});

describe('PostgreSQL store: with a synchronous standby', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  beforeAll(async () => {
    primary = await PostgresServer.start();
    standby = await PostgresServer.startStandby(primary);
  });
  afterAll(async () => {
    await standby[Symbol.asyncDispose]();
    await primary[Symbol.asyncDispose]();
  });
  const waiting = () =>
    primary.sql(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
  const hit = { counter: 'with/standby', amount: 1 };

  test('a retry is not answered before the standby has what the first try committed', async () => {
    const store = open(primary.url, { timeoutMs: 1000 });
    const batch = newWriter();
    expect(await store.counting.commit(batch(hit))).toEqual([1]);
    standby.pause();
    const second = batch(hit);
    // It is committed on the primary, and each retry finds it there.
    for (let n = 0; n < 3; n++)
      expect(await codeOf(store.counting.commit(second))).toBe('hit-unconfirmed');
    standby.resume();
    expect(await store.counting.commit(second)).toEqual([2]);
    expect(
      await standby.sql(`SELECT total FROM seen.counters WHERE name = '${hit.counter}'`),
    ).toBe('2');
    await store.close();
  });

  for (const [what, cancel] of [
    ['cancelled', `SELECT pg_cancel_backend(pid)`],
    ['ended', `SELECT pg_terminate_backend(pid)`],
  ] as const) {
    test(`a wait for the standby that is ${what} does not confirm a batch`, async () => {
      const store = open(primary.url);
      const batch = newWriter();
      const [before] = await store.counting.commit(batch(hit));
      standby.pause();
      const second = batch(hit);
      const answer = codeOf(store.counting.commit(second));
      await until('the commit to wait', async () => (await waiting()) === '1');
      await primary.sql(`${cancel} FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
      expect(await answer).toBe('hit-unconfirmed');
      const retry = store.counting.commit(second);
      await until('the retry to wait', async () => (await waiting()) === '1');
      standby.resume();
      expect(await retry).toEqual([Number(before) + 1]);
      await store.close();
    });
  }

  test('a wait that is cancelled does not confirm a batch, also for a role that gets no warnings', async () => {
    await primary.sql('ALTER ROLE seen SET client_min_messages = error');
    const store = open(primary.url);
    const batch = newWriter();
    const [before] = await store.counting.commit(batch(hit));
    standby.pause();
    const second = batch(hit);
    const answer = codeOf(store.counting.commit(second));
    await until('the commit to wait', async () => (await waiting()) === '1');
    await primary.sql(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    );
    expect(await answer).toBe('hit-unconfirmed');
    standby.resume();
    expect(await store.counting.commit(second)).toEqual([Number(before) + 1]);
    await store.close();
    await primary.sql('ALTER ROLE seen RESET client_min_messages');
  });

  test('a statement timeout of the role does not end a wait for the standby', async () => {
    await primary.sql(`ALTER ROLE seen SET statement_timeout = '300ms'`);
    const store = open(primary.url, { timeoutMs: 2000 });
    const batch = newWriter();
    const [before] = await store.counting.commit(batch(hit));
    standby.pause();
    const second = batch(hit);
    expect(await codeOf(store.counting.commit(second))).toBe('hit-unconfirmed');
    standby.resume();
    expect(await store.counting.commit(second)).toEqual([Number(before) + 1]);
    await store.close();
    await primary.sql('ALTER ROLE seen RESET statement_timeout');
  });

  test('other writes wait for the standby too, also when they are repeated', async () => {
    const store = open(primary.url, { timeoutMs: 1000 });
    await store.counting.ping();
    const made = { total: 0, madeAt: Date.now(), owner: 'somebody' };
    standby.pause();
    for (let n = 0; n < 2; n++) {
      expect(await codeOf(store.counting.ping())).toBe('store-unavailable');
      expect(await codeOf(store.registry.create('with/owner', made))).not.toBe('no error');
    }
    // Reads do not wait.
    expect(await store.counting.read(['nobody/knows'])).toEqual([undefined]);
    // Repeated calls wait for the first one, and so use up no connections.
    expect(await waiting()).toBe('2');
    standby.resume();
    expect(await store.registry.create('with/owner', made)).toBe('created');
    await store.close();
  });

  test('after a failover each batch is counted once, whether it was answered before or not', async () => {
    const hosts = [primary, standby].map(({ host, port }) => `${host}:${port}`).join();
    const store = open(`postgres://seen:seen@${hosts}/seen`, { timeoutMs: 1000 });
    const batch = newWriter();
    const fresh = { counter: 'over/failover', amount: 1 };
    expect(await store.counting.commit(batch(fresh))).toEqual([1]);
    standby.pause();
    const lost = batch(fresh);
    expect(await codeOf(store.counting.commit(lost))).toBe('hit-unconfirmed');
    await primary.kill();
    standby.resume();
    await standby.promote();
    await until('it to be counted', async () => {
      expect(await store.counting.commit(lost)).toEqual([2]);
      return true;
    });
    expect(await store.counting.commit(batch(fresh))).toEqual([3]);
    await store.close();
  });
});

/** A number that orders names otherwise at each turn. */
function turn(name: string, at: number): number {
  return Bun.hash.crc32(`${at}${name}`);
}
