/**
 * The public surface as a function from request to response: representations, which requests
 * count, errors.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { AppError, ERRORS } from '../../../src/counter/errors.ts';
import { BROWSER, PROXY, setUp, textOf } from '../../support/app.ts';
import { settle } from '../../support/manual-clock.ts';
import { ROOT } from '../../support/program.ts';

describe('GET /', () => {
  test('answers a program with the guide’s sentence, word for word', async () => {
    const { ask } = setUp();
    for (const [accept, number] of [
      [undefined, 1],
      ['*/*', 2],
      ['text/plain', 3],
      ['image/png', 4],
      ['nonsense;;', 5],
    ] as const) {
      const { status, headers, body } = await ask(
        '/',
        accept === undefined ? {} : { Accept: accept },
      );
      expect(status).toBe(200);
      expect(body).toBe(`Hello World! I have been seen ${number} times.\n`);
      expect(headers.get('Content-Type')).toBe('text/plain; charset=utf-8');
    }
  });

  test('answers a browser with a page that contains the sentence and needs no other host', async () => {
    const { ask } = setUp();
    const { headers, body } = await ask('/', { Accept: BROWSER });
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(textOf(body)).toContain('Hello World! I have been seen 1 times.');
    expect(body).toContain('<html lang="en">');
    // The languages of the page are other queries of its own URL.
    expect(body).not.toMatch(/(src|href)="(?!data:|\/[^/]|\?lang=)/);
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  });

  test('answers with JSON to a client that prefers it', async () => {
    const { ask } = setUp();
    for (const accept of [
      'application/json',
      'text/html;q=0.5, application/json',
      'application/json, text/plain;q=0.9',
    ]) {
      const { headers, body } = await ask('/', { Accept: accept });
      expect(headers.get('Content-Type')).toBe('application/json');
      expect(JSON.parse(body)).toMatchObject({ counter: 'hits' });
    }
  });

  test('no answer may be cached, except a page for the back button; each names its replica, its version and the headers it depends on', async () => {
    const { ask } = setUp();
    for (const accept of ['*/*', BROWSER, 'application/json']) {
      const { headers } = await ask('/', { Accept: accept });
      expect(headers.get('Cache-Control')).toBe(
        accept === BROWSER ? 'private, no-cache' : 'no-store',
      );
      expect(headers.get('Vary')).toBe(accept === BROWSER ? 'Accept, Accept-Language' : 'Accept');
      expect(headers.get('X-Served-By')).toBe('replica-7 seen/1.2.3');
    }
  });
});

describe('headers that are longer than any client needs', () => {
  test('are ignored', async () => {
    const { ask } = setUp();
    const json = (length: number) =>
      `application/json${' '.repeat(length - 'application/json'.length)}`;
    expect((await ask('/', { Accept: `${json(1023)};` })).headers.get('Content-Type')).toBe(
      'application/json',
    );
    expect((await ask('/', { Accept: `${json(1024)};` })).headers.get('Content-Type')).toBe(
      'text/plain; charset=utf-8',
    );
    const coding = async (header: string) =>
      (await ask('/page.css', { 'Accept-Encoding': header })).headers.get('Content-Encoding');
    expect(await coding(`gzip${' '.repeat(1019)};`)).toBe('gzip');
    expect(await coding(`gzip${' '.repeat(1020)};`)).toBeNull();
  });
});

