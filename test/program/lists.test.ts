/**
 * What the page for owners asks of the started program, on each store: sorted lists of many
 * counters while visits come in, titles, new tokens, and deletions by prefix.
 */
import { expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { DAY_MS } from '../../src/contract/history.ts';
import { Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

const TOKEN = 'the-installation-s-own-token';
const COUNTERS = 2500;
const PAGE = 100;
/** The pause between two visits of the others. With two replicas, one counts while one lists. */
const PAUSE_MS = 5;

interface Listed {
  readonly name: string;
  readonly value: number;
  readonly today?: number;
  readonly days?: readonly number[];
}

/** A whole number below `most` that looks random and is the same in every run. */
const mixed = (n: number, most: number) => ((n * 7919) % 1009) % most;

forEachStore((newDatabase) => {
  /** A started program, and requests with a token. */
  async function begin(replicas: '2' | '3') {
    const database = await newDatabase();
    const program = await Program.start({
      SEEN_STORE_URL: database.url,
      SEEN_TOKEN: TOKEN,
      SEEN_REPLICAS: replicas,
    });
    const store = database.open();
    const send = async (method: string, path: string, body?: object, token = TOKEN) => {
      const response = await fetch(`${program.url}/api/v1/${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : {} };
    };
    return {
      program,
      store,
      send,
      async [Symbol.asyncDispose]() {
        await store.close();
        await program[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  test('many counters are listed in any order, complete and once, while others count', async () => {
    await using seen = await begin('2');
    const { program, store, send } = seen;
    // The day must not end during the test.
    const leftMs = DAY_MS - (Date.now() % DAY_MS);
    if (leftMs < 120_000) await Bun.sleep(leftMs);
    const today = Math.floor(Date.now() / DAY_MS);
    const archived = Array.from({ length: COUNTERS }, (_, n) => ({
      counter: `many/page-${n}`,
      total: mixed(n, 500),
      madeAt: 1_000_000 + mixed(n + 1, 800),
      owner: undefined,
      rules: { lowest: 0, highest: 1, settable: false, private: n % 3 === 0, windowMs: 0 },
      past: {
        hours: [
          { at: today * 24, kind: 'person' as const, amount: mixed(n + 2, 90) },
          { at: today * 24, kind: 'bot' as const, amount: 1 },
          { at: (today - 1) * 24 + 23, kind: 'person' as const, amount: n },
        ],
        days: [{ at: today - 50, kind: 'person' as const, amount: 2 }],
        visitors: new Map<number, number>(),
      },
    }));
    for (let from = 0; from < COUNTERS; from += 500) {
      const some = archived.slice(from, from + 500);
      await store.archive.importAll(some, { source: 'elsewhere', existing: 'keep' });
    }
    const expected = new Map(archived.map((one, n) => [one.counter, { ...one, n }]));
    const stop = new AbortController();
    let counted = 0;
    const counting = (async () => {
      while (!stop.signal.aborted) {
        await program.visit('/hit/other/page');
        counted++;
        await Bun.sleep(PAUSE_MS);
      }
    })();
    for (const [sort, valueOf] of [
      ['total', ({ total }: (typeof archived)[number]) => total],
      [
        'today',
        ({ counter }: (typeof archived)[number]) =>
          1 + mixed((expected.get(counter)?.n ?? 0) + 2, 90),
      ],
      ['created', ({ madeAt }: (typeof archived)[number]) => madeAt],
    ] as const) {
      const all: string[] = [];
      let after: string | undefined = '';
      while (after !== undefined) {
        const page = await send(
          'GET',
          `counters?prefix=many/&sort=${sort}&after=${encodeURIComponent(after)}`,
        );
        expect(page.status).toBe(200);
        all.push(...page.json.counters.map(({ name }: Listed) => name));
        after = page.json.next;
      }
      const wanted = archived
        .toSorted((a, b) => valueOf(b) - valueOf(a) || (a.counter < b.counter ? -1 : 1))
        .map(({ counter }) => counter);
      expect({ sort, all }).toEqual({ sort, all: wanted });
    }
    const { json } = await send('GET', `counters?prefix=many/&days=60&limit=${PAGE}`);
    expect(json.size).toBe(COUNTERS + 1);
    for (const { name, days = [], today: visits } of json.counters as Listed[]) {
      const n = expected.get(name)?.n ?? 0;
      const visitsToday = 1 + mixed(n + 2, 90);
      expect({ name, visits, today: days.at(-1), before: days.at(-2), old: days.at(-51) }).toEqual(
        {
          name,
          visits: visitsToday,
          today: visitsToday,
          before: n,
          old: 2,
        },
      );
      expect(days).toHaveLength(60);
    }
    stop.abort();
    await counting;
    expect(await store.counting.read(['other/page'])).toEqual([counted]);
    expect(counted).toBeGreaterThan(0);
  });

  test('titles, links and new tokens are the same for all replicas, also after an export', async () => {
    await using seen = await begin('3');
    const { store, send } = seen;
    const label = { title: '“Mine” – 你好 🌍', link: 'https://my-site.example/' };
    const made = await send('POST', 'counters', { name: 'my-site/page', ...label });
    expect(made).toMatchObject({ status: 201, json: label });
    const path = 'counters/my-site/page';
    for (let turn = 0; turn < 6; turn++)
      expect((await send('GET', path)).json).toMatchObject(label);
    const token = made.json.token as string;
    const given = await send('POST', `${path}/token`, undefined, token);
    expect(given.json.token).toMatch(/^seen_[\w-]{43}~my-site\/page$/);
    for (let turn = 0; turn < 6; turn++) {
      expect((await send('PATCH', path, { value: turn }, token)).status).toBe(401);
      expect((await send('PATCH', path, { value: turn }, given.json.token)).status).toBe(200);
    }
    const [archived] = await Array.fromAsync(store.archive.readAll());
    expect(archived).toMatchObject({ counter: 'my-site/page', total: 5, ...label });
    expect((await send('PATCH', path, { title: null }, given.json.token)).json).toMatchObject({
      title: null,
      link: label.link,
    });
  });

  test('of two simultaneous requests for a new token only one token is valid', async () => {
    await using seen = await begin('3');
    const { send } = seen;
    for (let turn = 0; turn < 30; turn++) {
      const made = await send('POST', 'counters', { name: `my-site/page-${turn}` });
      const path = `counters/my-site/page-${turn}`;
      const given = await Promise.all(
        [0, 1].map(() => send('POST', `${path}/token`, undefined, made.json.token)),
      );
      const tokens = given.flatMap(({ json }) => (json.token === undefined ? [] : [json.token]));
      const valid = await Promise.all(
        [...tokens, made.json.token].map(
          async (token) => (await send('PATCH', path, { value: 1 }, token)).status,
        ),
      );
      const statuses = given.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, 401]);
      expect(valid).toEqual([200, 401]);
    }
  });

  test('counters of a flood are deleted by prefix, 100 in a request, while others count', async () => {
    await using seen = await begin('2');
    const { program, store, send } = seen;
    const names = Array.from({ length: 320 }, (_, n) => `flood/page-${n}`);
    const changes = names.map((counter) => ({ counter, amount: 1 }));
    await store.counting.commit({ writer: randomUUID(), sequence: 1, changes });
    await program.visit('/hit/flood-not/page');
    await program.visit();
    const stop = new AbortController();
    const counting = (async () => {
      let last = 1;
      while (!stop.signal.aborted) {
        last = await program.visit('/hit/flood-not/page');
        await Bun.sleep(PAUSE_MS);
      }
      return last;
    })();
    let deleted = 0;
    for (let more = true, turn = 0; more; turn++) {
      const { status, json } = await send('DELETE', 'counters?prefix=flood/');
      expect({ status, turn, few: json.deleted <= 100 }).toEqual({ status: 200, turn, few: true });
      deleted += json.deleted;
      ({ more } = json);
    }
    stop.abort();
    const last = await counting;
    expect(deleted).toBe(320);
    expect(await store.counting.read(['flood-not/page', 'hits'])).toEqual([last, 1]);
    expect(await store.registry.size()).toBe(2);
  });
});
