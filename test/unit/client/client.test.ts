/**
 * The client on a real Seen: every call, repetitions, errors, and the stream. As other programs
 * get it: `package.test.ts`; in a browser: `test/browser/client.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { type ListQuery, Seen, type SeenError, type SeenOptions } from '../../../client/client.ts';
import { Stream } from '../../../client/stream.ts';
import { INSTALLATION, setUp } from '../../support/app.ts';
import { until } from '../../support/folder.ts';
import { Program } from '../../support/program.ts';
import { Proxy } from '../../support/proxy.ts';

/** Answers instead of Seen, as a proxy or a replica that stops does; `undefined`: Seen does. */
type Front = (request: Request) => Response | Promise<Response> | undefined;

/** A Seen on a port, and all requests that came. */
class Served implements Disposable {
  readonly parts;
  readonly url: string;
  /** As in `GET /api/v1/default`. */
  readonly calls: string[] = [];
  readonly keys: (string | null)[] = [];
  front: Front = () => undefined;
  readonly #server;

  constructor(options: Parameters<typeof setUp>[0] = {}) {
    this.parts = setUp(options);
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request, peer) => {
        this.calls.push(`${request.method} ${new URL(request.url).pathname}`);
        this.keys.push(request.headers.get('Idempotency-Key'));
        return this.front(request) ?? this.parts.app.fetch(request, peer);
      },
    });
    this.url = `http://127.0.0.1:${this.#server.port}`;
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  client(options?: SeenOptions): Seen {
    return new Seen(this.url, options);
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** Routes for the operator of a Seen, which the client leaves out. */
const OF_OPERATORS = /\/(stack|export|imports?)\b/;

/** The error with which a call fails. */
async function errorOf(call: Promise<unknown>): Promise<SeenError> {
  const error = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof Error) || error.name !== 'SeenError') throw error;
  return error as SeenError;
}

/** Answers the first requests, one with each response. */
function first(...responses: Response[]): Front {
  return () => responses.shift();
}

const unavailable = () =>
  Response.json({ code: 'draining', detail: 'Later.' }, { status: 503, headers: again(1) });
const again = (seconds: number) => ({ 'Retry-After': `${seconds}` });