describe('what does not count', () => {
  test.each([
    ['more than one Host', ['countapi.test', 'seen.test'], 'more than one Host'],
    ['a Host that is too long', [`${'a.'.repeat(130)}b`], 'is too long'],
  ])('a request with %s, which gets 400 on every surface', async (_, hosts, message) => {
    const { app, bugs, store } = setUp({ hosts: { 'countapi.test': 'countapi' } });
    for (const path of [
      '/',
      '/hit/my-site/page',
      '/badge/hits.svg',
      '/countapi/hit/my-site/page',
      '/nothing',
    ]) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const headers = new Headers();
        for (const host of hosts) headers.append('Host', host);
        const response = await app.fetch(
          new Request(`http://seen.test${path}`, { method, headers }),
          PROXY,
        );
        expect({ path, method, status: response.status }).toEqual({ path, method, status: 400 });
        const body = await response.text();
        if (method === 'HEAD') expect(body).toBe('');
        else expect(body).toContain(message);
      }
    }
    expect(bugs).toEqual([]);
    expect(store.counting.asked).toHaveLength(0);
  });

  test('HEAD, which returns the headers of GET and no number', async () => {
    const { ask, hits } = setUp();
    for (const path of ['/', '/hit/name/space']) {
      const { status, headers, body } = await ask(path, { Accept: 'application/json' }, 'HEAD');
      expect({ status, body, type: headers.get('Content-Type') }).toEqual({
        status: 200,
        body: '',
        type: 'application/json',
      });
    }
    expect(await hits()).toBe(0);
  });

  test('OPTIONS, which returns the allowed methods', async () => {
    const { ask, hits } = setUp();
    for (const path of ['/', '/hit/name/space', '/get/name/space']) {
      const { status, headers } = await ask(path, {}, 'OPTIONS');
      expect(status).toBe(204);
      expect(headers.get('Allow')).toBe('GET, HEAD, OPTIONS');
      expect(headers.get('Access-Control-Allow-Methods')).toContain('GET');
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    }
    expect(await hits()).toBe(0);
  });

  test('a prefetch, which is refused so that the browser requests the page again on a visit', async () => {
    const { ask, store } = setUp();
    for (const headers of [
      { 'Sec-Purpose': 'prefetch' },
      { 'Sec-Purpose': 'prefetch;prerender' },
      { 'Sec-Purpose': 'prefetch;anonymous-client-ip' },
      { Purpose: 'prefetch' },
      { 'X-Moz': 'prefetch' },
      { 'X-Purpose': 'preview' },
    ]) {
      for (const path of ['/', '/hit/name/space']) {
        const { status, headers: answer } = await ask(path, headers);
        expect({ status, retry: answer.get('Retry-After') }).toEqual({ status: 503, retry: '1' });
      }
    }
    expect(store.counting.asked).toHaveLength(0);
  });

  test('a request that is repeated with its key', async () => {
    const { ask, hits } = setUp();
    const key = { 'Idempotency-Key': '8e03978e-40d5-43e8-bc93-6894a57f9324' };
    expect((await ask('/', key)).body).toContain(' 1 times');
    expect((await ask('/')).body).toContain(' 2 times');
    expect((await ask('/', key)).body).toContain(' 1 times');
    expect((await ask('/', { 'Idempotency-Key': `"${key['Idempotency-Key']}"` })).body).toContain(
      ' 1 times',
    );
    expect(await hits()).toBe(2);
    // A key is its counter's own.
    expect((await ask('/hit/some/other', key)).body).toBe('{"value":1}');
    expect((await ask('/hit/some/third', key)).body).toBe('{"value":1}');
    expect((await ask('/hit/some/third', key)).body).toBe('{"value":1}');
  });

  test('a request with an invalid key, or with a key beyond the limit', async () => {
    const { ask, hits } = setUp({ keysMax: 1 });
    for (const key of ['', '""', 'two words', 'x'.repeat(256), 'é']) {
      const { status, body } = await ask('/hit/some/name', { 'Idempotency-Key': key });
      expect({ key, status, code: JSON.parse(body).code }).toEqual({
        key,
        status: 400,
        code: 'key-invalid',
      });
    }
    expect((await ask('/', { 'Idempotency-Key': 'x'.repeat(255) })).status).toBe(200);
    const full = await ask('/', { 'Idempotency-Key': 'another', Accept: 'application/json' });
    expect(full).toMatchObject({ status: 503 });
    expect(full.headers.get('Retry-After')).toBe('3600');
    expect(JSON.parse(full.body).code).toBe('keys-full');
    expect(await hits()).toBe(1);
  });

  test('the icon and unknown paths', async () => {
    const { ask, store } = setUp();
    expect((await ask('/favicon.ico')).status).toBe(204);
    for (const path of [
      '/robots.txt',
      '/hit',
      '/hit/only-one',
      '/hit/a-b/c-d/e-f',
      '/index.html',
      '//',
      '/hits',
    ]) {
      expect({ path, status: (await ask(path)).status }).toEqual({ path, status: 404 });
    }
    expect(store.counting.asked).toHaveLength(0);
  });

  test('other methods, whose errors name the allowed ones', async () => {
    const { ask, store } = setUp();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/', '/hit/name/space', '/get/name/space']) {
        const { status, headers } = await ask(path, {}, method);
        expect({ status, allow: headers.get('Allow') }).toEqual({
          status: 405,
          allow: 'GET, HEAD, OPTIONS',
        });
      }
    }
    expect(store.counting.asked).toHaveLength(0);
  });

  test('a response to another method, which lacks the page’s headers', async () => {
    const { ask } = setUp();
    for (const path of ['/', '/c/my-site/page', '/own-visits', '/abacus/']) {
      for (const method of ['PUT', 'OPTIONS']) {
        const { headers } = await ask(path, { Accept: BROWSER }, method);
        expect({ path, method, allow: headers.has('Allow') }).toEqual({
          path,
          method,
          allow: true,
        });
        const isPage = headers.get('Content-Type')?.startsWith('text/html') ?? false;
        expect({ path, method, policy: headers.has('Content-Security-Policy') }).toEqual({
          path,
          method,
          policy: isPage,
        });
      }
    }
    const refused = await ask('/openapi.json', {}, 'PUT');
    expect(refused.headers.get('Content-Type')).toBe('application/problem+json');
  });
});

