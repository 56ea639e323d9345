/**
 * CountAPI, call by call, as the closed service documented it; the exact requests of its clients;
 * and any other request.
 */
import { describe, expect, test } from 'bun:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { INSTALLATION, setUp } from '../../../support/app.ts';

type App = ReturnType<typeof setUp>;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Asks CountAPI; answers status, JSON and effective path. */
async function call(
  { ask }: App,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  const answer = await ask(`/countapi${path}`, headers, method);
  return { ...answer, json: JSON.parse(answer.body), path: answer.headers.get('X-Path') };
}

/** That a call is answered so, with JSON and for pages of other sites. */
async function expectAnswer(
  app: App,
  path: string,
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
): Promise<void> {
  const answer = await call(app, path, headers);
  expect({ path, status: answer.status, json: answer.json }).toEqual({ path, status, json });
  expect(answer.headers.get('Content-Type')).toBe('application/json');
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(answer.headers.get('Access-Control-Expose-Headers')).toContain('X-Path');
}

const MALFORMED = { error: 'Malformed Namespace/Key' };
const NOTHING = { value: null };

/** A counter that may be set, with wide bounds, at 42. */
async function withTest(app: App): Promise<App> {
  await expectAnswer(
    app,
    '/create?namespace=mysite.com&key=test&value=42&enable_reset=1&update_lowerbound=-5&update_upperbound=5',
    200,
    { namespace: 'mysite.com', key: 'test', value: 42 },
  );
  return app;
}

describe('get', () => {
  test('reads, never counts, and reports a missing counter', async () => {
    const app = await withTest(setUp());
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 42 });
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 42 });
    await expectAnswer(app, '/get/nonexist', 404, NOTHING);
    expect((await call(app, '/get/nonexist')).path).toBe('default/nonexist');
    expect(app.store.counting.asked).toHaveLength(0);
  });
});

describe('hit', () => {
  test('counts, and makes a missing counter with the default rules', async () => {
    const app = setUp();
    await expectAnswer(app, '/hit/mysite.com/visits', 200, { value: 1 });
    await expectAnswer(app, '/hit/mysite.com/visits', 200, { value: 2 });
    const { json } = await call(app, '/info/mysite.com/visits');
    expect(json).toMatchObject({
      enable_reset: false,
      update_lowerbound: 0,
      update_upperbound: 1,
    });
  });

  test('counts on the same counters as the rest of Seen', async () => {
    const app = setUp();
    await app.ask('/hit/mysite.com/visits');
    await expectAnswer(app, '/hit/mysite.com/visits', 200, { value: 2 });
    expect((await app.ask('/get/mysite.com/visits')).body).toBe('{"value":2}');
  });

  test('a request that is repeated with its key counts once', async () => {
    const app = await withTest(setUp());
    const headers = { 'Idempotency-Key': 'one' };
    await expectAnswer(app, '/hit/mysite.com/test', 200, { value: 43 }, headers);
    await expectAnswer(app, '/hit/mysite.com/test', 200, { value: 43 }, headers);
    await expectAnswer(
      app,
      '/update/mysite.com/test?amount=5',
      422,
      { error: expect.any(String) },
      headers,
    );
    const other = { 'Idempotency-Key': 'other' };
    await expectAnswer(app, '/update/mysite.com/test?amount=5', 200, { value: 48 }, other);
    await expectAnswer(app, '/update/mysite.com/test?amount=5', 200, { value: 48 }, other);
    await expectAnswer(
      app,
      '/hit/mysite.com/test',
      400,
      { error: expect.any(String) },
      {
        'Idempotency-Key': 'a b',
      },
    );
  });

  test('a prefetch or a HEAD request changes nothing', async () => {
    const app = await withTest(setUp());
    for (const path of [
      '/hit/mysite.com/test',
      '/update/mysite.com/test?amount=2',
      '/set/mysite.com/test?value=1',
      '/create?key=another',
    ]) {
      const refused = await call(app, path, { 'Sec-Purpose': 'prefetch' });
      expect({ status: refused.status, keys: Object.keys(refused.json) }).toEqual({
        status: 503,
        keys: ['error'],
      });
      const head = await app.ask(`/countapi${path}`, {}, 'HEAD');
      expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: '' });
    }
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 42 });
    await expectAnswer(app, '/get/another', 404, NOTHING);
    expect((await app.ask('/countapi/get/mysite.com/test', {}, 'HEAD')).status).toBe(200);
    expect((await app.ask('/countapi/get/nonexist', {}, 'HEAD')).status).toBe(404);
  });
});