describe('calls', () => {
  test('count, read, create, set, list and delete counters', async () => {
    using served = new Served();
    const seen = served.client();
    expect([await seen.hit('my-site/page'), await seen.hit('my-site/page')]).toEqual([1, 2]);
    expect(await seen.get('my-site/page')).toEqual({
      name: 'my-site/page',
      value: 2,
      created: expect.any(String),
      private: false,
      window: 0,
      title: null,
      link: null,
    });
    const title = 'Made here';
    const { token, ...made } = await seen.create({ name: 'my-site/made', value: 40, title });
    expect(made).toMatchObject({ name: 'my-site/made', value: 40, title, link: null });
    const replaced = await served.client({ token }).replaceToken('my-site/made');
    const refused = await errorOf(served.client({ token }).update('my-site/made', { value: 0 }));
    expect(refused.code).toBe('token-refused');
    const owner = served.client({ token: replaced });
    expect(await owner.hit('my-site/made', { amount: 2, visitor: 'somebody' })).toBe(42);
    expect(await owner.update('my-site/made', { private: true, window: 60 })).toMatchObject({
      value: 42,
      private: true,
      window: 60,
    });
    expect(await seen.hit('my-site/made')).toBe(null);
    expect(await owner.hit('my-site/made')).toBe(43);
    expect(await seen.values(['my-site/page', 'my-site/made', 'hits'])).toEqual({
      'my-site/page': 2,
      'my-site/made': null,
      hits: null,
    });
    expect((await seen.history('my-site/page', { by: 'hour' })).periods).toMatchObject([
      { program: 2 },
    ]);
    expect((await seen.visitors('my-site/page')).visits).toMatchObject({ program: 2 });
    expect(await owner.delete('my-site/made')).toBeUndefined();
    expect((await errorOf(owner.get('my-site/made'))).code).toBe('counter-missing');
  });

  test('list all counters, page after page, and delete many', async () => {
    using served = new Served();
    const seen = served.client({ token: INSTALLATION });
    for (const [index, key] of ['one', 'two', 'three'].entries())
      for (let hit = 0; hit <= index; hit++) await seen.hit(`my-site/${key}`);
    const listed = async (query: ListQuery) => {
      const all: string[] = [];
      for await (const { name, days = [] } of seen.list(query))
        all.push(`${name} ${days.reduce((sum, visits) => sum + visits, 0)}`);
      return all;
    };
    expect(await listed({ limit: 1 })).toEqual([
      'my-site/one 0',
      'my-site/three 0',
      'my-site/two 0',
    ]);
    const pages = served.calls.filter((call) => call === 'GET /api/v1/counters').length;
    expect(pages).toBeGreaterThanOrEqual(3);
    expect(await listed({ sort: 'total', days: 2, limit: 2 })).toEqual([
      'my-site/three 3',
      'my-site/two 2',
      'my-site/one 1',
    ]);
    expect(await listed({ prefix: 'my-site/t', search: 'w' })).toEqual(['my-site/two 0']);
    expect(await seen.deleteMany('my-site/t')).toBe(2);
    expect(await listed({})).toEqual(['my-site/one 0']);
  });

  test('reach every route of a counter, and of the default counter', async () => {
    using served = new Served();
    const seen = served.client({ token: INSTALLATION });
    await seen.create({ name: 'my-site/page' });
    for (const name of ['my-site/page', 'hits']) {
      await seen.hit(name);
      await seen.get(name);
      await seen.update(name, { value: 5 });
      await seen.history(name);
      await seen.visitors(name);
      await seen.replaceToken(name);
      await seen.delete(name);
    }
    await seen.values(['hits']);
    for await (const { name } of seen.list()) expect(name).toBe('hits');
    await seen.deleteMany('my-site/');
    const made = new Set(
      served.calls.map((call) => call.replace('my-site/page', '{namespace}/{key}')),
    );
    const { paths } = JSON.parse((await served.parts.ask('/openapi.json')).body) as {
      paths: Record<string, object>;
    };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...made].toSorted()).toEqual(
      described.filter((route) => !OF_OPERATORS.test(route)).toSorted(),
    );
  });

  test('read as many counters as the caller names', async () => {
    using served = new Served();
    const seen = served.client();
    const names = Array.from({ length: 30 }, (_, index) => `my-site/${'k'.repeat(60)}${index}`);
    for (const name of [names[0], names[15], names[29]]) await seen.hit(name ?? '');
    const values = await seen.values(names);
    expect(Object.keys(values)).toEqual(names);
    expect(Object.values(values).flatMap((value, index) => (value === 1 ? index : []))).toEqual([
      0, 15, 29,
    ]);
    expect(await seen.values([])).toEqual({});
  });

  test('work on a Seen behind a path, whether or not the address ends in a slash', async () => {
    using served = new Served();
    const gate = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) =>
        fetch(request.url.replace(/:\d+\/counts/, `:${served.port}`), {
          method: request.method,
          headers: request.headers,
          body: request.body,
        }),
    });
    try {
      const url = `http://127.0.0.1:${gate.port}/counts`;
      expect(await new Seen(url).hit('my-site/page')).toBe(1);
      expect(await new Seen(`${url}/`).hit('my-site/page')).toBe(2);
    } finally {
      await gate.stop(true);
    }
    expect(() => new Seen('count.example.org')).toThrow(TypeError);
  });
});

