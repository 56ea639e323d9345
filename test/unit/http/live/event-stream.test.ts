/** Streams of totals: when they send what, and how a stream ends. */
import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { Hono } from 'hono';
import type { Env } from '../../../../src/http/context.ts';
import { RequestState } from '../../../../src/http/request/lifecycle.ts';
import { listen } from '../../../../src/http/server.ts';
import { PROXY, setUp } from '../../../support/app.ts';
import { until } from '../../../support/folder.ts';

type App = ReturnType<typeof setUp>;

/** Opens a stream without a port; `next` answers what comes, `undefined` at the end. */
async function open({ app }: App, path = '/abacus/stream/my-app/builds', method = 'GET') {
  const response = await app.fetch(new Request(`http://seen.test${path}`, { method }), PROXY);
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  const next = async () => {
    const { value, done } = (await reader?.read()) ?? { done: true };
    return done ? undefined : decoder.decode(value);
  };
  const cancel = async () => reader?.cancel();
  return { response, next, cancel };
}

/** Lets time pass until the next reading has been told. */
async function passOne({ clock }: App): Promise<void> {
  await clock.pass(250);
  await Bun.sleep(2);
  await clock.pass(0);
}

const create = (app: App) => app.ask('/abacus/create/my-app/builds?initializer=5');
const hit = (app: App) => app.ask('/abacus/hit/my-app/builds');

describe('a stream', () => {
  test('sends the total first and then each change, as documented, until the counter is deleted', async () => {
    const app = setUp();
    await create(app);
    const { response, next } = await open(app);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store, no-transform',
      'access-control-allow-origin': '*',
    });
    // Sends the headers on their way.
    expect(await next()).toBe(':\n\n');
    await passOne(app);
    expect(await next()).toBe('data: {"value":5}\n\n');
    await hit(app);
    await passOne(app);
    expect(await next()).toBe('data: {"value":6}\n\n');
    await app.store.registry.delete(['my-app/builds']);
    await passOne(app);
    expect(await next()).toBeUndefined();
    expect([app.streams.open, app.watch.subscribers]).toEqual([0, 0]);
  });

  test('of a missing counter waits for it', async () => {
    const app = setUp();
    const { next } = await open(app);
    expect(await next()).toBe(':\n\n');
    await passOne(app);
    await hit(app);
    await passOne(app);
    expect(await next()).toBe('data: {"value":1}\n\n');
  });

  test('sends a later subscriber the total of the next read', async () => {
    const app = setUp();
    await create(app);
    await open(app);
    await passOne(app);
    const { next } = await open(app);
    await passOne(app);
    expect([await next(), await next()]).toEqual([':\n\n', 'data: {"value":5}\n\n']);
  });

  test('is not opened for an invalid name or a HEAD request', async () => {
    const app = setUp();
    const bad = await open(app, '/abacus/stream/my-app/ab');
    expect({ status: bad.response.status, body: await bad.response.text() }).toEqual({
      status: 400,
      body: '',
    });
    const head = await open(app, '/abacus/stream/my-app/builds', 'HEAD');
    expect(head.response.status).toBe(200);
    expect(head.response.headers.get('Content-Type')).toBe('text/event-stream');
    expect([app.streams.open, app.watch.subscribers]).toEqual([0, 0]);
  });

  test('whose client leaves is forgotten, and the store is no longer read', async () => {
    const app = setUp();
    const { next, cancel } = await open(app);
    await next();
    expect([app.streams.open, app.watch.subscribers]).toEqual([1, 1]);
    await cancel();
    expect([app.streams.open, app.watch.subscribers]).toEqual([0, 0]);
    await passOne(app);
    await passOne(app);
    expect(app.clock.pending).toBe(0);
  });

  test('is not a request in progress', async () => {
    const app = setUp();
    await open(app);
    expect(app.app.underWay()).toBe(0);
    expect(app.requests).toEqual(['/abacus/stream/* 200']);
  });

  test('sends a comment regularly, so that proxies keep it open', async () => {
    const app = setUp({ heartbeatMs: 5 });
    const { next } = await open(app);
    expect([await next(), await next(), await next()]).toEqual([':\n\n', ':\n\n', ':\n\n']);
  });
});