describe('update', () => {
  test('adds amounts within the bounds, inclusive', async () => {
    const app = await withTest(setUp());
    await expectAnswer(app, '/update/mysite.com/test?amount=5', 200, { value: 47 });
    await expectAnswer(app, '/update/mysite.com/test?amount=-5', 200, { value: 42 });
    await expectAnswer(app, '/update/mysite.com/test?amount=6', 403, { value: 42 });
    await expectAnswer(app, '/update/mysite.com/test?amount=-6', 403, { value: 42 });
    await expectAnswer(app, '/update/mysite.com/test?amount=0', 200, { value: 42 });
    await expectAnswer(app, '/update/mysite.com/test?amount=-0', 200, { value: 42 });
    await expectAnswer(app, '/update/nonexist?amount=1', 404, NOTHING);
    expect((await call(app, '/update/mysite.com/test?amount=6')).path).toBe('mysite.com/test');
  });

  test('requires an amount that is a whole number', async () => {
    const app = await withTest(setUp());
    for (const amount of [
      '',
      '?amount=',
      '?amount=1.5',
      '?amount=1e2',
      '?amount=x',
      `?amount=${2 ** 53}`,
    ]) {
      await expectAnswer(app, `/update/mysite.com/test${amount}`, 400, {
        error: 'amount must be a whole number, as in amount=1',
      });
    }
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 42 });
  });
});

describe('set', () => {
  test('sets a counter that allows it, and returns both values', async () => {
    const app = await withTest(setUp());
    await expectAnswer(app, '/set/mysite.com/test?value=69', 200, { old_value: 42, value: 69 });
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 69 });
    await expectAnswer(app, '/set/mysite.com/test?value=-1', 200, { old_value: 69, value: -1 });
    await expectAnswer(app, '/set/nonexist?value=1', 404, { old_value: null, value: null });
    await expectAnswer(app, '/set/mysite.com/test', 400, {
      error: expect.stringContaining('value'),
    });
  });

  test('does not change a counter that does not allow it', async () => {
    const app = setUp();
    await call(app, '/create?key=fixed&value=1234');
    await call(app, '/hit/made-by-hit');
    await expectAnswer(app, '/set/fixed?value=1', 403, { old_value: 1234, value: 1234 });
    await expectAnswer(app, '/set/made-by-hit?value=9', 403, { old_value: 1, value: 1 });
    await expectAnswer(app, '/get/fixed', 200, { value: 1234 });
  });
});

