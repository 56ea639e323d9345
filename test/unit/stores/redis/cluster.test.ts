/** The store on a real Redis Cluster: the contract, and what is in several shards. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchivedCounter } from '../../../../src/contract/archive.ts';
import { DAY_MS } from '../../../../src/contract/history.ts';
import type { StoreLimits } from '../../../../src/contract/limits.ts';
import { type Page, RULES } from '../../../../src/contract/registry.ts';
import type { Store } from '../../../../src/contract/store.ts';
import { KnownQuotas } from '../../../../src/counter/limits/known-quotas.ts';
import { RedisCluster } from '../../../../src/stores/redis/cluster.ts';
import { CLUSTER_SHARDS } from '../../../../src/stores/redis/cluster-slots.ts';
import { createRedisStore, storeOn } from '../../../../src/stores/redis/store.ts';
import { testStoreContract } from '../../../contract/store-contract.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { until } from '../../../support/folder.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ROOT } from '../../../support/program.ts';
import { RedisClusterServers } from '../../../support/redis-cluster.ts';
import { RedisServer } from '../../../support/redis-server.ts';
import { DEFAULTS } from '../../../support/stores/database.ts';

/** A replica's report. */
const REPORT = {
  id: 'a',
  name: 'a',
  version: '1',
  startedAt: 1,
  hits: 0,
  state: 'ready',
} as const;

// The suites put several counters into a batch, and expect exact limits: they run in one shard.
testStoreContract('Redis Cluster', async () => {
  const cluster = await RedisClusterServers.start();
  const options = { url: cluster.url, ca: undefined, ...DEFAULTS };
  return {
    readsOneMoment: false,
    open: (limits) =>
      storeOn(new RedisCluster(options, CLUSTER_SHARDS.slice(-1)), {
        ...DEFAULTS,
        ...LIMITS,
        ...limits,
      }),
    end: () => cluster[Symbol.asyncDispose](),
  };
});