describe('streams', () => {
  test('are never more than SEEN_SUBSCRIBERS_MAX: a new one ends the oldest, which comes back ten seconds later', async () => {
    const app = setUp({ streamsMax: 2 });
    const [first, second] = [await open(app), await open(app, '/live?counters=hits')];
    const third = await open(app);
    expect(third.response.status).toBe(200);
    expect([app.streams.open, app.watch.subscribers]).toEqual([2, 2]);
    expect([await first.next(), await first.next(), await first.next()]).toEqual([
      ':\n\n',
      'retry: 10000\n\n',
      undefined,
    ]);
    expect((await open(app, '/live?counters=hits')).response.status).toBe(200);
    expect([await second.next(), await second.next(), await second.next()]).toEqual([
      ':\n\n',
      'retry: 10000\n\n',
      undefined,
    ]);
    // Where a place is free, no stream is ended.
    await third.cancel();
    await open(app);
    expect([app.streams.open, app.watch.subscribers]).toEqual([2, 2]);
  });

  test('are counted by route, however they end', async () => {
    const app = setUp({ streamsMax: 3 });
    const first = await open(app);
    await open(app);
    await open(app, '/live?counters=hits');
    const counted = () => Object.fromEntries(app.streams.openByRoute);
    expect(counted()).toEqual({ '/abacus/stream/*': 2, '/live': 1 });
    await first.cancel();
    expect(counted()).toEqual({ '/abacus/stream/*': 1, '/live': 1 });
    await open(app, '/live?counters=hits');
    // Ends the oldest, which is the other stream of Abacus.
    await open(app, '/live?counters=hits');
    expect(counted()).toEqual({ '/abacus/stream/*': 0, '/live': 3 });
    app.streams.end();
    expect(counted()).toEqual({ '/abacus/stream/*': 0, '/live': 0 });
  });

  test('of one address are limited, whichever counters they watch; other addresses have their own', async () => {
    const app = setUp({ streamsMax: 9, streamsPerAddress: 2 });
    const PATHS = ['/live?counters=hits', '/abacus/stream/my-app/builds'];
    const openFrom = async (path: string, address: string) => {
      const request = new Request(`http://seen.test${path}`, {
        headers: { 'X-Forwarded-For': address },
      });
      const response = await app.app.fetch(request, PROXY);
      return { status: response.status, response };
    };
    const first = await Promise.all(PATHS.map((path) => openFrom(path, '2001:db8::1')));
    for (const path of PATHS) {
      const { status, response } = await openFrom(path, '2001:db8::2');
      expect({ status, retry: response.headers.get('Retry-After') }).toEqual({
        status: 429,
        retry: '10',
      });
    }
    const { response: refusal } = await openFrom('/live?counters=hits', '2001:db8::2');
    const refused = JSON.parse(await refusal.text());
    expect(refused.code).toBe('too-many-streams');
    expect(refused.error).toContain('the maximum of 2 open streams');
    for (const path of PATHS) expect((await openFrom(path, '2001:db8:0:1::1')).status).toBe(200);
    // A place is free again when its stream ends, and when there was none to be had.
    await first[0]?.response.body?.cancel();
    expect((await openFrom('/live?counters=no', '2001:db8::1')).status).toBe(400);
    expect((await openFrom(PATHS[0]!, '2001:db8::1')).status).toBe(200);
    expect((await openFrom(PATHS[0]!, '2001:db8::1')).status).toBe(429);
    expect(app.streams.open).toBe(4);
  });

  test('that were ended for a newer one do not count for their address', async () => {
    const app = setUp({ streamsMax: 1, streamsPerAddress: 2 });
    for (let n = 0; n < 5; n++) expect((await open(app)).response.status).toBe(200);
    expect(app.streams.open).toBe(1);
  });

  test('an address at its limit ends no stream of another', async () => {
    const app = setUp({ streamsMax: 2, streamsPerAddress: 1 });
    const from = (address: string) =>
      app.app.fetch(
        new Request('http://seen.test/live?counters=hits', {
          headers: { 'X-Forwarded-For': address },
        }),
        PROXY,
      );
    const other = (await from('192.0.2.1')).body?.getReader();
    expect((await from('192.0.2.2')).status).toBe(200);
    for (let n = 0; n < 5; n++) expect((await from('192.0.2.2')).status).toBe(429);
    expect(app.streams.open).toBe(2);
    await other?.cancel();
    expect(app.streams.open).toBe(1);
  });

  test('end together when the replica stops, and no new one opens', async () => {
    const app = setUp();
    const both = [await open(app), await open(app)];
    app.streams.end();
    for (const { next } of both)
      expect([await next(), await next()]).toEqual([':\n\n', undefined]);
    expect([app.streams.open, app.watch.subscribers]).toEqual([0, 0]);
    const refused = await app.ask('/abacus/stream/my-app/builds');
    expect({ status: refused.status, retry: refused.headers.get('Retry-After') }).toEqual({
      status: 503,
      retry: '1',
    });
  });

  test('whose client does not read are dropped, and others are not', async () => {
    const app = setUp({ waitingBytesMax: 60, heartbeatMs: 3_600_000 });
    await create(app);
    const [slow, quick] = [await open(app), await open(app)];
    await quick.next();
    const read: (string | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      await passOne(app);
      read.push(await quick.next());
      await hit(app);
    }
    expect(read).toEqual([5, 6, 7, 8, 9, 10].map((value) => `data: {"value":${value}}\n\n`));
    expect([app.streams.open, app.watch.subscribers]).toEqual([1, 1]);
    // What waited for it is all that it gets: 60 bytes, and the one that was too many.
    const late: (string | undefined)[] = [];
    do late.push(await slow.next());
    while (late.at(-1) !== undefined);
    expect(late).toEqual([':\n\n', ...read.slice(0, 4), undefined]);
  });
});

