/** Whom a writer need not send to Redis, and that nobody is missing for it: on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { createClient } from '@redis/client';
import { DAY_MS } from '../../../../src/counter/past.ts';
import { RULES } from '../../../../src/counter/registry.ts';
import { cellOf } from '../../../../src/stores/redis/hyperloglog.ts';
import { RedisStore } from '../../../../src/stores/redis/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { RedisServer } from '../../../support/redis-server.ts';

/** A day that does not end under the tests. */
const NOW = Date.now();

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    id: `somebody-${from + index}`,
    kind: 'person' as const,
    visits: 1,
  }));
type People = ReturnType<typeof people>;

/** One writer of one store, on a counter of its own. */
function writer(counter: string) {
  let nowMs = NOW;
  const store = new RedisStore({
    url: server.url,
    ca: undefined,
    timeoutMs: 20_000,
    ...LIMITS,
    now: () => nowMs,
  });
  const name = randomUUID();
  let sequence = 0;
  return {
    store,
    visit: async (visitors: People) => {
      const change = { counter, amount: visitors.length, kinds: { person: visitors.length }, visitors };
      return (await store.commit({ writer: name, sequence: ++sequence, changes: [change] }))[0];
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
    visitors: async () => [...(await store.past(counter)).visitors.values()],
  };
}

/** Whether any visitor was sent to Redis, as its own figures have it, while `task` ran. */
async function sends(task: () => Promise<unknown>): Promise<boolean> {
  await server.cli('CONFIG', 'RESETSTAT');
  await task();
  return (await server.cli('INFO', 'commandstats')).includes('cmdstat_pfadd');
}

describe('visitors whom Redis has', () => {
  test('are not sent again by the same writer, and are counted all the same', async () => {
    const one = writer(randomUUID());
    expect(await sends(() => one.visit(people(1000)))).toBe(true);
    expect(await sends(() => one.visit(people(1000)))).toBe(false);
    await one.visit(people(1001));
    const [visitors = 0] = await one.visitors();
    expect(Math.abs(visitors - 1001) / 1001).toBeLessThan(4 * one.store.visitorsError);
    await one.store.close();
  });

  test('are as many as if each had been sent', async () => {
    const [name, all] = [randomUUID(), randomUUID()];
    const [one, other] = [writer(name), writer(name)];
    const client = await createClient({ url: server.url }).connect();
    for (let from = 0; from < 40_000; from += 1000) {
      const visitors = people(1500, from);
      await (from % 2000 === 0 ? one : other).visit(visitors);
      await client.pfAdd(
        all,
        visitors.map(({ id }) => `p${id}`),
      );
    }
    expect(await one.visitors()).toEqual([await client.pfCount(all)]);
    await client.destroy();
    await Promise.all([one.store.close(), other.store.close()]);
  });

  for (const [what, lose] of [
    ['the counter is deleted', (name: string, { store }: ReturnType<typeof writer>) => store.delete([name])],
    ['the day is over', (_: string, one: ReturnType<typeof writer>) => one.pass(DAY_MS)],
    ['somebody deletes them', (name: string) => server.cli('DEL', `seen:visitors:${name}`)],
  ] as const) {
    test(`are sent again when ${what}`, async () => {
      const name = randomUUID();
      const [one, other] = [writer(name), writer(name)];
      await one.visit(people(100));
      await one.visit(people(100));
      await lose(name, what === 'the day is over' ? one : other);
      const before = await one.visitors();
      await one.visit(people(100));
      const after = await one.visitors();
      expect(after).toHaveLength(what === 'the day is over' ? 2 : 1);
      expect(Math.abs((after.at(-1) ?? 0) - 100)).toBeLessThan(4);
      expect(before).toHaveLength(what === 'the day is over' ? 1 : 0);
      await Promise.all([one.store.close(), other.store.close()]);
    });
  }

  test('are sent again when the counter is deleted, and others have visited one of its name since', async () => {
    const name = randomUUID();
    const [one, other] = [writer(name), writer(name)];
    await one.visit(people(100));
    await other.store.delete([name]);
    await other.visit(people(100, 1000));
    await one.visit(people(100));
    expect(Math.abs(((await one.visitors())[0] ?? 0) - 200)).toBeLessThan(7);
    await Promise.all([one.store.close(), other.store.close()]);
  });

  test('are sent again when somebody deletes them, and others have come since', async () => {
    const name = randomUUID();
    const [one, other, third] = [writer(name), writer(name), writer(name)];
    await one.visit(people(100));
    await other.visit(people(100, 100));
    await server.cli('DEL', `seen:visitors:${name}`);
    await third.visit(people(1, 200));
    await one.visit(people(100));
    await other.visit(people(100, 100));
    expect(Math.abs(((await one.visitors())[0] ?? 0) - 201)).toBeLessThan(8);
    await Promise.all([one.store.close(), other.store.close(), third.store.close()]);
  });

  test('are sent again when a version that knows of no tokens has begun the next day', async () => {
    const name = randomUUID();
    const one = writer(name);
    await one.visit(people(100));
    await server.cli('DEL', `seen:visitors:${name}`);
    await server.cli('HSET', `seen:counter:${name}`, 'day', `${Math.floor(NOW / DAY_MS) + 1}`);
    await server.cli('PFADD', `seen:visitors:${name}`, 'psomebody-else');
    one.pass(DAY_MS);
    expect(await sends(() => one.visit(people(100)))).toBe(true);
    expect(await sends(() => one.visit(people(100)))).toBe(false);
    expect(Math.abs(((await one.visitors()).at(-1) ?? 0) - 101)).toBeLessThan(5);
    await one.store.close();
  });

  test('are sent again by a writer that takes a new name, because Redis was set back', async () => {
    const name = randomUUID();
    const store = new RedisStore({
      url: server.url,
      ca: undefined,
      timeoutMs: 20_000,
      ...LIMITS,
      now: () => NOW,
    });
    const change = { counter: name, amount: 100, kinds: { person: 100 }, visitors: people(100) };
    const visit = (by: string) => store.commit({ writer: by, sequence: 1, changes: [change] });
    await visit(randomUUID());
    expect(await sends(() => visit(randomUUID()))).toBe(true);
    await store.close();
  });

  test('are all looked at when the counter gets a window', async () => {
    const name = randomUUID();
    const one = writer(name);
    expect(await one.visit(people(100))).toBe(100);
    await one.store.change(name, { rules: { ...RULES, windowMs: DAY_MS } });
    expect(await one.visit(people(100))).toEqual({
      total: 200,
      private: false,
      counted: Array(100).fill(true),
    });
    expect(await one.visit(people(100))).toMatchObject({ total: 200, counted: Array(100).fill(false) });
    await one.store.close();
  });

  test('are not taken for known when their change was left out', async () => {
    const name = randomUUID();
    const one = writer(name);
    await one.visit(people(10));
    await one.store.change(name, { total: Number.MAX_SAFE_INTEGER });
    expect(await one.visit(people(100))).toBe('out-of-range');
    await one.store.change(name, { total: 0 });
    await one.visit(people(100));
    expect(Math.abs(((await one.visitors())[0] ?? 0) - 100)).toBeLessThan(4);
    await one.store.close();
  });
});

test('a visitor’s place in a HyperLogLog is where Redis puts them, whatever the length of the id', async () => {
  const client = await createClient({ url: server.url }).connect();
  const registers = new Map<number, number>();
  await client.sendCommand(['PFADD', 'places']);
  for (let round = 0; round < 20; round++) {
    const ids = Array.from({ length: 1000 }, (_, index) => randomUUID().slice(0, 1 + (index % 30)));
    const raised = await Promise.all(ids.map((id) => client.sendCommand(['PFADD', 'places', id])));
    const foreseen = ids.map((id) => {
      const [register, height] = [cellOf(id) >>> 6, cellOf(id) & 63];
      if ((registers.get(register) ?? 0) >= height) return 0;
      registers.set(register, height);
      return 1;
    });
    expect(raised.map(Number)).toEqual(foreseen);
  }
  await client.destroy();
});
