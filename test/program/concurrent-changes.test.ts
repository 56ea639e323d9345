/** Simultaneous changes of one counter, over HTTP, through several replicas on a real store. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Program } from '../support/program.ts';
import type { Database } from '../support/stores/database.ts';
import { forEachStore } from '../support/stores/stores.ts';

const PAIRS = 200;

forEachStore((newDatabase) => {
  // One program for all tests: each has a counter of its own.
  let database: Database | undefined;
  let program: Program;
  beforeAll(async () => {
    database = await newDatabase();
    program = await Program.start({ SEEN_STORE_URL: database.url });
  });
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  /** Requests to the program about the counter of this name, as its owner. */
  function ownerOf(name: string) {
    const send = async (method: string, path: string, body?: object, token = '') => {
      const response = await fetch(`${program.url}/api/v1/${path}`, {
        method,
        // A connection of its own: the kernel spreads connections over the replicas.
        keepalive: false,
        headers: {
          Connection: 'close',
          'Content-Type': 'application/json',
          ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text === '' ? {} : JSON.parse(text) };
    };
    const make = async () => {
      const { json } = await send('POST', 'counters', { name });
      return json.token as string;
    };
    const patch = (body: object, token: string) => send('PATCH', `counters/${name}`, body, token);
    const read = async (token: string) =>
      (await send('GET', `counters/${name}`, undefined, token)).json;
    const remove = (token: string) => send('DELETE', `counters/${name}`, undefined, token);
    return { make, patch, read, remove };
  }

  test('two PATCH requests sent together both hold', async () => {
    const seen = ownerOf('my-site/together');
    const token = await seen.make();
    const lost: object[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      await seen.patch({ private: false, window: 0, value: 0 }, token);
      const changes = [{ private: true }, { window: 60 }, { value: pair + 1 }];
      const answers = await Promise.all(changes.map((change) => seen.patch(change, token)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      // What was answered was true at one moment: each answer has at least the change that it
      // answers.
      answers.forEach(({ json }, index) => expect(json).toMatchObject(changes[index] ?? {}));
      const { private: hidden, window, value } = await seen.read(token);
      if (!hidden || window !== 60 || value !== pair + 1)
        lost.push({ pair, hidden, window, value });
    }
    expect(lost).toEqual([]);
  });

  test('a PATCH of several fields becomes visible as a whole', async () => {
    const seen = ownerOf('my-site/whole');
    const token = await seen.make();
    const states = [
      { private: true, window: 60, value: 1 },
      { private: false, window: 0, value: 2 },
    ];
    await seen.patch(states[1] ?? {}, token);
    const stop = new AbortController();
    const torn: object[] = [];
    const reading = (async () => {
      while (!stop.signal.aborted) {
        const { private: hidden, window, value } = await seen.read(token);
        const found = { private: hidden, window, value };
        if (!states.some((state) => Bun.deepEquals(state, found))) torn.push(found);
      }
    })();
    for (let turn = 0; turn < PAIRS; turn++) await seen.patch(states[turn % 2] ?? {}, token);
    stop.abort();
    await reading;
    expect(torn).toEqual([]);
  });

  test('the token of a deleted counter changes nothing of a new counter with its name', async () => {
    const seen = ownerOf('my-site/again');
    const changed: object[] = [];
    for (let turn = 0; turn < PAIRS / 2; turn++) {
      const before = await seen.make();
      const late = Array.from({ length: 6 }, () =>
        seen.patch({ value: 666, private: true }, before),
      );
      await seen.remove(before);
      const after = await seen.make();
      for (const { status } of await Promise.all(late)) expect([200, 401, 404]).toContain(status);
      const { value, private: hidden } = await seen.read(after);
      if (value !== 0 || hidden) changed.push({ turn, value, hidden });
      await seen.remove(after);
    }
    expect(changed).toEqual([]);
  });
});