describe('create', () => {
  test('needs no parameters: the key is a new UUID, the rules are the defaults', async () => {
    const app = setUp();
    const { status, json, path } = await call(app, '/create');
    expect({ status, json }).toEqual({
      status: 200,
      json: { namespace: 'default', key: expect.stringMatching(UUID), value: 0 },
    });
    expect(path).toBe(`default/${json.key}`);
    expect((await call(app, `/info/${json.key}`)).json).toMatchObject({
      value: 0,
      enable_reset: false,
      update_lowerbound: -1,
      update_upperbound: 1,
    });
    expect((await call(app, '/create')).json.key).not.toBe(json.key);
  });

  test('accepts namespace and key in the path too', async () => {
    const app = setUp();
    await expectAnswer(app, '/create/mysite.com/test?enable_reset=0', 200, {
      namespace: 'mysite.com',
      key: 'test',
      value: 0,
    });
    await expectAnswer(app, '/create/another/', 200, {
      namespace: 'default',
      key: 'another',
      value: 0,
    });
    await expectAnswer(app, '/create/mixed?namespace=mysite.com', 200, {
      namespace: 'mysite.com',
      key: 'mixed',
      value: 0,
    });
    await expectAnswer(app, '/create/a-b/c-d/e-f', 400, MALFORMED);
  });

  test('accepts enable_reset as 1, true, 0 and false, and nothing else', async () => {
    const app = setUp();
    for (const [word, wanted] of [
      ['1', true],
      ['true', true],
      ['True', true],
      ['0', false],
      ['false', false],
    ] as const) {
      const { json } = await call(app, `/create?enable_reset=${word}`);
      expect((await call(app, `/info/${json.key}`)).json).toMatchObject({ enable_reset: wanted });
    }
    for (const word of ['', '2', 'yes']) {
      await expectAnswer(app, `/create?enable_reset=${word}`, 400, {
        error: 'enable_reset must be 1, true, 0 or false',
      });
    }
  });

  test('refuses an existing counter, and does not change it', async () => {
    const app = await withTest(setUp());
    const refused = { namespace: null, key: null, value: null };
    await expectAnswer(app, '/create?namespace=mysite.com&key=test&value=7', 409, refused);
    await call(app, '/hit/mysite.com/visits');
    await expectAnswer(app, '/create/mysite.com/visits', 409, refused);
    await expectAnswer(app, '/get/mysite.com/test', 200, { value: 42 });
  });

  test('refuses bounds on the wrong side of 0', async () => {
    const app = setUp();
    await expectAnswer(app, '/create?update_upperbound=-1', 400, {
      error: 'update_upperbound must be positive',
    });
    await expectAnswer(app, '/create?update_lowerbound=1', 400, {
      error: 'update_lowerbound must be negative',
    });
    for (const name of ['value', 'update_upperbound', 'update_lowerbound']) {
      await expectAnswer(app, `/create?${name}=x`, 400, { error: expect.stringContaining(name) });
    }
    expect((await call(app, '/create?update_upperbound=0&update_lowerbound=0')).status).toBe(200);
    expect(await app.store.registry.size()).toBe(1);
  });

  test('returns a token in a header, with which the owner can do everything in the API', async () => {
    const app = setUp();
    const made = await call(app, '/create/mysite.com/test');
    const token = made.headers.get('X-Seen-Token') ?? '';
    expect(token).toMatch(/^seen_[\w-]{43}~mysite\.com\/test$/);
    expect(made.body).not.toContain(token);
    expect(made.headers.get('Access-Control-Expose-Headers')).toContain('X-Seen-Token');
    const path = '/api/v1/counters/mysite.com/test';
    expect((await app.ask(path, { Authorization: 'Bearer wrong' }, 'DELETE')).status).toBe(401);
    expect((await app.ask(path, { Authorization: `Bearer ${token}` }, 'DELETE')).status).toBe(204);
    expect((await call(app, '/create/mysite.com/test')).status).toBe(200);
    const refused = await call(app, '/create/mysite.com/test');
    expect(refused.headers.get('X-Seen-Token')).toBeNull();
  });

  test('makes none where counters are closed, and neither does a hit', async () => {
    const app = setUp({ closed: true });
    await expectAnswer(app, '/create?key=test', 403, { error: expect.any(String) });
    await expectAnswer(app, '/hit/test', 404, NOTHING);
    expect((await call(app, '/hit/test')).path).toBe('default/test');
    const made = await app.ask(
      '/api/v1/counters',
      { Authorization: `Bearer ${INSTALLATION}`, 'Content-Type': 'application/json' },
      'POST',
      '{"name":"default/test"}',
    );
    expect(made.status).toBe(201);
    await expectAnswer(app, '/hit/test', 200, { value: 1 });
  });
});

describe('info and stats', () => {
  test('info has all keys, also for a missing counter', async () => {
    const app = await withTest(setUp());
    const { json, path } = await call(app, '/info/mysite.com/test');
    expect(json).toEqual({
      namespace: 'mysite.com',
      key: 'test',
      ttl: 15_778_800_000,
      value: 42,
      enable_reset: true,
      update_upperbound: 5,
      update_lowerbound: -5,
      created: expect.any(Number),
    });
    expect(path).toBe('mysite.com/test');
    expect(Math.abs(json.created - Date.now())).toBeLessThan(3_600_000);
    await expectAnswer(
      app,
      '/info/nonexist',
      404,
      Object.fromEntries(Object.keys(json).map((key) => [key, null])),
    );
  });

  test('a counter with unknown time of creation was made at 0', async () => {
    const app = setUp();
    const { registry } = app.store;
    const described = registry.describe.bind(registry);
    await call(app, '/hit/old-one');
    registry.describe = async (name) => {
      const found = await described(name);
      return found && { ...found, madeAt: undefined };
    };
    expect((await call(app, '/info/old-one')).json).toMatchObject({ value: 1, created: 0 });
  });

  test('stats count counters, changes, and requests', async () => {
    const app = await withTest(setUp());
    await call(app, '/hit/mysite.com/visits');
    await call(app, '/update/mysite.com/test?amount=2');
    await call(app, '/update/mysite.com/test?amount=100');
    await call(app, '/get/mysite.com/test');
    await expectAnswer(app, '/stats', 200, {
      keys_created: 2,
      keys_updated: 2,
      requests: 6,
      version: '1.2.3',
    });
    await expectAnswer(app, '/stats/', 200, {
      keys_created: 2,
      keys_updated: 2,
      requests: 7,
      version: '1.2.3',
    });
  });
});

