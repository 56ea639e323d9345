/**
 * Changes of one counter that are asked for at the same moment, over HTTP, of several replicas on
 * a real store.
 */
import { expect, test } from 'bun:test';
import { Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

const PAIRS = 200;

forEachStore((newDatabase) => {
  /**
   * A started program with a counter `my-site/page`, and a way to send requests as its owner.
   */
  async function start() {
    const database = await newDatabase();
    const program = await Program.start({ SEEN_STORE_URL: database.url });
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
      const { json } = await send('POST', 'counters', { name: 'my-site/page' });
      return json.token as string;
    };
    const patch = (body: object, token: string) =>
      send('PATCH', 'counters/my-site/page', body, token);
    const read = async (token: string) =>
      (await send('GET', 'counters/my-site/page', undefined, token)).json;
    return {
      program,
      send,
      make,
      patch,
      read,
      async [Symbol.asyncDispose]() {
        await program[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  test('two PATCH requests sent together both hold', async () => {
    await using seen = await start();
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

  test('a PATCH of several fields is seen whole or not at all', async () => {
    await using seen = await start();
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

  test('the token of a deleted counter changes nothing of the one that is made after it', async () => {
    await using seen = await start();
    const changed: object[] = [];
    for (let turn = 0; turn < PAIRS / 2; turn++) {
      const before = await seen.make();
      const late = Array.from({ length: 6 }, () =>
        seen.patch({ value: 666, private: true }, before),
      );
      await seen.send('DELETE', 'counters/my-site/page', undefined, before);
      const after = await seen.make();
      for (const { status } of await Promise.all(late)) expect([200, 401, 404]).toContain(status);
      const { value, private: hidden } = await seen.read(after);
      if (value !== 0 || hidden) changed.push({ turn, value, hidden });
      await seen.send('DELETE', 'counters/my-site/page', undefined, after);
    }
    expect(changed).toEqual([]);
  });
});
