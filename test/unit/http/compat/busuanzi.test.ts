/**
 * The original busuanzi, its self-hosted clone and Vercount: the requests that their clients send,
 * what counts, the exact responses, and mistakes.
 */
import { describe, expect, test } from 'bun:test';
import { runInNewContext } from 'node:vm';
import { DAY_MS } from '../../../../src/contract/history.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { AppError } from '../../../../src/counter/errors.ts';
import { setUp } from '../../../support/app.ts';

const PAGE = 'https://example.com/posts/hello/';
const NAMES = {
  page: 'example.com/posts..hello',
  site: 'example.com/...site',
  visitors: 'example.com/...visitors',
} as const;
/** A callback as the original's script makes it. */
const CALLBACK = 'BusuanziCallback_123456789012';
const ORIGINAL = `/busuanzi?jsonpCallback=${CALLBACK}`;
const EVIL = '"><script>alert(1)</script>';

/** The headers of one of several people. */
const person = (which: number, more: Record<string, string> = {}) => ({
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
  'X-Forwarded-For': `203.0.113.${which}`,
  ...more,
});

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  const totals = async () => [
    await total(NAMES.page),
    await total(NAMES.site),
    await total(NAMES.visitors),
  ];
  /** What the original's script passes to the page. */
  const original = async (who = 1, referer = PAGE, headers: Record<string, string> = {}) => {
    const { status, body } = await app.ask(
      ORIGINAL,
      person(who, { Referer: referer, ...headers }),
    );
    expect({ status, body }).toMatchObject({ status: 200 });
    return JSON.parse(body.slice(34, -13));
  };
  /** A call of the clone's clients. */
  const clone = async (method: string, headers: Record<string, string> = {}, page = PAGE) => {
    const answer = await app.ask('/busuanzi/api', { 'X-Bsz-Referer': page, ...headers }, method);
    return { ...answer, json: answer.body === '' ? undefined : JSON.parse(answer.body) };
  };
  /** A call of Vercount's clients. */
  const log = async (body: unknown, path = '/api/v2/log', headers = person(1)) => {
    const answer = await app.ask(
      `/busuanzi${path}`,
      { 'Content-Type': 'application/json', ...headers },
      'POST',
      typeof body === 'string' ? body : JSON.stringify(body),
    );
    return { ...answer, json: JSON.parse(answer.body) };
  };
  const start = (name: string, value: number, rules = RULES) =>
    app.store.registry.create(name, { total: value, madeAt: 0, rules });
  return { ...app, total, totals, original, clone, log, start };
}