describe('repetitions', () => {
  test('a hit whose answer is lost is repeated with its key and counts once', async () => {
    using served = new Served();
    await using proxy = await Proxy.start(served.port);
    proxy.fault = {
      loseAnswer: () => {
        proxy.fault = {};
        return true;
      },
    };
    const seen = new Seen(proxy.lead(served.url));
    expect(await seen.hit('my-site/page')).toBe(1);
    expect({
      cuts: proxy.cuts,
      calls: served.calls.length,
      keys: new Set(served.keys).size,
    }).toEqual({ cuts: 1, calls: 2, keys: 1 });
    expect(await seen.hit('my-site/page')).toBe(2);
    expect(new Set(served.keys).size).toBe(2);
  });

  test('a hit that hangs is repeated before its time is over', async () => {
    using served = new Served();
    served.front = () => (served.calls.length === 1 ? new Promise(() => undefined) : undefined);
    expect(await served.client({ timeoutMs: 2000 }).hit('my-site/page')).toBe(1);
    expect({ calls: served.calls.length, keys: new Set(served.keys).size }).toEqual({
      calls: 2,
      keys: 1,
    });
  });

  test('wait as long as the answer says, for limits, replicas that stop, and proxies', async () => {
    for (const response of [
      unavailable(),
      Response.json({ code: 'rate-limited', detail: '' }, { status: 429, headers: again(1) }),
      new Response('<h1>Bad Gateway</h1>', { status: 502 }),
    ]) {
      using served = new Served();
      served.front = first(response);
      expect(await served.client().hit('my-site/page')).toBe(1);
      expect(served.keys.length).toBe(2);
      expect(new Set(served.keys).size).toBe(1);
      served.front = first(unavailable());
      expect((await served.client().get('my-site/page')).value).toBe(1);
    }
  });

  test('a limit of Seen itself is waited for', async () => {
    // One more request each half second.
    await using program = await Program.start({ SEEN_REQUESTS_PER_MINUTE: '120' });
    const seen = new Seen(program.url);
    await seen.hit('my-site/page');
    while ((await fetch(`${program.url}/get/my-site/page`)).status !== 429);
    const hits = await Promise.all([1, 2, 3].map(() => seen.hit('my-site/page')));
    expect(new Set(hits)).toEqual(new Set([2, 3, 4]));
  });

  test('end when the next one would be too late, with the last error', async () => {
    using served = new Served();
    served.front = unavailable;
    const late = await errorOf(served.client({ timeoutMs: 300 }).hit('my-site/page'));
    expect(late).toMatchObject({
      status: 503,
      code: 'draining',
      message: 'Later.',
      retryAfter: 1,
    });
    expect(served.calls.length).toBe(1);
    const away = await errorOf(
      new Seen('http://127.0.0.1:1', { timeoutMs: 300 }).get('my-site/page'),
    );
    expect(away).toMatchObject({ status: 0, code: 'unreachable', cause: expect.any(Error) });
  });

  test('end with the last error when no time would be left for an answer', async () => {
    using served = new Served();
    // It says to try again after one second, and nothing answers then.
    served.front = () =>
      served.calls.length === 1 ? unavailable() : new Promise(() => undefined);
    const late = await errorOf(served.client({ timeoutMs: 1090 }).get('my-site/page'));
    expect(late).toMatchObject({ status: 503, code: 'draining', retryAfter: 1 });
    expect(served.calls.length).toBe(1);
  });

  test('end with the last error when a page in the background is woken too late', async () => {
    using served = new Served();
    served.front = () => Response.json({ code: 'rate-limited', detail: '' }, { status: 429 });
    const call = errorOf(served.client().get('my-site/page'));
    await until('the first answer', () => served.calls.length === 1);
    // The client has the answer, and pauses for at least 200 ms.
    await Bun.sleep(100);
    setSystemTime(Date.now() + 60_000);
    try {
      expect(await call).toMatchObject({ status: 429, code: 'rate-limited' });
    } finally {
      setSystemTime();
    }
  });

  test('are not made of changes, which could undo one in between', async () => {
    using served = new Served();
    served.front = unavailable;
    const seen = served.client({ token: INSTALLATION });
    for (const call of [
      () => seen.create({ name: 'my-site/page' }),
      () => seen.update('my-site/page', { value: 1 }),
      () => seen.delete('my-site/page'),
      () => seen.replaceToken('my-site/page'),
    ]) {
      served.calls.length = 0;
      expect((await errorOf(call())).status).toBe(503);
      expect(served.calls.length).toBe(1);
    }
  });

  test('with a key of the caller a later call repeats an earlier one', async () => {
    using served = new Served();
    const key = 'order-17';
    expect(await served.client().hit('my-site/page', { key })).toBe(1);
    expect(await served.client().hit('my-site/page', { key })).toBe(1);
    const owner = served.client({ token: INSTALLATION });
    const other = await errorOf(owner.hit('my-site/page', { key, amount: 2 }));
    expect([other.status, other.code]).toEqual([422, 'key-reused']);
  });
});