describe('names', () => {
  test('the namespace can be left out, a slash can follow, parts can be encoded', async () => {
    const app = setUp();
    for (const [path, effective] of [
      ['/hit/test', 'default/test'],
      ['/hit/test/', 'default/test'],
      ['/hit/default/test', 'default/test'],
      ['/hit/mysite.com/test/?x=1', 'mysite.com/test'],
      ['/hit/my%73ite%2Ecom/te%73t', 'mysite.com/test'],
    ] as const) {
      const answer = await call(app, path);
      expect({ path, status: answer.status, effective: answer.path }).toEqual({
        path,
        status: 200,
        effective,
      });
    }
    expect(await app.store.counting.read(['default/test', 'mysite.com/test'])).toEqual([3, 2]);
  });

  test('an invalid name is refused everywhere', async () => {
    const app = setUp();
    const wrong = [
      'aa',
      'a'.repeat(65),
      'a%2Fb',
      'a b c',
      '%E9t%E9',
      '%zzz',
      'a%00bc',
      'ns/',
      '/key',
    ];
    for (const operation of ['get', 'hit', 'update', 'set', 'create', 'info']) {
      for (const name of [...wrong, 'ns1/key/more', 'aa/test', 'test/aa', 'te%2573t']) {
        await expectAnswer(app, `/${operation}/${name}?value=1&amount=1`, 400, MALFORMED);
      }
    }
    for (const name of ['get', 'hit', 'update', 'set', 'info']) {
      await expectAnswer(app, `/${name}`, 400, MALFORMED);
      await expectAnswer(app, `/${name}/`, 400, MALFORMED);
    }
    for (const query of ['key=aa', 'namespace=aa', 'key=', 'key=a/b/c']) {
      await expectAnswer(app, `/create?${query}`, 400, MALFORMED);
    }
    expect(await app.store.registry.size()).toBe(0);
  });

  test('reserved words stand for the calling page', async () => {
    const app = setUp();
    for (const [path, headers, effective] of [
      [
        '/hit/:HOST:/:PATHNAME:',
        { Referer: 'https://mysite.com/example/page?q=1#top' },
        'mysite.com/examplepage',
      ],
      [
        '/hit/%3AHOST%3A/%3APATHNAME%3A',
        { Referer: 'https://mysite.com:8443/a' },
        'mysite.com/..a',
      ],
      [
        '/hit/:HOST:/:PATHNAME:',
        { Origin: 'https://mysite.com', Referer: 'https://mysite.com/both' },
        'mysite.com/both',
      ],
      ['/hit/:HOST:/:PATHNAME:', { Origin: 'https://a.b' }, 'a.b/...'],
      ['/hit/:HOST:/magic-button', { Origin: 'http://localhost:3000' }, 'localhost/magic-button'],
      [
        '/hit/:HOST:/visits',
        { Origin: 'null', Referer: 'https://mysite.com/' },
        'mysite.com/visits',
      ],
      ['/hit/:PATHNAME:', { Referer: 'https://mysite.com/x/' }, 'default/..x'],
      ['/create?namespace=:HOST:&key=test', { Origin: 'https://MySite.com' }, 'mysite.com/test'],
      // Of a page that does not tell.
      ['/hit/:HOST:/:PATHNAME:', {}, '.../...'],
      ['/hit/:HOST:/visits', { Origin: 'null' }, '.../visits'],
    ] as const) {
      const answer = await call(app, path, headers);
      expect({ path, status: answer.status, effective: answer.path }).toEqual({
        path,
        status: 200,
        effective,
      });
    }
    await expectAnswer(app, '/hit/:host:/visits', 400, MALFORMED);
    await expectAnswer(app, '/hit/:OTHER:/visits', 400, MALFORMED);
  });

  test('a forged Origin or Referer makes no invalid name', async () => {
    const app = setUp();
    for (const page of [
      'https://[::1]/',
      `https://${'a'.repeat(63)}.${'b'.repeat(63)}/`,
      'https://mysite.com/caf%C3%A9',
      'https://mysite.com/a b',
      `https://mysite.com/${'a'.repeat(65)}`,
      'https://mysite.com/~me',
      'https://mysite.com/a:b',
    ]) {
      await expectAnswer(app, '/hit/:HOST:/:PATHNAME:', 400, MALFORMED, { Referer: page });
    }
    const forged = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string(),
      fc.string().map((text) => `https://${text}`),
      fc.string().map((text) => `http://mysite.com/${text}`),
    );
    const header = forged.filter((text) => !/[^\u0020-\u007E]/.test(text));
    await fc.assert(
      fc.asyncProperty(header, header, async (origin, referer) => {
        const { status, path, json } = await call(app, '/hit/:HOST:/:PATHNAME:', {
          Origin: origin,
          Referer: referer,
        });
        if (status === 200) expect(path).toMatch(/^[\w.-]{3,64}\/[\w.-]{3,64}$/);
        else expect({ status, json }).toEqual({ status: 400, json: MALFORMED });
      }),
      { numRuns: 300 },
    );
    expect(app.bugs).toEqual([]);
  });
});