describe('the original', () => {
  test('gets a script of exactly the known form, at every address that its copies call', async () => {
    const { ask } = begin();
    const paths = ['/busuanzi', '/busuanzi/busuanzi', '/busuanzi/'];
    for (const [index, path] of paths.entries()) {
      const { status, headers, body } = await ask(`${path}?jsonpCallback=${CALLBACK}`, {
        Referer: PAGE,
      });
      const pv = index + 1;
      expect({ path, status, body }).toEqual({
        path,
        status: 200,
        body: `try{${CALLBACK}({"site_uv":1,"page_pv":${pv},"version":2.4,"site_pv":${pv}});}catch(e){}`,
      });
      expect(headers.get('Content-Type')).toBe('application/javascript; charset=utf-8');
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.get('Set-Cookie')).toBeNull();
      let told: unknown;
      runInNewContext(body, {
        [CALLBACK]: (numbers: unknown) => {
          told = numbers;
        },
      });
      expect(told).toMatchObject({ site_uv: 1, page_pv: pv, site_pv: pv });
    }
  });

  test('counts views of pages and of the site, and a visitor once a day', async () => {
    let day = 20_000;
    const { original, totals } = begin({ now: () => day * DAY_MS + 1000 });
    expect(await original(1)).toEqual({ site_uv: 1, page_pv: 1, version: 2.4, site_pv: 1 });
    expect(await original(1)).toEqual({ site_uv: 1, page_pv: 2, version: 2.4, site_pv: 2 });
    expect(await original(2)).toMatchObject({ site_uv: 2, page_pv: 3, site_pv: 3 });
    const other = 'https://example.com/posts/other/';
    expect(await original(1, other)).toMatchObject({ site_uv: 2, page_pv: 1, site_pv: 4 });
    const elsewhere = 'https://example.net/';
    expect(await original(1, elsewhere)).toMatchObject({ site_uv: 1, page_pv: 1, site_pv: 1 });
    day++;
    expect(await original(1)).toMatchObject({ site_uv: 3, page_pv: 4, site_pv: 5 });
    expect(await totals()).toEqual([4, 5, 3]);
  });

  test('with only the origin of a page counts on the root of the site', async () => {
    const { original, total } = begin();
    expect(await original(1, 'https://example.com/')).toMatchObject({ page_pv: 1 });
    expect(await original(1, 'https://example.com')).toMatchObject({ page_pv: 2 });
    expect(await total('example.com/...')).toBe(2);
  });

  test('without a page or a valid callback is refused, and counts nothing', async () => {
    const { ask, store } = begin();
    for (const [path, headers] of [
      [ORIGINAL, {}],
      [ORIGINAL, { Referer: 'file:///C:/index.html' }],
      [ORIGINAL, { Referer: 'example.com' }],
      [ORIGINAL, { Origin: 'https://example.com' }],
      ['/busuanzi', { Referer: PAGE }],
      ['/busuanzi?jsonpCallback=', { Referer: PAGE }],
      ['/busuanzi?jsonpCallback=alert(1)//', { Referer: PAGE }],
      [`/busuanzi?jsonpCallback=${encodeURIComponent(EVIL)}`, { Referer: PAGE }],
      [`/busuanzi?jsonpCallback=${'x'.repeat(101)}`, { Referer: PAGE }],
    ] as const) {
      const { status, headers: theirs, body } = await ask(path, headers);
      expect({ path, status }).toEqual({ path, status: 400 });
      expect(theirs.get('Content-Type')).toBe('application/json');
      expect(JSON.parse(body)).toEqual({ error: expect.stringContaining('Nothing was counted') });
    }
    expect(await store.registry.size()).toBe(0);
  });
});

