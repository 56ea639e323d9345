/**
 * Visitors are counted across replicas, a restart and midnight, and nothing that identifies them
 * is stored. A thousand visit the started program. Up to a million, which would take minutes over
 * HTTP, visit three counters, each with its own store, as in replicas.
 */
import { expect, test } from 'bun:test';
import { DAY_MS } from '../../src/contract/history.ts';
import type { Store } from '../../src/contract/store.ts';
import type { Clock } from '../../src/counter/clock.ts';
import { Counter } from '../../src/counter/counter.ts';
import { visitorOf } from '../../src/http/visit/visitors.ts';
import { Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

const VISITORS = 1000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const address = (visitor: number) =>
  `10.${visitor >> 16}.${(visitor >> 8) & 255}.${visitor & 255}`;

/** Everybody visits once in this order, on new connections, so on any replica. */
async function everybodyVisits(url: string, visitors: readonly number[]): Promise<void> {
  const left = visitors.values();
  const visit = async () => {
    for (const visitor of left) {
      const headers = { 'X-Forwarded-For': address(visitor), 'User-Agent': FIREFOX };
      await (await fetch(`${url}/hit/some/page`, { headers, keepalive: false })).text();
    }
  };
  await Promise.all(Array.from({ length: 16 }, visit));
}

/** Time passes for waits; the day is the test's. */
const CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, task) => void setTimeout(task, delayMs),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  random: Math.random,
};
const PAGE = 'some/page';
/** So many hits wait at once, so that a million of them are few batches. */
const CROWD = 300_000;

/** What replicas are made of, three of them, on one database. */
class Replicas {
  readonly #open: () => Store;
  #replicas: { readonly store: Store; readonly counter: Counter }[] = [];

  constructor(open: () => Store) {
    this.#open = open;
    this.start();
  }

  start(): void {
    this.#replicas = [1, 2, 3].map(() => {
      const store = this.#open();
      const observer = {
        committed: () => undefined,
        retrying: () => undefined,
        late: () => undefined,
        broke: () => undefined,
        writerForgotten: () => undefined,
      };
      const newWriter = () => crypto.randomUUID();
      const limits = { waitMs: 60_000, waitingMax: CROWD };
      return {
        store,
        counter: new Counter({
          counting: store.counting,
          clock: CLOCK,
          newWriter,
          observer,
          ...limits,
        }),
      };
    });
  }

  async stop(): Promise<void> {
    for (const { store, counter } of this.#replicas) {
      await counter.drain();
      await store.close();
    }
  }

  /**
   * The visitors of these numbers visit, each at the next replica, under the salt that its replica
   * was told for the day.
   */
  async visits(numbers: Iterable<number>, day: number): Promise<void> {
    const salts = await Promise.all(
      this.#replicas.map(({ store }, index) => store.history.salt(day, `suggested by ${index}`)),
    );
    let crowd: Promise<number | null>[] = [];
    let turn = 0;
    for (const number of numbers) {
      const at = turn++ % this.#replicas.length;
      const visitor = visitorOf(address(number), FIREFOX, salts[at] ?? '');
      const { counter } = this.#replicas[at]!;
      crowd.push(counter.hit(PAGE, { visitor }));
      if (crowd.length === CROWD) crowd = (await Promise.all(crowd), []);
    }
    await Promise.all(crowd);
  }

  async seen() {
    const { store } = this.#replicas[0]!;
    const [total] = await store.counting.read([PAGE]);
    return {
      total,
      visitors: (await store.history.read(PAGE)).visitors,
      error: store.history.visitorsError,
    };
  }
}

function* from(first: number, last: number): Generator<number> {
  for (let number = first; number < last; number++) yield number;
}

forEachStore((newDatabase, name) => {
  /** Redis estimates large numbers. The other stores have a row for each visitor. */
  const many = name === 'Redis' ? 1_000_000 : 100_000;
  const some = many / 2;

  test('1,000 visitors are counted as 1,000, within the stated error, on three replicas and after a restart', async () => {
    await using database = await newDatabase();
    const env = { SEEN_STORE_URL: database.url, SEEN_TRUSTED_PROXIES: '127.0.0.1' };
    await using program = await Program.start(env);
    const started = new Date().getUTCDate();
    const visitors = [...from(0, VISITORS)];
    await everybodyVisits(program.url, visitors);
    await program.stop();
    await program.start();
    // A visit waits only briefly for the salt, and without it its visitor is unknown. So those who
    // came first come last now.
    await everybodyVisits(program.url, visitors.toReversed());
    const { today, error, visits } = JSON.parse(
      await program.get('/api/v1/counters/some/page/visitors'),
    );
    expect(visits).toEqual({ person: 2 * VISITORS, program: 0, proxy: 0, bot: 0 });
    // Over midnight everybody is somebody new.
    if (new Date().getUTCDate() !== started) return;
    expect(Math.abs(today / VISITORS - 1)).toBeLessThanOrEqual(4 * error);
    const stored = await database.contents();
    expect(stored).toContain('some/page');
    const found = visitors.map(address).filter((text) => stored.includes(text));
    expect(found).toEqual([]);
    expect(stored).not.toContain('Firefox');
  });

  test(`${many} visitors are counted as ${many}, within the stated error, on three replicas, after a restart and over midnight`, async () => {
    await using database = await newDatabase();
    const day = Math.floor(Date.now() / DAY_MS);
    // The last hour of the day.
    let now = (day + 1) * DAY_MS - 3_600_000;
    const replicas = new Replicas(() => database.open({ timeoutMs: 60_000, now: () => now }));
    await replicas.visits(from(0, some + many / 10), day);
    await replicas.stop();
    replicas.start();
    // Some come again, most of them to another replica than before, and nobody is counted twice.
    await replicas.visits(from(some, many), day);
    const evening = await replicas.seen();
    const visits = many + many / 10;
    expect(evening.total).toBe(visits);
    expect([...evening.visitors.keys()]).toEqual([day]);
    // Four standard errors: once in 16,000, as the salts are new each time.
    const within = (count: number | undefined, wanted: number) =>
      expect(Math.abs((count ?? 0) / wanted - 1)).toBeLessThanOrEqual(4 * evening.error);
    within(evening.visitors.get(day), many);

    now += 3_599_999;
    await replicas.visits(from(0, 10), day);
    now += 1;
    await replicas.visits(from(0, 1000), day + 1);
    await replicas.visits(from(0, 1000), day + 1);
    const morning = await replicas.seen();
    expect(morning.total).toBe(visits + 2010);
    expect(new Set(morning.visitors.keys())).toEqual(new Set([day, day + 1]));
    expect(morning.visitors.get(day)).toBe(evening.visitors.get(day));
    within(morning.visitors.get(day + 1), 1000);
    await replicas.stop();
  });
});