describe('JSONP', () => {
  /** Runs a script as a page would; answers what the function `name` was called with. */
  function run(script: string, name: string): unknown {
    return runInNewContext(
      `const heard = []; const ${name} = (x) => heard.push(x); ${script} heard`,
    );
  }

  test('calls the page’s function with the answer and its status, and never fails', async () => {
    const app = await withTest(setUp());
    for (const [path, wanted] of [
      ['/get/mysite.com/test?callback=cb', { value: 42, code: 200 }],
      ['/get/nonexist?callback=cb', { value: null, code: 404 }],
      ['/update/mysite.com/test?amount=9&callback=cb', { value: 42, code: 403 }],
      ['/hit/aa?callback=cb', { ...MALFORMED, code: 400 }],
      [
        '/create/mysite.com/test?callback=cb',
        { namespace: null, key: null, value: null, code: 409 },
      ],
      ['/nothing?callback=cb', { error: expect.any(String), code: 404 }],
      [`/get/${'x'.repeat(2100)}?callback=cb`, { error: expect.any(String), code: 414 }],
    ] as const) {
      const { status, headers, body } = await app.ask(`/countapi${path}`);
      expect({ path, status, type: headers.get('Content-Type') }).toEqual({
        path,
        status: 200,
        type: 'application/javascript; charset=utf-8',
      });
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
      expect(body).toStartWith('/**/cb(');
      expect(run(body, 'cb')).toEqual([wanted]);
    }
    const long = await app.ask(`/countapi/${'x'.repeat(2100)}?callback=cb`, {}, 'POST');
    expect(run(long.body, 'cb')).toEqual([{ error: expect.any(String), code: 414 }]);
    const { body, headers } = await app.ask(
      '/countapi/hit/mysite.com/test?callback=$my._lib9.done',
    );
    expect(body).toBe('/**/$my._lib9.done({"value":43,"code":200});');
    expect(headers.get('X-Path')).toBe('mysite.com/test');
  });

  test('an invalid function name is refused, and nothing is counted', async () => {
    const app = setUp();
    for (const name of [
      '',
      'alert(1)',
      'alert(1)//',
      'a;b',
      'a b',
      'a\nb',
      'a\u2028b',
      '</script><script>alert(1)</script>',
      '*/alert(1)/*',
      'a[0]',
      "a['b']",
      'a`b`',
      'a=b',
      '.a',
      'a.',
      'a..b',
      '1a',
      'é',
      '\\u0061',
      'a\0',
      'a%28',
      'x'.repeat(101),
    ]) {
      const { status, headers, body } = await app.ask(
        `/countapi/hit/mysite.com/test?callback=${encodeURIComponent(name)}`,
      );
      expect({ name, status, type: headers.get('Content-Type') }).toEqual({
        name,
        status: 400,
        type: 'application/json',
      });
      expect(Object.keys(JSON.parse(body))).toEqual(['error']);
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40 }), async (name) => {
        const { status, body } = await app.ask(
          `/countapi/get/mysite.com/test?callback=${encodeURIComponent(name)}`,
        );
        if (status === 200) {
          expect(body).toBe(`/**/${name}({"value":null,"code":404});`);
          expect(name).toMatch(/^[\w$.]+$/);
        } else expect(status).toBe(400);
      }),
      { numRuns: 300 },
    );
    expect(app.store.counting.asked).toHaveLength(0);
  });
});