describe('the self-hosted clone', () => {
  test('POST counts and answers the four numbers, GET only reads them', async () => {
    const { clone, totals } = begin();
    const first = await clone('POST', person(1));
    expect(first.body).toBe(
      '{"success":true,"message":"ok","data":{"site_pv":1,"site_uv":1,"page_pv":1,"page_uv":1}}',
    );
    expect(first.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    expect(first.headers.get('Cache-Control')).toBe('no-store');
    await clone('POST', person(2));
    const { status, json } = await clone('GET', person(3));
    const data = { site_pv: 2, site_uv: 2, page_pv: 2, page_uv: 2 };
    expect({ status, json }).toEqual({
      status: 200,
      json: { success: true, message: 'ok', data },
    });
    expect(await totals()).toEqual([2, 2, 2]);
    const never = await clone('GET', {}, 'https://example.net/never');
    expect(never.json.data).toEqual({ site_pv: 0, site_uv: 0, page_pv: 0, page_uv: 0 });
  });

  test('PUT counts and answers nothing', async () => {
    const { clone, totals } = begin();
    const { status, body } = await clone('PUT');
    expect({ status, body }).toEqual({ status: 204, body: '' });
    expect(await totals()).toEqual([1, 1, 1]);
    expect(await clone('PUT', { 'X-Bsz-Referer': '' })).toMatchObject({ status: 400, body: '' });
  });

  test('a browser that kept its token is no new visitor, and all tokens are the same', async () => {
    let day = 20_000;
    const { clone } = begin({ now: () => day * DAY_MS + 1000 });
    const { headers } = await clone('POST', person(1));
    const token = headers.get('Set-Bsz-Identity') ?? '';
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(headers.get('Access-Control-Expose-Headers')).toContain('Set-Bsz-Identity');
    expect((await clone('POST', person(2))).headers.get('Set-Bsz-Identity')).toBe(token);
    for (const Authorization of [`Bearer ${token}`, 'Bearer 0123456789abcdef.of-another-server']) {
      day++;
      const again = await clone('POST', person(1, { Authorization }));
      expect(again.headers.get('Set-Bsz-Identity')).toBeNull();
      expect(again.json.data.site_uv).toBe(2);
    }
    // Reading does not mark a browser, so its first view counts a visitor.
    expect((await clone('GET', person(3))).headers.get('Set-Bsz-Identity')).toBeNull();
  });

  test('/jsonp answers with a script, and tells mistakes to the console', async () => {
    const { ask, totals, store } = begin();
    for (const [path, referer, said] of [
      ['', PAGE, 'missing callback parameter'],
      ['?callback=', PAGE, 'invalid callback parameter'],
      ["?callback=a');alert(1)//", PAGE, 'invalid callback parameter'],
      ['?callback=BszCallback_1', '', 'invalid referer'],
      ['?callback=BszCallback_1', "');alert(1)//", 'invalid referer'],
      ['?callback=BszCallback_1', 'http://[', 'unable to parse referer'],
    ] as const) {
      const { status, body } = await ask(`/busuanzi/jsonp${path}`, { Referer: referer });
      expect({ path, status, body }).toEqual({
        path,
        status: 200,
        body: `try{console.error('${said}')}catch{}`,
      });
    }
    expect(await store.registry.size()).toBe(0);
    const callback = 'BszCallback_31415_92653';
    const { headers, body } = await ask(`/busuanzi/jsonp?callback=${callback}`, { Referer: PAGE });
    expect(body).toBe(
      `try{${callback}({"site_pv":1,"site_uv":1,"page_pv":1,"page_uv":1});}catch(e){}`,
    );
    expect(headers.get('Content-Type')).toContain('application/javascript');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(await totals()).toEqual([1, 1, 1]);
  });

  test('a wrong address is told with status 200', async () => {
    const { clone, requests } = begin();
    for (const [address, message] of [
      ['', 'invalid referer'],
      ['example.com/about', 'invalid referer'],
      ['http://[', 'unable to parse referer'],
    ] as const) {
      for (const method of ['GET', 'POST']) {
        const { status, json } = await clone(method, {}, address);
        expect({ address, status, json }).toEqual({
          address,
          status: 200,
          json: { success: false, message, data: {} },
        });
      }
    }
    expect(new Set(requests)).toEqual(new Set(['/busuanzi/api 400']));
  });

  test('/ping answers, and a preflight allows what its clients send', async () => {
    const { ask } = begin();
    expect((await ask('/busuanzi/ping')).body).toBe('{"success":true,"message":"pong","data":{}}');
    const { status, headers } = await ask('/busuanzi/api', {}, 'OPTIONS');
    expect(status).toBe(204);
    expect(headers.get('Access-Control-Allow-Methods')).toBe('GET, HEAD, POST, PUT, OPTIONS');
    expect(headers.get('Access-Control-Allow-Headers')).toBe('*, Authorization');
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
  });
});

describe('Vercount', () => {
  test('POST counts and GET reads, with an envelope in version 2', async () => {
    const { log, ask } = begin();
    const url = `${PAGE}?utm=1#top`;
    expect((await log({ url, isNewUv: true })).body).toBe(
      '{"status":"success","message":"Data updated successfully","data":{"site_uv":1,"site_pv":1,"page_pv":1}}',
    );
    for (const [index, path] of ['/api/v1/log', '/log'].entries()) {
      const { status, headers, body } = await log({ url, isNewUv: false }, path);
      const pv = index + 2;
      expect({ path, status, body }).toEqual({
        path,
        status: 200,
        body: `{"site_uv":1,"site_pv":${pv},"page_pv":${pv}}`,
      });
      expect(headers.get('Content-Type')).toBe('application/json');
    }
    // The old script.
    expect((await log({ url }, '/log?jsonpCallback=VisitorCountCallback')).json.page_pv).toBe(4);
    const query = `?url=${encodeURIComponent(url)}`;
    expect((await ask(`/busuanzi/api/v2/log${query}`)).body).toBe(
      '{"status":"success","message":"Data retrieved successfully","data":{"site_uv":1,"site_pv":4,"page_pv":4}}',
    );
    for (const path of ['/api/v1/log', '/log'])
      expect((await ask(`/busuanzi${path}${query}`)).body).toBe(
        '{"site_uv":1,"site_pv":4,"page_pv":4}',
      );
  });

  test('a visitor counts when the client says that it is new', async () => {
    const { log } = begin();
    for (const [who, isNewUv, site_uv] of [
      [1, undefined, 0],
      [1, false, 0],
      [1, null, 0],
      [1, true, 1],
      [2, true, 2],
      [2, false, 2],
      // A browser that keeps no cookies says so each time.
      [2, true, 2],
    ] as const) {
      const { json } = await log({ url: PAGE, isNewUv }, '/api/v2/log', person(who));
      expect({ who, isNewUv, site_uv: json.data.site_uv }).toEqual({ who, isNewUv, site_uv });
    }
  });

  test('a wrong address gets zeros, and a wrong body 400', async () => {
    const { log, ask, store } = begin();
    const zeros = { site_uv: 0, site_pv: 0, page_pv: 0 };
    for (const [url, message] of [
      ['example.com', 'Invalid URL protocol. Only HTTP and HTTPS are supported.'],
      ['file:///C:/a.html', 'Invalid URL protocol. Only HTTP and HTTPS are supported.'],
      ['http://', 'Invalid URL host'],
      ['http://[', 'Invalid URL format'],
    ] as const) {
      const v2 = await log({ url, isNewUv: true });
      expect({ url, status: v2.status, json: v2.json }).toEqual({
        url,
        status: 200,
        json: { status: 'success', message, data: zeros },
      });
      expect((await log({ url })).json).toEqual(v2.json);
      expect((await log({ url }, '/log')).json).toEqual({ error: message, ...zeros });
      const read = await ask(`/busuanzi/log?url=${encodeURIComponent(url)}`);
      expect(JSON.parse(read.body)).toEqual({ error: message, ...zeros });
    }
    for (const [body, message] of [
      ['', 'Invalid JSON body'],
      ['{', 'Invalid JSON body'],
      ['[]', 'Invalid JSON body'],
      ['{"url":1}', 'Invalid JSON body'],
      ['{"url":"https://example.com/","isNewUv":"yes"}', 'Invalid JSON body'],
      ['{}', 'Missing url'],
      ['{"url":""}', 'Missing url'],
    ] as const) {
      const v1 = await log(body, '/api/v1/log');
      expect({ body, status: v1.status, json: v1.json }).toEqual({
        body,
        status: 400,
        json: { error: message },
      });
      const v2 = await log(body);
      expect({ body, status: v2.status, json: v2.json }).toEqual({
        body,
        status: 400,
        json: { status: 'error', message, code: 400 },
      });
    }
    expect(JSON.parse((await ask('/busuanzi/api/v2/log')).body)).toEqual({
      status: 'error',
      message: 'Missing url parameter',
      code: 400,
    });
    expect(await store.registry.size()).toBe(0);
  });

  test('a page may be counted by any client: they share its counters', async () => {
    const { log, clone, original } = begin();
    await log({ url: 'https://EXAMPLE.com:443/posts/hello', isNewUv: true });
    await clone('POST', person(2), 'https://example.com/posts/hello/index.html');
    expect(await original(3)).toMatchObject({ page_pv: 3, site_pv: 3, site_uv: 3 });
  });
});

describe('the visitors of a site', () => {
  test('go on from an imported number, and still count once a day', async () => {
    const { original, start, store } = begin();
    await start(NAMES.visitors, 5000);
    await start(NAMES.site, 90_000);
    expect(await original(1)).toMatchObject({ site_uv: 5001, site_pv: 90_001, page_pv: 1 });
    expect(await original(1)).toMatchObject({ site_uv: 5001, site_pv: 90_002, page_pv: 2 });
    const { rules, owner } = (await store.registry.describe(NAMES.visitors)) ?? {};
    expect({ rules, owner }).toEqual({ rules: { ...RULES, windowMs: DAY_MS }, owner: undefined });
  });

  test('keep the rules that their owner has set', async () => {
    const { original, store } = begin();
    const owner = 'the hash of a token';
    await store.registry.create(NAMES.visitors, { total: 0, madeAt: 0, owner });
    expect(await original(1)).toMatchObject({ site_uv: 1 });
    expect(await original(1)).toMatchObject({ site_uv: 2 });
    expect((await store.registry.describe(NAMES.visitors))?.rules).toEqual(RULES);
  });
});

describe('nothing counts', () => {
  const calls = [
    [ORIGINAL, 'GET', undefined],
    ['/busuanzi/jsonp?callback=f', 'GET', undefined],
    ['/busuanzi/api', 'POST', undefined],
    ['/busuanzi/api', 'PUT', undefined],
    ['/busuanzi/api/v2/log', 'POST', JSON.stringify({ url: PAGE, isNewUv: true })],
    ['/busuanzi/log', 'POST', JSON.stringify({ url: PAGE, isNewUv: true })],
  ] as const;
  const PAGES = { Referer: PAGE, 'X-Bsz-Referer': PAGE };

  test('for HEAD', async () => {
    const { ask, store } = begin();
    for (const [path] of calls) {
      const { body } = await ask(path, PAGES, 'HEAD');
      expect(body).toBe('');
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('for a prefetch, which is refused', async () => {
    const { ask, store } = begin();
    for (const [path, method, body] of calls) {
      const headers = { ...PAGES, 'Sec-Purpose': 'prefetch;prerender' };
      const { status } = await ask(path, headers, method, body);
      expect({ path, status }).toEqual({ path, status: 503 });
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('in a browser that was left out at /own-visits, which gets the numbers', async () => {
    const { ask, store, original, totals } = begin();
    const headers = { ...PAGES, Cookie: 'seen_own_visits=out' };
    for (const [path, method, body] of calls) {
      const { status } = await ask(path, headers, method, body);
      expect({ path, ok: status < 300 }).toEqual({ path, ok: true });
    }
    expect(await store.registry.size()).toBe(0);
    await original(1);
    expect(await original(2, PAGE, headers)).toMatchObject({ page_pv: 1, site_pv: 1, site_uv: 1 });
    expect(await totals()).toEqual([1, 1, 1]);
  });

  test('twice for a request that is repeated with its key', async () => {
    const { original, totals } = begin();
    const headers = { 'Idempotency-Key': 'one' };
    const first = await original(1, PAGE, headers);
    expect(await original(1, PAGE, headers)).toEqual(first);
    expect(await totals()).toEqual([1, 1, 1]);
  });

  test('on a closed Seen without a counter of the page; on one with it, the site has 0', async () => {
    const { ask, clone, log, store, original, start } = begin({ closed: true });
    expect((await ask(ORIGINAL, { Referer: PAGE })).status).toBe(404);
    const error = expect.stringContaining('There is no counter');
    expect(await clone('POST')).toMatchObject({
      status: 404,
      json: { success: false, message: error, data: {} },
    });
    expect(await log({ url: PAGE })).toMatchObject({
      status: 404,
      json: { status: 'error', message: error, code: 404 },
    });
    expect(await log({ url: PAGE }, '/log')).toMatchObject({ status: 404, json: { error } });
    expect(await store.registry.size()).toBe(0);
    await start(NAMES.page, 7);
    expect(await original()).toEqual({ site_uv: 0, page_pv: 8, version: 2.4, site_pv: 0 });
    expect(await store.registry.size()).toBe(1);
  });

  test('past the limit of new counters, except on counters that exist', async () => {
    const { ask, original, store } = begin({ newCountersPerDay: 4 });
    expect(await original(1)).toMatchObject({ site_uv: 1, page_pv: 1, site_pv: 1 });
    // The fourth counter is the other page; then there is no place for a third page.
    expect(await original(1, 'https://example.com/2')).toMatchObject({ page_pv: 1, site_pv: 2 });
    const third = { ...person(1), Referer: 'https://example.com/3' };
    expect((await ask(ORIGINAL, third)).status).toBe(429);
    expect(await original(1)).toMatchObject({ page_pv: 2, site_pv: 3 });
    expect(await store.registry.size()).toBe(4);
  });
});

test('a private counter is never shown', async () => {
  const { original, clone, log, ask, store } = begin();
  await original(1);
  for (const name of Object.values(NAMES))
    await store.registry.change(name, { rules: { private: true } });
  expect(await original(2)).toEqual({ site_uv: null, page_pv: null, version: 2.4, site_pv: null });
  const hidden = { site_pv: null, site_uv: null, page_pv: null, page_uv: null };
  expect((await clone('POST')).json.data).toEqual(hidden);
  expect((await clone('GET')).json.data).toEqual(hidden);
  const { page_uv: _, ...three } = hidden;
  expect((await log({ url: PAGE, isNewUv: true })).json.data).toEqual(three);
  const read = await ask(`/busuanzi/log?url=${encodeURIComponent(PAGE)}`);
  expect(JSON.parse(read.body)).toEqual(three);
});

test('markup in an address is in no response', async () => {
  const { ask, clone, log } = begin();
  const address = `https://example.com/${EVIL}`;
  const answers = [
    await ask(ORIGINAL, { Referer: address }),
    await ask('/busuanzi/jsonp?callback=f', { Referer: address }),
    await clone('POST', {}, address),
    await log({ url: address }),
    await log({ url: EVIL }),
    await ask(`/busuanzi/log?url=${encodeURIComponent(EVIL)}`),
  ];
  for (const { body } of answers) expect(body).not.toContain('<');
});

test('beyond the limit of requests an error has the form of each client', async () => {
  const { ask, clone, log } = begin({ requestsPerMinute: 1 });
  await ask(ORIGINAL, person(1, { Referer: PAGE }));
  const said = expect.stringContaining('More than 1 request');
  const refused = await ask(ORIGINAL, person(1, { Referer: PAGE }));
  expect({ status: refused.status, json: JSON.parse(refused.body) }).toEqual({
    status: 429,
    json: { error: said },
  });
  expect(await clone('POST', person(1))).toMatchObject({
    status: 429,
    json: { success: false, message: said, data: {} },
  });
  const envelope = await log({ url: PAGE });
  expect(envelope).toMatchObject({
    status: 429,
    json: { status: 'error', message: said, code: 429 },
  });
  expect(envelope.headers.get('Retry-After')).toMatch(/^\d+$/);
});

describe('the script', () => {
  const PATHS = ['/js', '/js/jsonp', '/js/lite', '/js/lite_pjax', '/2.3/busuanzi.pure.mini.js'];

  test('is at the paths of all scripts, and browsers may keep it for a day', async () => {
    const { ask } = begin();
    const texts = new Set<string>();
    for (const path of [...PATHS, '/busuanzi/2.3/busuanzi.pure.mini.js']) {
      const { status, headers, body } = await ask(`/busuanzi${path}`);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
      expect(headers.get('Cache-Control')).toBe('public, max-age=86400');
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
      texts.add(body);
    }
    expect(texts.size).toBe(1);
    const [text = ''] = texts;
    expect(text.length).toBeLessThan(3000);
    expect(text).not.toMatch(/https?:\/\/|\bimport\b|\beval\b|innerHTML/);
  });

  test('can be checked for changes, and HEAD counts nothing', async () => {
    const { ask, store } = begin();
    const { headers } = await ask('/busuanzi/js');
    const known = { 'If-None-Match': headers.get('ETag') ?? '' };
    expect((await ask('/busuanzi/js', known)).status).toBe(304);
    expect((await ask('/busuanzi/js', {}, 'HEAD')).body).toBe('');
    expect((await ask('/busuanzi/js', {}, 'POST')).status).toBe(405);
    expect(await store.registry.size()).toBe(0);
  });
});

test('on a host of its own all paths begin at the root', async () => {
  const { ask, total } = begin({ hosts: { 'count.example.org': 'busuanzi' } });
  const host = { Host: 'count.example.org' };
  const PAGES = { ...host, Referer: PAGE, 'X-Bsz-Referer': PAGE };
  for (const [path, method, body] of [
    [ORIGINAL, 'GET', undefined],
    [`/?jsonpCallback=${CALLBACK}`, 'GET', undefined],
    ['/jsonp?callback=f', 'GET', undefined],
    ['/api', 'POST', undefined],
    // What the script calls when it was loaded from the path of the original.
    ['/busuanzi/api', 'POST', undefined],
    ['/log', 'POST', JSON.stringify({ url: PAGE })],
    ['/api/v1/log', 'POST', JSON.stringify({ url: PAGE })],
    ['/api/v2/log', 'POST', JSON.stringify({ url: PAGE })],
  ] as const) {
    const { status } = await ask(path, PAGES, method, body);
    expect({ path, status }).toEqual({ path, status: 200 });
  }
  expect(await total(NAMES.page)).toBe(8);
  for (const path of ['/js', '/js/lite', '/busuanzi/2.3/busuanzi.pure.mini.js', '/ping'])
    expect({ path, status: (await ask(path, host)).status }).toEqual({ path, status: 200 });
});

describe('after the view is counted on its page', () => {
  test('a site that is full, or a store that fails, is no error', async () => {
    const full = begin();
    await full.start(NAMES.site, Number.MAX_SAFE_INTEGER);
    const { status, json } = await full.clone('POST');
    expect({ status, data: json.data }).toEqual({
      status: 200,
      data: { site_pv: Number.MAX_SAFE_INTEGER, site_uv: 1, page_pv: 1, page_uv: 1 },
    });
    const failing = begin();
    failing.store.history.readVisitors = () =>
      Promise.reject(new AppError('store-unavailable', 'The store does not answer.'));
    const { registry } = failing.store;
    const describeCounter = registry.describe.bind(registry);
    registry.describe = async (name) => {
      if (name === NAMES.visitors) throw new AppError('store-unavailable', 'It does not answer.');
      return describeCounter(name);
    };
    const answer = await failing.clone('POST');
    expect({ status: answer.status, data: answer.json.data }).toEqual({
      status: 200,
      data: { site_pv: 1, site_uv: null, page_pv: 1, page_uv: null },
    });
    expect(answer.headers.has('Set-Bsz-Identity')).toBe(false);
  });

  test('a browser is marked as counted only when it was', async () => {
    const { clone } = begin();
    const own = await clone('POST', { Cookie: 'seen_own_visits=out' });
    expect(own.headers.has('Set-Bsz-Identity')).toBe(false);
    expect((await clone('POST')).headers.get('Set-Bsz-Identity')).toBe('seen.counted');
  });
});