describe('errors', () => {
  test('have the status, code and message of the API', async () => {
    using served = new Served();
    const seen = served.client();
    expect(await errorOf(seen.get('my-site/nothing'))).toMatchObject({
      name: 'SeenError',
      status: 404,
      code: 'counter-missing',
      message: 'There is no counter my-site/nothing.',
      retryAfter: undefined,
    });
    await seen.create({ name: 'my-site/made' });
    expect((await errorOf(seen.create({ name: 'my-site/made' }))).code).toBe('counter-exists');
    expect((await errorOf(seen.update('my-site/made', { value: 1 }))).status).toBe(401);
    served.front = first(new Response('<h1>No</h1>', { status: 403 }));
    expect(await errorOf(seen.get('my-site/made'))).toMatchObject({
      status: 403,
      code: 'unknown',
      message: 'HTTP 403',
    });
    served.calls.length = 0;
    served.front = () => Response.json(null, { status: 401 });
    expect(await errorOf(seen.get('my-site/made'))).toMatchObject({
      status: 401,
      code: 'unknown',
      message: 'HTTP 401',
    });
    expect(served.calls.length).toBe(1);
  });

  test('a name that is not valid sends nothing', async () => {
    using served = new Served();
    const seen = served.client();
    for (const name of ['', 'page', 'a/b', '../../stack', 'my-site/page?x=y', 'my-site/a page']) {
      for (const call of [
        () => seen.hit(name),
        () => seen.get(name),
        () => seen.delete(name),
        () => seen.values(['hits', name]),
      ])
        expect((await errorOf(call())).code).toBe('name-invalid');
      expect(() => seen.watch(name, () => undefined)).toThrow('NAMESPACE/KEY');
    }
    expect(served.calls).toEqual([]);
  });

  test('a signal ends a call while it waits, and fails it with its reason', async () => {
    using served = new Served();
    served.front = () =>
      Response.json({ code: 'draining', detail: '' }, { status: 503, headers: again(5) });
    const abort = new AbortController();
    const hit = served.client().hit('my-site/page', { signal: abort.signal });
    await until('the first answer', () => served.calls.length === 1);
    abort.abort(new Error('no longer needed'));
    await expect(hit).rejects.toThrow('no longer needed');
    const early = served.client().get('my-site/page', { signal: abort.signal });
    await expect(early).rejects.toThrow('no longer needed');
    expect(served.calls.length).toBe(1);
  });
});

const TOKEN = 'the-token-of-this-test';

describe('watching', () => {
  let program: Program;
  beforeAll(async () => {
    program = await Program.start({ SEEN_TOKEN: TOKEN });
  });
  afterAll(() => program[Symbol.asyncDispose]());

  test('tells the total and its changes, of several counters over one stream, until it is stopped', async () => {
    const seen = new Seen(program.url);
    await seen.hit('watched/one');
    await seen.hit('watched/two');
    const told: Record<string, (number | null)[]> = { one: [], again: [], two: [] };
    const stops = [
      seen.watch('watched/one', (total) => told['one']?.push(total)),
      seen.watch('watched/two', (total) => told['two']?.push(total)),
    ];
    await until('both totals', () => told['one']?.length === 1 && told['two']?.length === 1);
    expect(told).toEqual({ one: [1], again: [], two: [1] });
    // One that comes later gets the total too, and the others not again.
    stops.push(seen.watch('watched/one', (total) => told['again']?.push(total)));
    await until('the total for the third', () => told['again']?.length === 1);
    expect(told['one']).toEqual([1]);
    await seen.hit('watched/one');
    await until('the change', () => told['one']?.length === 2 && told['again']?.length === 2);
    stops[0]?.();
    await seen.hit('watched/one');
    await until('another change', () => told['again']?.length === 3);
    await new Seen(program.url, { token: TOKEN }).delete('watched/two');
    await until('the end of the other one', () => told['two']?.length === 2);
    for (const stop of stops) stop();
    expect(told).toEqual({ one: [1, 2], again: [1, 2, 3], two: [1, null] });
  });

  test('continues on another connection when one is silent, as after the computer slept', async () => {
    let streams = 0;
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      // It keeps connections on which it sends nothing more.
      idleTimeout: 0,
      fetch: () => {
        const event = `retry: 1\ndata: {"name":"hits","value":${++streams}}\n\n`;
        const start = (stream: ReadableStreamDefaultController) =>
          stream.enqueue(new TextEncoder().encode(event));
        return new Response(new ReadableStream({ start }));
      },
    });
    const totals: (number | null)[] = [];
    const url = `http://127.0.0.1:${server.port}/live?counters=`;
    const stop = new Stream(url, 200).watch('hits', (total) => totals.push(total));
    await until('the total of another stream', () => totals.length > 1);
    stop();
    await server.stop(true);
    expect(totals.slice(0, 2)).toEqual([1, 2]);
  });

  test('continues after a lost connection', async () => {
    await using proxy = await Proxy.start(Number(new URL(program.url).port));
    await program.visit('/hit/watched/lost');
    const totals: (number | null)[] = [];
    const stop = new Seen(proxy.lead(program.url)).watch('watched/lost', (total) =>
      totals.push(total),
    );
    await until('the first event', () => totals.length === 1);
    proxy.cutAll();
    for (let hit = 2; hit <= 3; hit++) {
      await program.visit('/hit/watched/lost');
      await until('the total', () => totals.at(-1) === hit);
    }
    stop();
  });
});