describe('the image', () => {
  test('is a GIF of one pixel, whatever img is, and the hit counts', async () => {
    const app = setUp();
    for (const query of ['img', 'img=', 'img=1', 'img=x&callback=cb']) {
      const response = await app.app.fetch(
        new Request(`http://seen.test/countapi/hit/mysite.com/pixel?${query}`),
        { requestIP: () => null },
      );
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('Content-Type')).toBe('image/gif');
      expect(bytes.subarray(0, 6).toString('latin1')).toBe('GIF89a');
      expect([bytes.readUInt16LE(6), bytes.readUInt16LE(8)]).toEqual([1, 1]);
      expect(response.headers.get('X-Path')).toBe('mysite.com/pixel');
      expect(response.headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
    }
    await expectAnswer(app, '/get/mysite.com/pixel', 200, { value: 4 });
    const missing = await app.ask('/countapi/get/nonexist?img');
    expect({ status: missing.status, type: missing.headers.get('Content-Type') }).toEqual({
      status: 404,
      type: 'image/gif',
    });
  });
});

describe('errors', () => {
  test('have CountAPI’s form and can be read by a page of another site', async () => {
    const app = setUp();
    await expectAnswer(app, '', 404, { error: expect.any(String) });
    await expectAnswer(app, '/nothing/here', 404, { error: expect.any(String) });
    await expectAnswer(app, '/hits/test', 404, { error: expect.any(String) });
    for (const accept of ['text/html', 'text/plain', '*/*']) {
      await expectAnswer(app, '/hit/aa', 400, MALFORMED, { Accept: accept });
    }
    const posted = await call(app, '/hit/test', {}, 'POST');
    expect({ status: posted.status, keys: Object.keys(posted.json) }).toEqual({
      status: 405,
      keys: ['error'],
    });
    expect(posted.headers.get('Allow')).toBe('GET, HEAD, OPTIONS');
    const preflight = await app.ask('/countapi/hit/test?callback=cb&img', {}, 'OPTIONS');
    expect({ status: preflight.status, body: preflight.body }).toEqual({ status: 204, body: '' });
    expect(app.store.counting.asked).toHaveLength(0);
  });

  test('with an unavailable store are 503, of a total at its maximum 409, of a bug 500 without its details', async () => {
    const app = setUp();
    for (let n = 0; n < 99; n++) app.store.counting.steps.push('refuse');
    const answer = call(app, '/hit/test');
    await app.clock.pass(1000);
    const away = await answer;
    expect({ status: away.status, keys: Object.keys(away.json) }).toEqual({
      status: 503,
      keys: ['error'],
    });
    expect(away.headers.get('Retry-After')).toBe('1');
    app.store.counting.steps.length = 0;
    await app.clock.pass(1000);

    await call(app, `/create?key=full&value=${Number.MAX_SAFE_INTEGER}`);
    await expectAnswer(app, '/hit/full', 409, { error: expect.any(String) });

    app.store.counting.steps.push('bug');
    const bug = await call(app, '/hit/bug');
    expect({ status: bug.status, keys: Object.keys(bug.json) }).toEqual({
      status: 500,
      keys: ['error'],
    });
    expect(bug.body).not.toContain('made by the test');
    expect(app.bugs).toHaveLength(1);
  });

  test('say when Seen has the maximum number of counters', async () => {
    const app = setUp();
    app.store.registry.create = async () => 'counters-full';
    await expectAnswer(app, '/create', 503, { error: expect.any(String) });
  });
});