describe('GET /hit and /get', () => {
  test('/hit counts on the named counter and returns only its value', async () => {
    const { ask, hits } = setUp();
    expect((await ask('/hit/my.site/front_page')).body).toBe('{"value":1}');
    expect((await ask('/hit/my.site/front_page', { Accept: BROWSER })).body).toBe('{"value":2}');
    expect((await ask('/hit/my.site/other-page')).body).toBe('{"value":1}');
    expect(await hits()).toBe(0);
  });

  test('/get never counts', async () => {
    const { ask } = setUp();
    expect((await ask('/get/my.site/page')).status).toBe(404);
    await ask('/hit/my.site/page');
    for (let n = 0; n < 3; n++) expect((await ask('/get/my.site/page')).body).toBe('{"value":1}');
    expect((await ask('/hit/my.site/page')).body).toBe('{"value":2}');
  });

  test('percent-encoded names are decoded', async () => {
    const { ask } = setUp();
    await ask('/hit/my%2Esite/page');
    expect((await ask('/get/my.site/page')).body).toBe('{"value":1}');
    expect((await ask('/hit/my%2Fsite/page')).status).toBe(400);
    expect((await ask('/hit/%ff%zz/page')).status).toBe(400);
  });

  test('a name just within the limits counts, one just outside is refused', async () => {
    const { ask } = setUp();
    expect((await ask(`/hit/${'n'.repeat(64)}/abc`)).status).toBe(200);
    for (const path of [
      `/hit/${'n'.repeat(65)}/abc`,
      '/hit/ab/abc',
      '/hit/abc/a%20b',
      '/get/abc/ab',
    ]) {
      const { status, body } = await ask(path);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({ code: 'name-invalid' });
    }
  });

  test('every answer can be read by a page of another site, errors too', async () => {
    const { ask } = setUp();
    for (const path of ['/hit/abc/def', '/get/abc/none', '/hit/a/b', '/']) {
      expect((await ask(path)).headers.get('Access-Control-Allow-Origin')).toBe('*');
    }
  });
});