describe('on a real connection', () => {
  /** The app on a port whose idle connections live for a second or so. */
  function serve(app: App) {
    const door = listen({
      host: '127.0.0.1',
      port: 0,
      shared: false,
      handlerMs: -9000,
      hostSetting: 'SEEN_HOST',
      connectionsMax: 1000,
      busyPorts: () => [],
      fetch: app.app.fetch,
    });
    const raw = (onData: (text: string) => void) => {
      const socket = connect(door.port, '127.0.0.1', () =>
        socket.write('GET /abacus/stream/my-app/builds HTTP/1.1\r\nHost: seen.test\r\n\r\n'),
      );
      socket.on('data', (bytes) => onData(bytes.toString()));
      socket.on('error', () => undefined);
      return socket;
    };
    return { door, raw };
  }

  test('a stream outlives the idle timeout, and a client that leaves is noticed', async () => {
    const app = setUp();
    const { door, raw } = serve(app);
    let heard = '';
    const socket = raw((text) => {
      heard += text;
    });
    let idleClosed = false;
    const idle = connect(door.port, '127.0.0.1', () =>
      idle.write('GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    idle.on('close', () => {
      idleClosed = true;
    });
    idle.resume();
    await until('the stream to begin', () => heard.includes(':\n\n'));
    await until('the idle connection to be closed', () => idleClosed);
    await Bun.sleep(2000);
    expect(app.streams.open).toBe(1);
    await hit(app);
    await passOne(app);
    await until('the total', () => heard.includes('data: {"value":1}\n\n'));
    socket.destroy();
    await until(
      'the stream to be forgotten',
      () => app.streams.open === 0 && app.watch.subscribers === 0,
    );
    door.cutOff();
  });

  test('the connection of a client that does not read is closed', async () => {
    const { streams } = setUp();
    // In a second or two more than the system holds for it.
    const big = `data: ${'x'.repeat(15_000)}`;
    const app = new Hono<Env>().get('/', (c) =>
      streams.respond(c, new Headers(), (stream) => {
        const timer = setInterval(() => stream.send(big), 2);
        return () => clearInterval(timer);
      }),
    );
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request, bun) => app.fetch(request, new RequestState(request, bun)),
    });
    let closed = false;
    const socket = connect(server.port ?? 0, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
    });
    socket.once('data', () => socket.pause());
    await until('the stream to begin', () => streams.open === 1);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    await until('the client to be dropped', () => streams.open === 0);
    await until('its connection to be cut', () => descriptors() < before);
    socket.resume();
    await until('the client to notice', () => closed);
    await server.stop(true);
  });
});