describe('a separate host name', () => {
  test('serves only CountAPI at its root, in any spelling of its name', async () => {
    const app = setUp({ hosts: { 'count.example.com': 'countapi' } });
    for (const Host of ['count.example.com', 'COUNT.example.com:8000', 'count.example.com.']) {
      expect((await app.ask('/hit/mysite.com/test?x=1', { Host })).headers.get('X-Path')).toBe(
        'mysite.com/test',
      );
    }
    const Host = 'count.example.com';
    expect((await app.ask('/get/mysite.com/test', { Host })).body).toBe('{"value":3}');
    expect((await app.ask('/create/mysite.com/another/', { Host })).status).toBe(200);
    for (const path of ['/', '/favicon.ico', '/api/v1/values', '/countapi/hit/mysite.com/test']) {
      const answer = await app.ask(path, { Host });
      expect({ path, status: answer.status, keys: Object.keys(JSON.parse(answer.body)) }).toEqual({
        path,
        status: 404,
        keys: ['error'],
      });
    }
    expect(await app.hits()).toBe(0);
  });

  test('does not change other hosts', async () => {
    const app = setUp({ hosts: { 'count.example.com': 'countapi' } });
    for (const Host of ['seen.test', 'count.example.com.evil.test', 'xcount.example.com', '']) {
      expect((await app.ask('/', Host === '' ? {} : { Host })).body).toStartWith('Hello World!');
      expect(
        (await app.ask('/hit/my-site/page', { Host: 'seen.test' })).headers.get('X-Path'),
      ).toBeNull();
      expect((await app.ask('/countapi/hit/my-site/page')).headers.get('X-Path')).toBe(
        'my-site/page',
      );
    }
  });
});

describe('observers', () => {
  test('requests are recorded by call, never by client input', async () => {
    const app = setUp({ hosts: { 'count.example.com': 'countapi' } });
    await call(app, '/hit/mysite.com/test');
    await call(app, '/hit/aa?callback');
    await app.ask('/countapi/get/mysite.com/test?callback=cb');
    await app.ask('/info/nonexist', { Host: 'count.example.com' });
    await call(app, '/what/ever');
    expect(app.requests).toEqual([
      '/countapi/hit/* 200',
      '/countapi/hit/* 400',
      '/countapi/get/* 200',
      '/countapi/info/* 404',
      '/countapi/* 404',
    ]);
  });
});

describe('the exact requests of its clients', () => {
  test('countapi-js 1.0.2', async () => {
    const app = setUp();
    const headers = {
      'User-Agent': 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)',
      Accept: '*/*',
    };
    const expectJs = (path: string, status: number, json: unknown) =>
      expectAnswer(app, path, status, json, headers);
    await expectJs('/create', 200, {
      namespace: 'default',
      key: expect.stringMatching(UUID),
      value: 0,
    });
    await expectJs(
      '/create?namespace=mysite.com&key=test&value=42&enable_reset=true&update_lowerbound=-5&update_upperbound=5',
      200,
      { namespace: 'mysite.com', key: 'test', value: 42 },
    );
    await expectJs('/get/mysite.com/test', 200, { value: 42 });
    await expectJs('/get/nonexist', 404, NOTHING);
    await expectJs('/set/mysite.com/test?value=7', 200, { old_value: 42, value: 7 });
    await expectJs('/update/mysite.com/test?amount=-3', 200, { value: 4 });
    await expectJs('/hit/mysite.com/visits', 200, { value: 1 });
    await expectJs('/info/mysite.com/test', 200, {
      namespace: 'mysite.com',
      key: 'test',
      ttl: expect.any(Number),
      value: 4,
      enable_reset: true,
      update_upperbound: 5,
      update_lowerbound: -5,
      created: expect.any(Number),
    });
    await expectJs('/stats', 200, {
      keys_created: 3,
      keys_updated: 3,
      requests: 9,
      version: '1.2.3',
    });
    await expectJs('/hit/:HOST:/:PATHNAME:', 200, { value: 1 });
    await expectJs('/hit/:HOST:/magic-button', 200, { value: 1 });
  });

  test('py-countapi 1.0', async () => {
    const app = setUp();
    const headers = { 'User-Agent': 'python-requests/2.34.2', Accept: '*/*' };
    const expectPy = (path: string, json: unknown) => expectAnswer(app, path, 200, json, headers);
    await expectPy(
      '/create?key=kkk1&namespace=py-test.x&enable_reset=1&update_lowerbound=-27&update_upperbound=30',
      { namespace: 'py-test.x', key: 'kkk1', value: 0 },
    );
    await expectPy('/info/py-test.x/kkk1?namespace=py-test.x', {
      namespace: 'py-test.x',
      key: 'kkk1',
      ttl: expect.any(Number),
      value: 0,
      enable_reset: true,
      update_upperbound: 30,
      update_lowerbound: -27,
      created: expect.any(Number),
    });
    await expectPy('/hit/py-test.x/kkk1', { value: 1 });
    await expectPy('/update/py-test.x/kkk1?amount=8', { value: 9 });
    await expectPy('/get/py-test.x/kkk1', { value: 9 });
    await expectPy('/set/py-test.x/kkk1?value=302', { old_value: 9, value: 302 });
    await expectPy('/stats', { keys_created: 1, keys_updated: 3, requests: 7, version: '1.2.3' });
  });
});