describe('a Redis Cluster whose primary fails over while a slot moves', () => {
  const shard = CLUSTER_SHARDS.length - 1;
  const { tag, slot } = CLUSTER_SHARDS[shard] ?? { tag: '', slot: 0 };
  let cluster: RedisClusterServers;
  beforeEach(async () => {
    cluster = await RedisClusterServers.start(3, { replicas: 1 });
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const open = () => createRedisStore({ url: cluster.url, ca: undefined, ...DEFAULTS, ...LIMITS });

  /**
   * Moves some keys of the slot to another primary, and has the replica of its own take over.
   * Redis 7.0 does not tell a replica that a slot is being moved.
   */
  async function failOverWithout(keys: readonly string[]): Promise<RedisServer> {
    const from = await cluster.primaryOf(slot);
    const to = await cluster.primaryOf(0);
    const replica = await cluster.replicaOf(from);
    await cluster.beginMove(slot, from, to);
    const words = [to.host, `${to.port}`, '', '0', '5000', 'KEYS', ...keys];
    expect(await from.cli('MIGRATE', ...words)).toBe('OK');
    expect(await replica.cli('CLUSTER', 'FAILOVER')).toBe('OK');
    const id = await replica.cli('CLUSTER', 'MYID');
    await until('all to know that the replica has taken over', async () => {
      const views = await Promise.all(cluster.servers.map((one) => one.cli('CLUSTER', 'NODES')));
      return views.every((view) => new RegExp(`^${id} .*master.*-16383\\b`, 'm').test(view));
    });
    return replica;
  }

  /**
   * What a call returns, or why it fails. It is repeated until the slot's node answers: the node
   * that the slot was moving to does not know the new one until the cure.
   */
  async function settled(call: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      const answer = await call().catch((failure: unknown) => failure);
      if (!/MOVED|No node of the Redis Cluster/.test(String(answer))) return answer;
      await Bun.sleep(20);
    }
  }

  /** What a batch of one visit on each of these counters returns, or why it fails. */
  function hits(store: Store, names: readonly string[]) {
    const changes = names.map((counter) => ({ counter, amount: 1 }));
    const batch = { writer: randomUUID(), sequence: 1, changes, shard };
    return settled(() => store.counting.commit(batch));
  }

  /** The message of a refusal that must name the cure. */
  const INCOMPLETE = {
    code: 'store-unavailable',
    message: expect.stringContaining('redis-cli --cluster fix HOST:PORT'),
  };

  test('no counter whose total has moved begins again, and after the cure it goes on', async () => {
    const store = open();
    const own = Array.from({ length: 100 }, (_, n) => `own/page-${n}`);
    const [moved = '', stays = '', fresh = ''] = own.filter(
      (name) => store.counting.division?.shardOf(name) === shard,
    );
    for (const total of [1, 2])
      expect(await hits(store, ['hits', moved, stays])).toEqual([total, total, total]);
    const rest = (name: string) => `seen:total:${tag}${name}`;
    const primary = await failOverWithout(['hits', moved].map(rest));
    expect(await hits(store, [stays])).toEqual([3]);
    const draft = { total: 0, madeAt: 1 };
    const { archive, registry } = store;
    const none = { owner: undefined, title: undefined, link: undefined };
    const past = { hours: [], days: [], visitors: new Map<number, number>() };
    for (const name of ['hits', moved]) {
      expect(await hits(store, [stays, name])).toMatchObject(INCOMPLETE);
      const archived = { ...none, ...draft, counter: name, rules: RULES, past };
      const terms = { source: 'a-source', existing: 'keep' } as const;
      for (const change of [
        () => registry.create(name, draft),
        () => registry.change(name, { total: 5 }),
        () => registry.delete([name]),
        () => archive.previewImport([archived], terms),
        () => archive.importAll([archived], terms),
      ])
        expect(await settled(change)).toMatchObject(INCOMPLETE);
    }
    // Nothing of the refused batches is written; a new counter is no missing one.
    expect(await hits(store, [stays, fresh])).toEqual([4, 1]);
    await primary.cli('--cluster', 'fix', `${primary.host}:${primary.port}`);
    expect(await hits(store, ['hits', moved, stays, fresh])).toEqual([3, 3, 5, 2]);
    await store.close();
  }, 60_000);

  test('nor if the names and the number of shards have moved as well', async () => {
    const store = open();
    await hits(store, ['hits']);
    await failOverWithout([`seen:total:${tag}hits`, `seen:${tag}names`, `seen:${tag}shards`]);
    expect(await hits(store, ['hits'])).toMatchObject(INCOMPLETE);
    await store.close();
  }, 60_000);

  test('a Seen that starts while only the number of shards is missing refuses the shard', async () => {
    const store = open();
    await hits(store, ['hits']);
    await store.close();
    await failOverWithout([`seen:total:${tag}hits`, `seen:${tag}shards`]);
    const other = open();
    for (let again = 0; again < 2; again++)
      expect(await hits(other, ['hits'])).toMatchObject(INCOMPLETE);
    await other.close();
  }, 60_000);
});

describe('Redis Cluster store', () => {
  let cluster: RedisClusterServers;
  beforeAll(async () => {
    cluster = await RedisClusterServers.start();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  /** A store, and a function that counts once on each of these counters. */
  function open(limits: Partial<StoreLimits> = {}) {
    const store = createRedisStore({
      url: cluster.url,
      ca: undefined,
      ...DEFAULTS,
      ...LIMITS,
      ...limits,
    });
    const shardOf = (counter: string) => store.counting.division?.shardOf(counter) ?? 0;
    const count = (counters: readonly string[]) =>
      Promise.all(
        [...Map.groupBy(counters, shardOf)].map(([shard, some]) =>
          store.counting.commit({
            writer: randomUUID(),
            sequence: 1,
            changes: some.map((counter) => ({ counter, amount: 1 })),
            shard,
          }),
        ),
      );
    return { store, count, shardOf };
  }
  const many = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${namespace}/page-${n}`);
  const names = ({ counters }: Page) => counters.map(({ counter }) => counter);

  test('the slot of each shard is that of its tag, and each of three primaries has four', async () => {
    const [server] = cluster.servers;
    for (const { tag, slot } of CLUSTER_SHARDS)
      expect(await server?.cli('CLUSTER', 'KEYSLOT', `${tag}x`)).toBe(`${slot}`);
    const owners = await Promise.all(
      CLUSTER_SHARDS.map(async ({ slot }) => (await cluster.primaryOf(slot)).port),
    );
    for (const { port } of cluster.servers)
      expect(owners.filter((owner) => owner === port)).toHaveLength(4);
  });

  test('counters are spread evenly, and the shard of a name never changes', () => {
    const { shardOf } = open();
    const counts = Array.from({ length: 12 }, () => 0);
    for (const name of many('some-site', 12_000)) counts[shardOf(name)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
    expect(['hits', 'my-site/page', 'a.b/c_d'].map(shardOf)).toEqual([11, 11, 7]);
  });

  test('every key is in the slot of a shard', async () => {
    const { store, count } = open();
    await count(['hits', ...many('keys', 50)]);
    await store.counting.ping();
    await store.presence.heartbeat(REPORT);
    await store.history.salt(1, 'a salt');
    const tags = CLUSTER_SHARDS.map(({ tag }) => tag);
    const stray = (await cluster.keys()).filter((key) => !tags.some((tag) => key.includes(tag)));
    expect(stray).toEqual([]);
    await store.close();
  });

  test('counters of all shards are read, listed, searched, described, counted and deleted together', async () => {
    const { store, count } = open();
    const all = many('list', 100);
    const sorted = all.toSorted();
    const before = await store.registry.size();
    await count(all);
    expect(await store.registry.size()).toBe(before + 100);
    expect(await store.counting.read([...all, 'list/none'])).toEqual([
      ...all.map(() => 1),
      undefined,
    ]);
    const pages: string[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const page = await store.registry.list({ prefix: 'list/', search: '', after, limit: 7 });
      pages.push(...names(page));
      after = page.next;
    }
    expect(pages).toEqual(sorted);
    const found = await store.registry.list({ search: 'ist/page-9', after: '', limit: 100 });
    expect(names(found)).toEqual(sorted.filter((name) => name.includes('page-9')));
    expect((await store.registry.describe('list/page-42'))?.total).toBe(1);
    const day = Math.floor(Date.now() / DAY_MS);
    const recent = await store.history.recent(all.slice(0, 50), day - 1, day);
    expect(recent.map((days) => [...days.values()])).toEqual(all.slice(0, 50).map(() => [1]));
    expect(await store.registry.delete([...all, 'list/none'])).toEqual([
      ...all.map(() => 'deleted' as const),
      'missing',
    ]);
    expect(await store.registry.size()).toBe(before);
    await store.close();
  });

  test('an export has the counters of all shards in the order of their names, and an import spreads them', async () => {
    const { store, count } = open();
    const all = many('export', 300);
    await count(all);
    const read = async (after?: string) => {
      const archived: ArchivedCounter[] = [];
      for await (const one of store.archive.readAll(after)) archived.push(one);
      return archived.filter(({ counter }) => counter.startsWith('export/'));
    };
    const exported = await read('expo');
    expect(exported.map(({ counter }) => counter)).toEqual(all.toSorted());
    expect((await read('export/page-50')).map(({ counter }) => counter)).toEqual(
      all.toSorted().filter((name) => name > 'export/page-50'),
    );
    await store.registry.delete(all);
    const terms = { source: 'a-source', existing: 'keep' } as const;
    expect(await store.archive.importAll(exported, terms)).toEqual(all.map(() => 'made'));
    expect(await store.archive.importAll(exported, terms)).toEqual(all.map(() => 'done'));
    expect(await store.counting.read(all)).toEqual(all.map(() => 1));
    await store.close();
  });

  test('quotas hold for each visitor, and replicas know each other', async () => {
    const { store } = open();
    const limit = { name: 'requests', quota: 2, windowMs: 60_000 };
    const wanted = Array.from({ length: 60 }, (_, n) => ({ who: `visitor-${n % 20}`, limit }));
    const verdicts = await store.limiter.take(wanted);
    expect(verdicts.map(({ allowed }) => allowed)).toEqual(wanted.map((_, n) => n < 40));
    await store.presence.heartbeat({ ...REPORT, id: 'one' });
    const heard = await store.presence.heartbeat({ ...REPORT, id: 'two' });
    expect(heard.map(({ id }) => id)).toEqual(expect.arrayContaining(['one', 'two']));
    expect(await store.history.salt(2, 'first')).toBe('first');
    expect(await store.history.salt(2, 'second')).toBe('first');
    await store.close();
  });

  test('each shard may have its part of the maximum of counters', async () => {
    const own = many('full', 200);
    const { store } = open({ countersMax: 12 * 1000 });
    const [first = ''] = own;
    expect(await store.registry.create(first, { total: 0, madeAt: 1 })).toBe('created');
    await store.close();
    const full = open({ countersMax: 12 });
    const made = await Promise.all(
      own.slice(1).map((name) => full.store.registry.create(name, { total: 0, madeAt: 1 })),
    );
    expect(new Set(made)).toEqual(new Set(['counters-full']));
    await full.store.close();
  });

  test('the data of another number of shards is refused, with advice', async () => {
    const { store } = open();
    await store.counting.ping();
    await store.close();
    const options = { url: cluster.url, ca: undefined, ...DEFAULTS, ...LIMITS };
    const fewer = storeOn(new RedisCluster(options, CLUSTER_SHARDS.slice(0, 4)), options);
    const error = await fewer.counting.ping().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'store-unusable' });
    expect(String(error)).toContain('divided into 12 shards, and this Seen knows 4');
    await fewer.close();
  });

  test('each kind of URL names the other when the server is of the other kind', async () => {
    const single = await RedisServer.start();
    const [node] = cluster.servers;
    const messageAt = async (url: string) => {
      const store = createRedisStore({ url, ca: undefined, ...DEFAULTS, ...LIMITS });
      const error = await store.counting.ping().catch((failure: unknown) => failure);
      await store.close();
      expect(error).toMatchObject({ code: 'store-unusable' });
      return String(error);
    };
    expect(await messageAt(node?.url ?? '')).toContain(
      'Write SEEN_STORE_URL with +cluster, as in redis+cluster://HOST:PORT,HOST:PORT.',
    );
    expect(await messageAt(`redis+cluster://${single.host}:${single.port}`)).toContain(
      'Write SEEN_STORE_URL as redis://HOST:PORT.',
    );
    await single[Symbol.asyncDispose]();
  });

  test('while no node answers, frequent calls do not ask the nodes each time', async () => {
    let connections = 0;
    const drop = (socket: { end(): unknown }) => {
      connections++;
      socket.end();
    };
    const socket = { open: drop, data: () => undefined };
    using node = Bun.listen({ hostname: '127.0.0.1', port: 0, socket });
    const url = `redis+cluster://127.0.0.1:${node.port}`;
    const store = createRedisStore({ url, ca: undefined, ...DEFAULTS, ...LIMITS });
    const from = performance.now();
    for (let n = 0; n < 50; n++) {
      const error = await store.counting.read(['hits']).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'store-unavailable' });
      expect(String(error)).toContain(`127.0.0.1:${node.port}`);
    }
    // One lookup in half a second.
    expect(connections).toBeLessThanOrEqual(1 + Math.floor((performance.now() - from) / 500));
    await store.close();
  });

  test('a key with other data is named with the tag of its shard', async () => {
    const { store, count, shardOf } = open();
    const [name = ''] = many('odd', 1);
    await count([name]);
    const { tag, slot } = CLUSTER_SHARDS[shardOf(name)] ?? { tag: '', slot: 0 };
    const key = `seen:total:${tag}${name}`;
    const server = await cluster.primaryOf(slot);
    expect(await server.cli('SET', key, 'twelve')).toBe('OK');
    const named = { code: 'counter-unreadable', message: expect.stringContaining(`${key} `) };
    await expect(store.registry.describe(name)).rejects.toMatchObject(named);
    await expect(store.registry.change(name, { title: 'x' })).rejects.toMatchObject(named);
    await store.registry.delete([name]);
    await store.close();
  });

  test('while its slot moves a shard refuses, with nothing written, and others count', async () => {
    const { store, shardOf } = open();
    const nameIn = (shard: number) => many('moving', 100).find((name) => shardOf(name) === shard);
    const [counter = '', elsewhere = ''] = [nameIn(3), nameIn(4)];
    const slot = CLUSTER_SHARDS[3]?.slot ?? 0;
    const from = await cluster.primaryOf(slot);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    const writer = randomUUID();
    let sequence = 0;
    const hit = () => ({
      writer,
      sequence: ++sequence,
      changes: [{ counter, amount: 1 }],
      shard: 3,
    });
    await store.counting.commit(hit());
    const move = await cluster.beginMove(slot, from, to);
    const waiting = hit();
    // All keys are still there; then some; then none.
    for (const keys of [0, 1, 1000]) {
      await move.migrate(keys);
      const error = await store.counting.commit(waiting).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'store-unavailable' });
      expect(String(error)).toContain('This slot is moving to another node');
      expect(String(error)).toContain('finish with: redis-cli --cluster fix HOST:PORT');
      expect(
        await store.counting.commit({
          writer: randomUUID(),
          sequence: 1,
          changes: [{ counter: elsewhere, amount: 1 }],
          shard: 4,
        }),
      ).toEqual([expect.any(Number)]);
    }
    await move.end();
    // The first call learns where the shard is.
    await store.counting.read([counter]).catch(() => undefined);
    expect(await store.counting.commit(waiting)).toEqual([2]);
    expect(await store.counting.commit(waiting)).toEqual([2]);
    expect(await store.counting.read([counter])).toEqual([2]);
    await store.close();
  });

  test('a move that was interrupted is finished by the command that the refusal names', async () => {
    const { store, shardOf } = open();
    const counter = many('stopped', 100).find((name) => shardOf(name) === 5) ?? '';
    const hit = () =>
      store.counting.commit({
        writer: randomUUID(),
        sequence: 1,
        changes: [{ counter, amount: 1 }],
        shard: 5,
      });
    expect(await hit()).toEqual([1]);
    const slot = CLUSTER_SHARDS[5]?.slot ?? 0;
    const from = await cluster.primaryOf(slot);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    await (await cluster.beginMove(slot, from, to)).migrate(1);
    const error = await hit().catch((failure: unknown) => failure);
    const [, command = ''] = /redis-cli (--cluster fix) HOST:PORT/.exec(String(error)) ?? [];
    await from.cli(...command.split(' '), `${from.host}:${from.port}`);
    // The first call learns where the shard is.
    await store.counting.read([counter]).catch(() => undefined);
    expect(await hit()).toEqual([2]);
    await store.close();
  });

  test('what could lose counts: primaries without replicas, and unsafe settings of any node', async () => {
    const { store } = open();
    const risks = await store.risks();
    expect(risks).toHaveLength(3);
    for (const risk of risks) expect(risk).toContain('of the cluster has no replica');
    const [, second] = cluster.servers;
    await second?.cli('CONFIG', 'SET', 'appendfsync', 'everysec');
    await second?.cli('CONFIG', 'SET', 'cluster-require-full-coverage', 'yes');
    const more = await store.risks();
    expect(more.filter((risk) => risk.includes('appendfsync everysec'))).toHaveLength(1);
    expect(more.filter((risk) => risk.includes('cluster-require-full-coverage'))).toHaveLength(1);
    await store.close();
  });

  test('the user of docs/redis-cluster.md has all rights that Seen needs, and cluster|slots is one', async () => {
    const document = readFileSync(join(ROOT, 'docs/redis-cluster.md'), 'utf8');
    const [, rights = ''] = /^user seen on >PASSWORD (.+)$/m.exec(document) ?? [];
    const allow = (words: string) =>
      Promise.all(
        cluster.servers.map((server) =>
          server.cli('ACL', 'SETUSER', 'seen', 'reset', 'on', '>secret', ...words.split(' ')),
        ),
      );
    expect(await allow(rights)).toEqual(['OK', 'OK', 'OK']);
    const url = cluster.url.replace('//', '//seen:secret@');
    const asUser = () => createRedisStore({ url, ca: undefined, ...DEFAULTS, ...LIMITS });
    const store = asUser();
    await store.counting.ping();
    expect(await store.registry.create('rights/made', { total: 1, madeAt: 1 })).toBe('created');
    const shard = store.counting.division?.shardOf('rights/made');
    const changes = [{ counter: 'rights/made', amount: 1, once: { key: 'a-key', request: '1' } }];
    const batch = { writer: randomUUID(), sequence: 1, changes, shard };
    expect(await store.counting.commit(batch)).toEqual([2]);
    expect(await store.counting.read(['rights/made'])).toEqual([2]);
    expect((await store.registry.list({ search: 'rights/', after: '', limit: 9 })).next).toBe(
      undefined,
    );
    await store.presence.heartbeat(REPORT);
    await store.history.salt(3, 'a salt');
    await store.limiter.take([
      { who: 'somebody', limit: { name: 'all', quota: 1, windowMs: 1000 } },
    ]);
    expect((await store.risks()).some((risk) => risk.includes('does not let'))).toBe(false);
    await store.close();
    await allow(rights.replace('+cluster|slots ', ''));
    const fewer = asUser();
    const error = await fewer.counting.ping().catch((failure: unknown) => failure);
    expect(String(error)).toContain(
      "NOPERM this user has no permissions to run the 'cluster|slots'",
    );
    expect(String(error)).not.toContain('secret');
    await fewer.close();
  });

  test('when a primary without a replica is lost, its shards fail, and the others start and count', async () => {
    const { slot } = CLUSTER_SHARDS[0] ?? { slot: 0 };
    await (await cluster.primaryOf(slot)).kill();
    const { store, shardOf } = open();
    await until('the others to answer', async () =>
      store.counting.ping().then(
        () => true,
        () => false,
      ),
    );
    // An earlier test moved the shard 3 away from this primary.
    const all = many('lost', 100);
    const commit = (counter: string) => {
      const [shard, changes] = [shardOf(counter), [{ counter, amount: 1 }]];
      return store.counting.commit({ writer: randomUUID(), sequence: 1, changes, shard });
    };
    const own = (owned: boolean) => all.filter((name) => shardOf(name) < 3 === owned).slice(0, 5);
    for (const counter of own(false)) expect(await commit(counter)).toEqual([1]);
    for (const counter of own(true)) {
      const error = await commit(counter).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'store-unavailable' });
    }
    // Limits of addresses in the other shards hold; the time limit of a verdict never passes here.
    const limit = { name: 'requests', quota: 1, windowMs: DAY_MS };
    const quotas = new KnownQuotas(limit, store.limiter, new ManualClock());
    const take = async (who: string) => (await quotas.take({ key: who, who: () => who }))?.allowed;
    const addresses = [...own(false), ...own(true)];
    for (const allowed of [true, false])
      expect(await Promise.all(addresses.map(take))).toEqual([
        ...own(false).map(() => allowed),
        ...own(true).map(() => undefined),
      ]);
    // A deletion that some shards have done, and others not, is no plain failure.
    const [lost = '', kept = ''] = [...own(true), ...own(false)].filter((_, n) => n % 5 === 0);
    const deletion = (counters: readonly string[]) =>
      store.registry.delete(counters).catch((failure: unknown) => failure);
    expect(await deletion([lost])).toMatchObject({ code: 'store-unavailable' });
    expect(await deletion([lost, kept])).toMatchObject({ code: 'hit-unconfirmed' });
    expect(await store.registry.describe(kept)).toBe(undefined);
    await store.close();
  });
});
