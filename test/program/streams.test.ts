/**
 * Streams of the started program: two replicas on every store, with real connections, while
 * replicas are replaced and stopped.
 */
import { afterEach, expect, test } from 'bun:test';
import { Listener } from '../support/event-source.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { forEachStore } from '../support/stores/stores.ts';

const PATH = '/abacus/stream/my-app/builds';
const LIVE = '/live?counters=my-app/builds';
const REPLICAS = ['test-1', 'test-2'];

let program: Program;
const listeners: Listener[] = [];

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener[Symbol.asyncDispose]()));
  await program?.[Symbol.asyncDispose]();
});

/** Listens at each replica: to one of them each connection goes, by chance. */
async function listenEverywhere(): Promise<void> {
  await until('a listener at each replica', async () => {
    const reached = new Set(listeners.flatMap(({ servedBy }) => servedBy));
    if (REPLICAS.every((name) => reached.has(name))) return true;
    for (const path of [PATH, LIVE]) listeners.push(new Listener(`${program.url}${path}`));
    await Bun.sleep(50);
    return false;
  });
}

const hit = () => program.visit('/abacus/hit/my-app/builds');
const all = (what: string, check: (listener: Listener) => unknown) =>
  until(what, () => listeners.every((listener) => check(listener)));

forEachStore((newDatabase) => {
  test('all replicas stream a hit on one; clients of replaced replicas reconnect; a stop ends all streams', async () => {
    await using database = await newDatabase();
    program = await Program.start({ SEEN_STORE_URL: database.url, SEEN_REPLICAS: '2' });
    await listenEverywhere();
    for (let n = 1; n <= 3; n++) {
      await hit();
      await all(`the total ${n} everywhere`, ({ totals }) => totals.at(-1) === n);
    }

    program.process.kill('SIGHUP');
    await until('all replicas to be replaced', () => program.out.includes('test-2 is replaced'));
    await all(
      'the listeners to be back',
      ({ servedBy, ends }) => ends.length > 0 && servedBy.length === ends.length + 1,
    );
    for (const { ends, refused } of listeners) {
      expect({ refused, ends: ends.length > 0 }).toEqual({ refused: undefined, ends: true });
      expect(new Set(ends)).toEqual(new Set(['ended']));
    }
    await hit();
    await all('the next total everywhere', ({ totals }) => totals.at(-1) === 4);
    for (const { totals, text } of listeners) {
      expect(totals).toEqual(totals.toSorted((a, b) => a - b));
      // Who says what they know is not told it again.
      if (text.includes('id: ')) expect(new Set(totals).size).toBe(totals.length);
    }

    expect(await program.stop()).toBe(0);
    await all('all streams to be over', ({ servedBy, ends }) => servedBy.length === ends.length);
    for (const { ends, refused } of listeners) {
      expect({ refused, ends: [...new Set(ends)] }).toEqual({
        refused: undefined,
        ends: ['ended'],
      });
    }
  });
});

test('during an outage of the store streams are silent, and continue afterwards', async () => {
  await using redis = await RedisServer.start();
  program = await Program.start({
    SEEN_STORE_URL: redis.url,
    SEEN_STORE_TIMEOUT_MS: '100',
    SEEN_REPLICAS: '2',
  });
  await listenEverywhere();
  await hit();
  await all('the total everywhere', ({ totals }) => totals.at(-1) === 1);
  redis.pause();
  await Bun.sleep(1000);
  redis.resume();
  await until('visits to be counted again', hit);
  await all('the next total everywhere', ({ totals }) => (totals.at(-1) ?? 0) >= 2);
  for (const { servedBy, refused } of listeners)
    expect({ refused, streams: servedBy.length }).toEqual({ refused: undefined, streams: 1 });
});

test('streams do not delay the stop of a single replica', async () => {
  program = await Program.start({
    SEEN_REPLICAS: '1',
    // Longer than the limit of a test, into which a stop that waited for the stream would run.
    SEEN_DRAIN_MS: '400000',
    SEEN_STOP_MS: '800000',
  });
  const listener = new Listener(`${program.url}${PATH}`);
  listeners.push(listener);
  await until('the stream', () => listener.servedBy.length === 1);
  const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
  expect(metrics).toContain(`\nseen_open_streams{route="/abacus/stream/*",replica="test"} 1\n`);
  expect(await program.stop()).toBe(0);
  await until('its end', () => listener.ends.length === 1);
  expect(listener.ends).toEqual(['ended']);
});