/** The keys that the contract has for each call; an error has `error` alone. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  get: ['value'],
  hit: ['value'],
  update: ['value'],
  set: ['old_value', 'value'],
  create: ['namespace', 'key', 'value'],
  info: [
    'namespace',
    'key',
    'ttl',
    'value',
    'enable_reset',
    'update_upperbound',
    'update_lowerbound',
    'created',
  ],
  stats: ['keys_created', 'keys_updated', 'requests', 'version'],
};

describe('any request', () => {
  test('is answered with CountAPI’s keys or an error, and never with 500', async () => {
    const word = fc.oneof(
      fc.constantFrom(
        'test',
        'mysite.com',
        ':HOST:',
        ':PATHNAME:',
        'aa',
        '..',
        '%',
        '%2F',
        '%zz',
        'é',
        '',
      ),
      fc.string({ maxLength: 8 }).map((text) => encodeURIComponent(text)),
    );
    const value = fc.oneof(
      fc.constantFrom(
        '1',
        '0',
        '-1',
        '5',
        '9007199254740991',
        '-9007199254740991',
        '9007199254740992',
      ),
      fc.constantFrom('', 'true', 'NaN', '1e3', 'test', 'mysite.com'),
      fc.string({ maxLength: 6 }),
    );
    const small = fc.constantFrom('-5', '-1', '0', '1', '5', '6');
    const request = fc.record({
      operation: fc.constantFrom(...Object.keys(KEYS), ...Object.keys(KEYS), 'other'),
      parts: fc.oneof(
        fc.constant(['mysite.com', 'test']),
        fc.constant(['test']),
        fc.array(word, { maxLength: 3 }),
      ),
      slash: fc.constantFrom('', '/'),
      query: fc.oneof(
        fc.record({ value: small, amount: small }),
        fc.dictionary(
          fc.constantFrom(
            'value',
            'amount',
            'enable_reset',
            'update_lowerbound',
            'update_upperbound',
            'key',
            'namespace',
            'x',
          ),
          value,
          { maxKeys: 4 },
        ),
      ),
      referer: fc.constantFrom(undefined, 'https://mysite.com/test', 'not a URL'),
    });
    const answered = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 10 }), async (requests) => {
        const app = await withTest(setUp());
        for (const { operation, parts, slash, query, referer } of requests) {
          const path = `/${[operation, ...parts].join('/')}${slash}?${new URLSearchParams(query).toString()}`;
          const answer = await app.ask(
            `/countapi${path}`,
            referer === undefined ? {} : { Referer: referer },
          );
          expect({ path, bugs: app.bugs }).toEqual({ path, bugs: [] });
          // `..` in a path may lead out of CountAPI.
          if (!new URL(`http://seen.test/countapi${path}`).pathname.startsWith('/countapi'))
            continue;
          expect([200, 400, 403, 404, 409]).toContain(answer.status);
          const keys = Object.keys(JSON.parse(answer.body));
          const [called = ''] = /(?<=^\/countapi\/)\w+/.exec(app.requests.at(-1) ?? '') ?? [];
          answered.add(`${called} ${answer.status}`);
          if (keys[0] !== 'error') {
            expect({ path, keys }).toEqual({ path, keys: [...(KEYS[called] ?? ['?'])] });
          } else {
            expect({ path, keys }).toEqual({ path, keys: ['error'] });
            expect(answer.status).not.toBe(200);
          }
        }
      }),
      { numRuns: 400 },
    );
    // None of what was sent was too easy.
    expect([...answered]).toEqual(
      expect.arrayContaining([
        'get 200',
        'get 404',
        'hit 200',
        'hit 400',
        'update 200',
        'update 400',
        'update 403',
        'update 404',
        'set 200',
        'set 400',
        'create 200',
        'create 400',
        'create 409',
        'info 200',
        'info 404',
        'stats 200',
        ' 404',
      ]),
    );
  });
});