describe('errors', () => {
  test('are JSON or text as requested, with a code and advice', async () => {
    const { ask } = setUp();
    const { body: json, headers } = await ask('/hit/a/b');
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(JSON.parse(json)).toEqual({
      code: 'name-invalid',
      error: expect.stringContaining('Use 3 to 64'),
    });
    const { body: text } = await ask('/hit/a/b', { Accept: 'text/plain' });
    expect(text).toMatch(/^The namespace "a" is not a valid name\. .*\(name-invalid\)\n$/);
    expect((await ask('/nothing')).body).toContain('(route-missing)');
    expect(JSON.parse((await ask('/nothing', { Accept: 'application/json' })).body)).toMatchObject(
      {
        code: 'route-missing',
      },
    );
  });

  test('a URL of the maximum length counts, a longer one is refused', async () => {
    const { ask, hits } = setUp();
    const base = 'http://seen.test/?'.length;
    expect((await ask(`/?${'x'.repeat(2048 - base)}`)).status).toBe(200);
    expect((await ask(`/?${'x'.repeat(2049 - base)}`)).status).toBe(414);
    expect(await hits()).toBe(1);
  });

  test('with an unavailable store are 503 with Retry-After, and say whether the visit may count', async () => {
    const { ask, store, clock } = setUp();
    for (let n = 0; n < 99; n++) store.counting.steps.push('lose-before');
    const answers = [ask('/')];
    await settle();
    answers.push(ask('/', { Accept: 'application/json' }));
    await clock.pass(1000);
    const [sent, waiting] = await Promise.all(answers);
    expect(sent).toMatchObject({
      status: 503,
      body: expect.stringContaining('may have been counted'),
    });
    expect(JSON.parse(waiting?.body ?? '')).toMatchObject({
      code: 'store-unavailable',
      error: expect.stringContaining('Not counted'),
    });
    expect(sent?.headers.get('Retry-After')).toBe('1');
  });

  test('with a full queue are 503 with Retry-After', async () => {
    const { ask, store, clock } = setUp({ waitingMax: 1 });
    store.counting.steps.push(new Promise(() => undefined));
    void ask('/');
    const { status, headers, body } = await ask('/');
    expect({ status, retry: headers.get('Retry-After') }).toEqual({ status: 503, retry: '1' });
    expect(body).toContain('waiting-full');
    await clock.pass(1000);
  });

  test('of a counter at its maximum are 409, of an unreadable one 500', async () => {
    const { ask, counter, store } = setUp();
    await counter.hit('full/counter', { amount: Number.MAX_SAFE_INTEGER });
    expect((await ask('/hit/full/counter')).status).toBe(409);
    store.counting.read = async () => {
      throw new AppError('counter-unreadable', 'made by the test');
    };
    expect((await ask('/get/full/counter')).status).toBe(500);
  });

  test('of a bug are 500 without its details, which are logged', async () => {
    const { ask, store, bugs } = setUp();
    store.counting.steps.push('bug');
    const { status, body } = await ask('/');
    expect(status).toBe(500);
    expect(body).not.toContain('made by the test');
    expect(String(bugs[0])).toContain('a bug, made by the test');
  });

  test('include thrown values that are no Error, which are bugs too', async () => {
    const { app, ask, store, bugs, requests } = setUp();
    store.counting.read = () => {
      // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
      throw 'made by the test';
    };
    expect((await ask('/get/my-site/page')).status).toBe(500);
    expect({ bugs, requests, underWay: app.underWay() }).toEqual({
      bugs: ['made by the test'],
      requests: ['/get/:ns/:key 500'],
      underWay: 0,
    });
  });

  test('have a code and status that docs/api.md lists', async () => {
    const document = await Bun.file(join(ROOT, 'docs/api.md')).text();
    const rows = [...document.matchAll(/^\| (\d{3}) \| ((?:`[a-z-]+`(?:, )?)+) \|/gm)];
    const stated = rows.flatMap(([, status, codes = '']) =>
      codes.split(', ').map((code) => [code.replaceAll('`', ''), Number(status)]),
    );
    // Of the others no client hears: they end commands, or are answered as a bug, `internal`.
    const told = Object.entries(ERRORS).filter(
      ([code, { http }]) => http !== 500 || code === 'counter-unreadable',
    );
    expect(Object.fromEntries(stated)).toEqual({
      ...Object.fromEntries(told.map(([code, { http }]) => [code, http])),
      internal: 500,
    });
  });
});

describe('observers', () => {
  test('requests are recorded by route, never by client input', async () => {
    const { ask, requests } = setUp();
    await ask('/');
    await ask('/hit/some/thing');
    await ask('/hit/abc/def');
    await ask('/get/abc/none');
    await ask('/a/b/c/d');
    await ask('/../etc/passwd');
    expect(requests).toEqual([
      '/ 200',
      '/hit/:ns/:key 200',
      '/hit/:ns/:key 200',
      '/get/:ns/:key 404',
      'other 404',
      'other 404',
    ]);
  });

  test('every route fits Hono’s router with one regular expression for all', () => {
    // Where one does not, Hono takes a slower router for all: 1 µs more for each request.
    const router = new RegExpRouter<string>();
    const { routes } = setUp().app;
    for (const { method, path } of routes) router.add(method, path, path);
    expect(router.match('GET', '/')[0]).toHaveLength(1);
  });

  test('once the replica drains, every response closes its connection', async () => {
    const { ask, app } = setUp();
    expect((await ask('/')).headers.get('Connection')).toBeNull();
    app.sendClientsAway();
    for (const path of ['/', '/', '/hit/abc/def', '/get/abc/none', '/nothing', '/favicon.ico']) {
      expect((await ask(path)).headers.get('Connection')).toBe('close');
    }
  });
});
