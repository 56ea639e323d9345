/** Abacus, call by call, as documented; its authorization; and any other request. */
import { describe, expect, test } from 'bun:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { AppError } from '../../../../src/counter/errors.ts';
import { INSTALLATION, PROXY, setUp } from '../../../support/app.ts';
import { elementsOf } from '../../../support/svg.ts';

type App = ReturnType<typeof setUp>;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks Abacus; answers status, JSON where it is, and headers. */
async function call({ ask }: App, path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const answer = await ask(`/abacus${path}`, headers, method);
  const isJson = answer.headers.get('Content-Type')?.startsWith('application/json');
  return { ...answer, json: isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined };
}

/** That a call is answered so, with JSON and for pages of other sites. */
async function expectAnswer(
  app: App,
  path: string,
  status: number,
  json: unknown,
  asked: Asked = {},
) {
  const answer = await call(app, path, asked);
  expect({ path, status: answer.status, json: answer.json }).toEqual({ path, status, json });
  expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(answer.headers.get('X-Served-By')).not.toBeNull();
}

/** An app with the counter my-app/builds at 10; answers it and its admin_key. */
async function withBuilds(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const { json } = await call(app, '/create/my-app/builds?initializer=10');
  return { app, token: json.admin_key as string };
}

const NO_KEY = { error: 'Key not found' };
const GENUINE = {
  error:
    'This entry is genuine and does not have an admin key. You cannot delete it. If you wanted to delete it, you should have created it with the /create endpoint.',
};
const NO_TOKEN = {
  error:
    'Token is required, please provide a token in the format of a Bearer token header or ?token=ADMIN_TOKEN',
};
const lengthOf = (what: string) => ({
  error: `Invalid ${what}: length must be between 3 and 64 characters inclusive`,
});
const patternOf = (what: string) => ({
  error: `Invalid ${what}: must match the pattern ^[A-Za-z0-9_\\-.]{3,64}$`,
});

describe('hit and get', () => {
  test('count and read, and make a missing counter', async () => {
    const app = setUp();
    await expectAnswer(app, '/get/my-site/visits', 404, NO_KEY);
    await expectAnswer(app, '/hit/my-site/visits', 200, { value: 1 });
    await expectAnswer(app, '/hit/my-site/visits', 200, { value: 2 });
    await expectAnswer(app, '/get/my-site/visits', 200, { value: 2 });
    expect((await app.ask('/get/my-site/visits')).body).toBe('{"value":2}');
  });

  test('a request that is repeated with its key counts once', async () => {
    const { app, token } = await withBuilds();
    const headers = { 'Idempotency-Key': 'one' };
    await expectAnswer(app, '/hit/my-app/builds', 200, { value: 11 }, { headers });
    await expectAnswer(app, '/hit/my-app/builds', 200, { value: 11 }, { headers });
    const update = { method: 'POST', headers: { 'Idempotency-Key': 'two', ...bearer(token) } };
    await expectAnswer(app, '/update/my-app/builds?value=5', 200, { value: 16 }, update);
    await expectAnswer(app, '/update/my-app/builds?value=5', 200, { value: 16 }, update);
    await expectAnswer(
      app,
      '/update/my-app/builds?value=6',
      422,
      { error: expect.any(String) },
      update,
    );
    await expectAnswer(app, '/get/my-app/builds', 200, { value: 16 });
  });

  test('a prefetch or a HEAD request changes nothing', async () => {
    const { app, token } = await withBuilds();
    for (const [method, path] of [
      ['GET', '/hit/my-app/builds'],
      ['GET', '/hit/my-app/builds/shield'],
      ['GET', '/create/my-app/other'],
      ['GET', '/create/'],
      ['POST', '/set/my-app/builds?value=1'],
      ['POST', '/reset/my-app/builds'],
      ['POST', '/update/my-app/builds?value=1'],
      ['POST', '/delete/my-app/builds'],
    ] as const) {
      const headers = { 'Sec-Purpose': 'prefetch', ...bearer(token) };
      await expectAnswer(app, path, 503, { error: expect.any(String) }, { method, headers });
      if (method === 'GET')
        expect((await call(app, path, { method: 'HEAD' })).status).toBe(
          path.startsWith('/create') ? 201 : 200,
        );
    }
    await expectAnswer(app, '/get/my-app/builds', 200, { value: 10 });
    expect(await app.store.registry.size()).toBe(1);
    for (const [path, status] of [
      ['/get/my-app/builds', 200],
      ['/get/my-app/none', 404],
      ['/info/my-app/none', 200],
      ['/stats', 200],
    ] as const) {
      const { body, ...head } = await call(app, path, { method: 'HEAD' });
      expect({ path, status: head.status, body }).toEqual({ path, status, body: '' });
    }
  });

  test('a counter at its maximum stays there, and the error says so', async () => {
    const { app } = await withBuilds();
    await call(app, `/create/my-app/last?initializer=${Number.MAX_SAFE_INTEGER - 1}`);
    await expectAnswer(app, '/hit/my-app/last', 200, { value: Number.MAX_SAFE_INTEGER });
    await expectAnswer(app, '/hit/my-app/last', 400, {
      error: expect.stringContaining('too large'),
    });
  });
});

describe('JSONP', () => {
  test('calls the page’s function with successful results; errors are JSON', async () => {
    const { app } = await withBuilds();
    for (const path of ['/hit/my-app/builds', '/get/my-app/builds']) {
      const { status, headers, body } = await call(app, `${path}?callback=my.page.show`);
      expect({ status, type: headers.get('Content-Type') }).toEqual({
        status: 200,
        type: 'application/javascript; charset=utf-8',
      });
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
      const heard: unknown = runInNewContext(
        `const heard = []; const my = { page: { show: (x) => heard.push(x) } }; ${body} heard`,
      );
      expect(heard).toEqual([{ value: 11 }]);
    }
    await expectAnswer(app, '/get/my-app/none?callback=cb', 404, NO_KEY);
    await expectAnswer(app, '/hit/my-app/ab?callback=cb', 400, lengthOf('key'));
    await expectAnswer(app, '/hit/my-app/builds?callback=', 200, { value: 12 });
    // Where the contract has none.
    expect((await call(app, '/info/my-app/builds?callback=cb')).json).toMatchObject({ value: 12 });
  });

  test('an invalid function name is refused, and nothing is counted', async () => {
    const app = setUp();
    for (const name of [
      'alert(1)',
      'a;b',
      '</script>',
      '*/alert(1)/*',
      'a[0]',
      'a`b`',
      'x'.repeat(101),
    ]) {
      const path = `/hit/my-site/visits?callback=${encodeURIComponent(name)}`;
      await expectAnswer(app, path, 400, { error: expect.stringContaining('callback') });
    }
    expect(app.store.counting.asked).toHaveLength(0);
  });
});

describe('create', () => {
  test('returns an admin_key that is a UUID, and the value', async () => {
    const app = setUp();
    for (const method of ['GET', 'POST']) {
      const path = `/create/my-app/by-${method}`;
      await expectAnswer(
        app,
        `${path}?initializer=42`,
        201,
        {
          key: `by-${method}`,
          namespace: 'my-app',
          admin_key: expect.stringMatching(UUID),
          value: 42,
        },
        { method },
      );
      await expectAnswer(app, `/get/my-app/by-${method}`, 200, { value: 42 });
    }
    expect((await call(app, '/create/my-app/plain')).json).toMatchObject({ value: 0 });
  });

  test('accepts whole numbers that are exact in JSON, and nothing else', async () => {
    const app = setUp();
    const most = Number.MAX_SAFE_INTEGER;
    for (const [text, value] of [
      ['0', 0],
      ['-0', 0],
      ['-7', -7],
      ['%2B7', 7],
      ['007', 7],
      [`${most}`, most],
      [`-${most}`, -most],
    ] as const) {
      const { status, json } = await call(app, `/create/?initializer=${text}`);
      expect({ text, status, value: json.value }).toEqual({ text, status: 201, value });
      expect(Object.is(json.value, -0)).toBe(false);
    }
    for (const text of [
      '',
      'x',
      '1.5',
      '1e3',
      '0x10',
      ' 1',
      '+7',
      `${most + 1}`,
      `-${most + 1}`,
      '1'.repeat(400),
    ]) {
      await expectAnswer(app, `/create/?initializer=${text}`, 400, {
        error: 'initializer must be a number',
      });
    }
  });

  test('refuses an existing counter, and does not change it or its owner', async () => {
    const { app, token } = await withBuilds();
    const refused = { error: 'Key already exists, please use a different key.' };
    await expectAnswer(app, '/create/my-app/builds?initializer=7', 409, refused);
    await call(app, '/hit/my-app/visits');
    await expectAnswer(app, '/create/my-app/visits', 409, refused, { method: 'POST' });
    await expectAnswer(
      app,
      '/reset/my-app/builds',
      200,
      { value: 0 },
      { method: 'POST', headers: bearer(token) },
    );
  });

  test('without a name makes a random one', async () => {
    const app = setUp();
    const made = await Promise.all(
      Array.from({ length: 20 }, () => call(app, '/create/', { method: 'POST' })),
    );
    for (const { status, json } of made) {
      expect({ status, json }).toEqual({
        status: 201,
        json: {
          key: expect.stringMatching(/^[\w-]{16}$/),
          namespace: expect.stringMatching(/^[\w-]{16}$/),
          admin_key: expect.stringMatching(UUID),
          value: 0,
        },
      });
    }
    expect(
      new Set(made.flatMap(({ json }) => [json.key, json.namespace, json.admin_key])).size,
    ).toBe(60);
  });

  test('makes none where counters are closed, and neither does a hit', async () => {
    const app = setUp({ closed: true });
    for (const path of ['/create/my-app/builds', '/create/']) {
      await expectAnswer(app, path, 403, { error: expect.any(String) });
    }
    await expectAnswer(app, '/hit/my-app/builds', 404, NO_KEY);
    await expectAnswer(app, '/hit/my-app/builds/shield', 404, NO_KEY);
    expect(await app.store.registry.size()).toBe(0);
  });
});

describe('paths', () => {
  test('a single name is redirected to a path with a slash, and is a key in the namespace default', async () => {
    const app = setUp();
    for (const [method, path, status, location] of [
      ['GET', '/create/foo', 301, '/abacus/create/foo/'],
      ['POST', '/create/foo?initializer=5', 307, '/abacus/create/foo/?initializer=5'],
      ['GET', '/create', 301, '/abacus/create/'],
      ['POST', '/create?initializer=5', 307, '/abacus/create/?initializer=5'],
      ['GET', '/info/foo', 301, '/abacus/info/foo/'],
      ['GET', '/stream/foo', 301, '/abacus/stream/foo/'],
      ['GET', '/hit/my-site/visits/?x=1', 301, '/abacus/hit/my-site/visits?x=1'],
      ['GET', '/get/my-site/visits/shield/', 301, '/abacus/get/my-site/visits/shield'],
      ['GET', '/stats/', 301, '/abacus/stats'],
      ['GET', '/healthcheck/', 301, '/abacus/healthcheck'],
      ['GET', '/create/f%C3%B6%C3%B6', 301, '/abacus/create/f%C3%B6%C3%B6/'],
    ] as const) {
      const { headers, ...answer } = await call(app, path, { method });
      expect({ path, status: answer.status, location: headers.get('Location') }).toEqual({
        path,
        status,
        location,
      });
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    }
    expect(await app.store.registry.size()).toBe(0);
    const { json } = await call(app, '/create/foo/?initializer=5', { method: 'POST' });
    expect(json).toMatchObject({ namespace: 'default', key: 'foo', value: 5 });
    const asked = { method: 'POST', headers: bearer(json.admin_key) };
    await expectAnswer(app, '/update/foo/?value=2', 200, { value: 7 }, asked);
    // Not redirected, which would repeat a token that is in the query.
    await expectAnswer(
      app,
      `/update/foo?value=2&token=${json.admin_key}`,
      200,
      { value: 9 },
      { method: 'POST' },
    );
    await expectAnswer(app, '/set/default/foo/?value=3', 200, { value: 3 }, asked);
    expect((await call(app, '/info/default/foo//')).json).toMatchObject({ value: 3 });
  });

  test('a redirect repeats no token', async () => {
    const { headers } = await call(setUp(), '/create/foo?token=secret&initializer=5');
    expect(headers.get('Location')).toBe('/abacus/create/foo/?initializer=5');
  });

  test('too many path segments are an unknown route', async () => {
    const app = setUp();
    const error = { error: 'Route not found. Use /create/:namespace/:key or /hit/:key instead.' };
    for (const [method, name] of [
      ['GET', 'create'],
      ['GET', 'info'],
      ['GET', 'stream'],
      ['POST', 'set'],
      ['POST', 'delete'],
    ] as const) {
      await expectAnswer(app, `/${name}/one/two/three`, 404, error, { method });
    }
  });

  test('all other paths redirect to the page that lists the calls, for every method', async () => {
    const app = setUp();
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/docs'],
      ['GET', '/nothing'],
      ['GET', '/hit/foo'],
      ['GET', '/hit'],
      ['GET', '/hit/'],
      ['GET', '/get/foo'],
      ['GET', '/hit/one/two/three'],
      ['GET', '/info'],
      ['GET', '/info/'],
      ['GET', '/info//x'],
      ['GET', '/stats/more'],
      ['GET', '/set/my-app/builds?value=1'],
      ['GET', '/delete/my-app/builds'],
      ['POST', '/hit/my-app/builds'],
      ['PUT', '/hit/my-app/builds'],
      ['DELETE', '/nothing'],
      ['HEAD', '/nothing'],
    ] as const) {
      const { status, headers } = await call(app, path, { method });
      expect({ path, status, location: headers.get('Location') }).toEqual({
        path,
        status: 308,
        location: '/abacus/',
      });
    }
    expect(app.store.counting.asked).toHaveLength(0);
    const { status, headers, body } = await call(app, '/');
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(headers.get('Content-Security-Policy')).toStartWith(
      "default-src 'none'; style-src 'sha256-",
    );
    for (const name of [
      'hit',
      'get',
      'stream',
      'info',
      'create',
      'set',
      'reset',
      'update',
      'delete',
    ]) {
      expect(body).toContain(`/abacus/${name}/`);
    }
    expect(body).not.toMatch(/https?:\/\//);
  });

  test('the page that lists the calls accepts no other method, and does not redirect to itself', async () => {
    const app = setUp();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status, headers } = await call(app, '/', { method });
      expect({ method, status, allow: headers.get('Allow') }).toEqual({
        method,
        status: 405,
        allow: 'GET, HEAD, OPTIONS',
      });
    }
  });

  test('pages of other sites can use every method and a token', async () => {
    const { status, headers } = await call(setUp(), '/set/my-app/builds', { method: 'OPTIONS' });
    expect(status).toBe(204);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      expect(headers.get('Access-Control-Allow-Methods')).toContain(method);
    }
    expect(headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
  });
});

describe('names', () => {
  test('that are invalid are refused with Abacus’ message', async () => {
    const app = setUp();
    for (const name of ['hit', 'get', 'create']) {
      await expectAnswer(app, `/${name}/ab/key`, 400, lengthOf('namespace'));
      await expectAnswer(app, `/${name}/${'a'.repeat(65)}/key`, 400, lengthOf('namespace'));
      await expectAnswer(app, `/${name}/my-app/ab`, 400, lengthOf('key'));
      await expectAnswer(app, `/${name}/my%20app/key`, 400, patternOf('namespace'));
      for (const key of ['a%2Fb', 'a%00bc', 'k%C3%A9y', '%zzz', '%E9t%E9', 'te%2573t', ':HOST']) {
        await expectAnswer(app, `/${name}/my-app/${key}`, 400, patternOf('key'));
      }
    }
    expect((await call(app, `/hit/${'a'.repeat(64)}/${'b'.repeat(64)}`)).json).toEqual({
      value: 1,
    });
    expect((await call(app, '/hit/my%2Dapp/%6Bey')).json).toEqual({ value: 1 });
    expect(await app.store.counting.read(['my-app/key'])).toEqual([1]);
    expect(await app.store.registry.size()).toBe(2);
  });

  test('can be reserved words for the calling page', async () => {
    const app = setUp();
    const headers = { Origin: 'https://my-site.com', Referer: 'https://my-site.com/example/page' };
    await expectAnswer(app, '/hit/:HOST:/:PATH:', 200, { value: 1 }, { headers });
    expect(await app.store.counting.read(['my-site.com/examplepage'])).toEqual([1]);
    const missing = (header: string, word: string) => ({
      error: `${header} header is required if ${word} is used`,
    });
    await expectAnswer(app, '/hit/:HOST:/visits', 400, missing('Origin', ':HOST:'));
    await expectAnswer(app, '/hit/my-site/:PATH:', 400, missing('Referer', ':PATH:'));
    const forged = { headers: { Referer: 'https://my-site.com/a:b' } };
    await expectAnswer(app, '/hit/:HOST:/:PATH:', 400, patternOf('key'), forged);
  });
});

describe('info', () => {
  test('describes existing and missing counters, and whether they have an owner', async () => {
    const { app } = await withBuilds();
    const there = { expires_in: 14_515_200, expires_str: '4032h0m0s', exists: true };
    await expectAnswer(app, '/info/my-app/builds', 200, {
      value: 10,
      full_key: 'K:my-app:builds',
      is_genuine: false,
      ...there,
    });
    await call(app, '/hit/my-app/visits');
    await expectAnswer(app, '/info/my-app/visits', 200, {
      value: 1,
      full_key: 'K:my-app:visits',
      is_genuine: true,
      ...there,
    });
    const missing = {
      value: -1,
      is_genuine: true,
      expires_in: -2e-9,
      expires_str: '-2ns',
      exists: false,
    };
    await expectAnswer(app, '/info/my-app/none', 200, { ...missing, full_key: 'K:my-app:none' });
    await expectAnswer(app, '/info/a/b%22c/', 200, { ...missing, full_key: 'K:a:b"c' });
    expect((await call(app, '/info/my-app/none')).body).toContain('"expires_in":-2e-9,');
  });
});

describe('an owner', () => {
  test('sets, resets, updates and deletes', async () => {
    const { app, token } = await withBuilds();
    for (const asked of [
      { method: 'POST', headers: bearer(token), query: '' },
      { method: 'POST', headers: {}, query: `token=${token}` },
      // What is no Bearer token does not count.
      { method: 'POST', headers: { Authorization: 'Basic eDp5' }, query: `token=${token}` },
    ]) {
      const and = (query: string) => `?${query}&${asked.query}`;
      await expectAnswer(app, `/set/my-app/builds${and('value=15')}`, 200, { value: 15 }, asked);
      await expectAnswer(app, `/update/my-app/builds${and('value=5')}`, 200, { value: 20 }, asked);
      await expectAnswer(
        app,
        `/update/my-app/builds${and('value=-25')}`,
        200,
        { value: -5 },
        asked,
      );
      await expectAnswer(app, `/reset/my-app/builds${and('')}`, 200, { value: 0 }, asked);
    }
    const asked = { method: 'POST', headers: bearer(token) };
    const deleted = { status: 'ok', message: 'Deleted key: K:my-app:builds' };
    await expectAnswer(app, '/delete/my-app/builds', 200, deleted, asked);
    await expectAnswer(app, '/get/my-app/builds', 404, NO_KEY);
    await expectAnswer(app, '/delete/my-app/builds', 400, GENUINE, asked);
  });

  test('is checked before everything else', async () => {
    const { app, token } = await withBuilds();
    await call(app, '/hit/my-app/visits');
    for (const name of ['set', 'reset', 'update', 'delete']) {
      const post = { method: 'POST' };
      await expectAnswer(app, `/${name}/my-app/builds?value=x`, 400, NO_TOKEN, post);
      await expectAnswer(app, `/${name}/my-app/builds?value=x&token=`, 400, NO_TOKEN, post);
      const headers = bearer(token);
      for (const path of ['my-app/visits', 'my-app/none', 'my-app/ab', 'a%2Fb/c%00d']) {
        await expectAnswer(app, `/${name}/${path}?value=x`, 400, GENUINE, { ...post, headers });
      }
      for (const wrong of [`${token}x`, token.slice(1), token.toUpperCase(), 'wrong']) {
        const refused = { error: 'token is invalid' };
        await expectAnswer(app, `/${name}/my-app/builds?value=x`, 401, refused, {
          ...post,
          headers: bearer(wrong),
        });
        await expectAnswer(
          app,
          `/${name}/my-app/builds?value=x&token=${wrong}`,
          401,
          refused,
          post,
        );
      }
    }
    await expectAnswer(app, '/get/my-app/builds', 200, { value: 10 });
  });

  test('gets a message about an invalid value', async () => {
    const { app, token } = await withBuilds();
    const asked = { method: 'POST', headers: bearer(token) };
    const needed = {
      error: 'value is required, please provide a number in the fmt of ?value=NEW_VALUE',
    };
    for (const name of ['set', 'update']) {
      for (const query of ['', '?value='])
        await expectAnswer(app, `/${name}/my-app/builds${query}`, 400, needed, asked);
    }
    for (const value of ['x', '1.5', '1e2', `${2 ** 53}`]) {
      await expectAnswer(
        app,
        `/set/my-app/builds?value=${value}`,
        400,
        { error: 'value must be a number' },
        asked,
      );
      const error = 'value must be a number, this means no floats.';
      await expectAnswer(app, `/update/my-app/builds?value=${value}`, 400, { error }, asked);
    }
    for (const value of ['0', '-0', '00']) {
      const error =
        'changing value by 0 does nothing, please provide a non-zero value in the fmt of ?value=NEW_VALUE';
      await expectAnswer(app, `/update/my-app/builds?value=${value}`, 400, { error }, asked);
    }
    const far = `/update/my-app/builds?value=${Number.MAX_SAFE_INTEGER}`;
    await expectAnswer(app, far, 400, { error: expect.stringContaining('too large') }, asked);
    await expectAnswer(app, '/get/my-app/builds', 200, { value: 10 });
  });

  test('can use the same token in the API, and so can the owner of the installation here', async () => {
    const { app, token } = await withBuilds();
    const patch = await app.ask(
      '/api/v1/counters/my-app/builds',
      { ...bearer(token), 'Content-Type': 'application/json' },
      'PATCH',
      '{"value":3}',
    );
    expect(patch.status).toBe(200);
    const asked = { method: 'POST', headers: bearer(INSTALLATION) };
    await expectAnswer(app, '/update/my-app/builds?value=1', 200, { value: 4 }, asked);
    // Also with a counter that nobody owns; only then it may be that there is none.
    await call(app, '/hit/my-app/visits');
    await expectAnswer(app, '/set/my-app/visits?value=9', 200, { value: 9 }, asked);
    const missing = { error: 'Key does not exist, please use a different key.' };
    await expectAnswer(app, '/set/my-app/none?value=9', 409, missing, asked);
    await expectAnswer(app, '/reset/my-app/none', 409, missing, asked);
    const first = { error: 'Key does not exist, please first create it using /create.' };
    await expectAnswer(app, '/update/my-app/none?value=9', 409, first, asked);
    await expectAnswer(app, '/set/my-app/ab?value=9', 400, lengthOf('key'), asked);
    expect(await app.store.registry.size()).toBe(2);
  });

  test('of one counter has no rights on another', async () => {
    const { app, token } = await withBuilds();
    await call(app, '/create/my-app/other');
    for (const name of ['set', 'reset', 'update', 'delete']) {
      const asked = { method: 'POST', headers: bearer(token) };
      await expectAnswer(
        app,
        `/${name}/my-app/other?value=5`,
        401,
        { error: 'token is invalid' },
        asked,
      );
    }
    await expectAnswer(app, '/get/my-app/other', 200, { value: 0 });
  });
});

describe('shield', () => {
  /** The words on the badge and its colours. */
  const seen = (svg: string) => {
    const elements = elementsOf(svg);
    return {
      words: [...new Set(elements.flatMap(({ name, text }) => (name === 'text' ? text : [])))],
      fills: elements.flatMap(({ name, attributes }) =>
        name === 'rect' ? (attributes['fill'] ?? []) : [],
      ),
      groups: elements.flatMap(({ name, attributes }) =>
        name === 'g' ? (attributes['fill'] ?? []) : [],
      ),
      svg: elements[0]!.attributes,
      text: elements.find(({ attributes }) => attributes['font-family'])!.attributes,
    };
  };

  test('is a badge with the number, which counts or only reads', async () => {
    const { app } = await withBuilds();
    const hit = await call(app, '/hit/my-app/builds/shield');
    expect(hit.status).toBe(200);
    expect(seen(hit.body)).toMatchObject({
      words: ['counter', '11'],
      fills: expect.arrayContaining(['#007ec6']),
    });
    expect(hit.headers.get('Cache-Control')).toBe(
      'max-age=0, no-cache, no-store, must-revalidate',
    );
    const get = await call(app, '/get/my-app/builds/shield');
    expect(seen(get.body).words).toEqual(['counter', '11']);
    for (const { headers } of [hit, get]) {
      expect(headers.get('Content-Type')).toBe('image/svg+xml');
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
      expect(headers.get('Content-Security-Policy')).toBe(
        "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      );
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    }
    await expectAnswer(app, '/get/my-app/none/shield', 404, NO_KEY);
    await expectAnswer(app, '/hit/my-app/ab/shield', 400, lengthOf('key'));
  });

  test('is drawn as requested', async () => {
    const { app } = await withBuilds();
    const drawn = async (query: string) =>
      seen((await call(app, `/get/my-app/builds/shield?${query}`)).body);
    expect(await drawn('text=builds%20%3C3')).toMatchObject({ words: ['builds <3', '10'] });
    expect(await drawn('text=')).toMatchObject({ words: ['10'] });
    expect((await drawn('bgcolor=F50&textcolor=%23abcdef')).fills).toContain('#f50');
    expect((await drawn('bgcolor=fff&textcolor=%23abcdef')).groups).toContain('#abcdef');
    for (const style of ['flat', 'flat-square', 'plastic', 'FLAT', 'for-the-badge', 'nonsense']) {
      expect((await drawn(`style=${style}`)).words).toEqual(['counter', '10']);
      expect((await drawn(`style=${style}-simple`)).words).toEqual(['10']);
    }
    expect((await drawn('style=plastic')).svg['height']).toBe('18');
    expect((await drawn('fontsize=22')).svg['height']).toBe('40');
    for (const [size, height] of [
      ['3', '20'],
      ['3.1', '5.64'],
      ['x', '20'],
      ['', '20'],
      ['-5', '20'],
      ['100', '181.82'],
      ['1e9', '181.82'],
    ] as const) {
      expect({ size, height: (await drawn(`fontsize=${size}`)).svg['height'] }).toEqual({
        size,
        height,
      });
    }
    expect((await drawn('font=Courier-New')).text['font-family']).toStartWith('Courier New');
    expect((await drawn('font=arial-bold-italic')).text).toMatchObject({
      'font-weight': 'bold',
      'font-style': 'italic',
    });
    expect((await drawn('font=nonsense')).text['font-family']).toStartWith('Verdana');
  });

  test('has its default colours instead of invalid ones, and accepts any CSS colour', async () => {
    const { app } = await withBuilds();
    for (const query of ['bgcolor=nocolour', 'bgcolor=', 'textcolor=12', 'bgcolor=%3Cscript%3E']) {
      const { status, body } = await call(app, `/hit/my-app/builds/shield?${query}`);
      expect({ query, status, fills: seen(body).fills }).toEqual({
        query,
        status: 200,
        fills: expect.arrayContaining(['#007ec6']),
      });
    }
    const { body } = await call(
      app,
      '/get/my-app/builds/shield?bgcolor=rgb(1,2,3)&textcolor=Tomato',
    );
    expect(seen(body)).toMatchObject({
      fills: expect.arrayContaining(['#010203']),
      groups: expect.arrayContaining(['#ff6347']),
    });
    await expectAnswer(app, '/get/my-app/builds', 200, { value: 14 });
    expect(app.bugs).toEqual([]);
  });
});

describe('stats and healthcheck', () => {
  test('have Abacus’ keys and types', async () => {
    let now = 1_700_000_000_000;
    const app = setUp({ now: () => now });
    await call(app, '/create/my-app/builds');
    await call(app, '/hit/my-app/builds');
    await call(app, '/hit/my-app/builds/shield');
    await call(app, '/get/my-app/none');
    await call(app, '/get/my-app/builds');
    now += 5_025_500;
    await expectAnswer(app, '/stats', 200, {
      version: '1.2.3',
      uptime: '1h23m45.5s',
      db_uptime: '5025',
      db_version: 'memory',
      expired_keys__since_restart: '0',
      key_misses__since_restart: '1',
      commands: { total: 6, get: 2, hit: 2, create: 1 },
      total_keys: 1,
      shard: 'replica-7',
    });
    await expectAnswer(app, '/healthcheck', 200, { status: 'ok', uptime: '1h23m45.5s' });
    for (const [ms, text] of [
      [0, '0s'],
      [1, '1ms'],
      [999, '999ms'],
      [1000, '1s'],
      [59_999, '59.999s'],
      [60_000, '1m0s'],
      [3_600_000, '1h0m0s'],
      [-5, '0s'],
    ] as const) {
      now = 1_700_000_000_000 + ms;
      expect((await call(app, '/healthcheck')).json).toEqual({ status: 'ok', uptime: text });
    }
  });
});

describe('an unavailable store', () => {
  test('is reported with Abacus’ message and Retry-After', async () => {
    const { app, token } = await withBuilds();
    const away = () => Promise.reject(new AppError('store-unavailable', 'away, by the test'));
    const failed = async (path: string, error: string, asked: Asked = {}) => {
      await expectAnswer(app, path, 503, { error }, asked);
      expect((await call(app, path, asked)).headers.get('Retry-After')).toBe('1');
    };
    Object.assign(app.store.registry, { create: away, change: away, delete: away });
    const asked = { method: 'POST', headers: bearer(token) };
    await failed('/set/my-app/builds?value=1', 'Failed to set data. Try again later.', asked);
    await failed('/reset/my-app/builds', 'Failed to set data. Try again later.', asked);
    await failed('/delete/my-app/builds', 'Failed to set data. Try again later.', asked);
    Object.assign(app.store.registry, { describe: away });
    await failed('/set/my-app/builds?value=1', 'Failed to verify token. Try again later.', asked);
    await failed('/info/my-app/builds', 'Failed to get data. Try again later.');
    await failed('/create/my-app/other', 'Failed to get data. Try again later.');
  });

  test('is reported in the same way by a hit or a read', async () => {
    const app = setUp({ waitingMax: 1 });
    app.store.counting.steps.push(Promise.withResolvers<void>().promise);
    const hit = call(app, '/hit/my-app/builds');
    await Bun.sleep(5);
    await app.clock.pass(1000);
    const { status, json, headers } = await hit;
    expect({ status, json, retry: headers.get('Retry-After') }).toEqual({
      status: 503,
      json: { error: 'Failed to get data. Try again later.' },
      retry: '1',
    });
  });
});

describe('limits', () => {
  test('are reported with Abacus’ message, and apply to making counters too', async () => {
    const app = setUp({
      newCountersPerDay: 2,
      requestsPerMinute: 6,
      now: () => Date.UTC(2026, 10, 22),
    });
    await expectAnswer(app, '/hit/my-app/one', 200, { value: 1 });
    expect((await call(app, '/create/my-app/two', { method: 'POST' })).status).toBe(201);
    const error = expect.stringMatching(/^Too many requests\. Try again in \d+s$/);
    await expectAnswer(app, '/create/', 429, { error });
    await expectAnswer(app, '/hit/my-app/three', 429, { error });
    await expectAnswer(app, '/hit/my-app/two', 200, { value: 1 });
    expect(await app.store.registry.size()).toBe(2);
    await expectAnswer(app, '/get/my-app/one', 200, { value: 1 });
    const { headers } = await call(app, '/get/my-app/one');
    expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
    // What asks nothing of the store is not limited.
    expect((await call(app, '/')).status).toBe(200);
    expect((await call(app, '/nothing')).status).toBe(308);
  });
});

describe('a private counter', () => {
  test('counts everybody’s visits, and is shown to its owner', async () => {
    const { app, token } = await withBuilds();
    const found = await app.store.registry.describe('my-app/builds');
    await app.store.registry.change('my-app/builds', {
      rules: { ...found!.rules, private: true },
    });
    await expectAnswer(app, '/hit/my-app/builds', 200, { value: null });
    await expectAnswer(app, '/get/my-app/builds', 404, NO_KEY);
    await expectAnswer(app, '/get/my-app/builds/shield', 404, NO_KEY);
    const badge = await call(app, '/hit/my-app/builds/shield');
    expect(elementsOf(badge.body)[0]?.attributes['aria-label']).toBe('counter: private');
    const asked = { method: 'POST', headers: bearer(token) };
    await expectAnswer(app, '/update/my-app/builds?value=3', 200, { value: 15 }, asked);
    expect((await call(app, '/info/my-app/builds')).json).toMatchObject({
      value: -1,
      exists: false,
    });
    const wrong = { headers: bearer('wrong') };
    expect((await call(app, '/info/my-app/builds', wrong)).json).toMatchObject({
      value: -1,
      exists: false,
    });
    const own = { headers: bearer(token) };
    expect((await call(app, '/info/my-app/builds', own)).json).toMatchObject({
      value: 15,
      exists: true,
    });
  });
});

describe('on a host name of its own', () => {
  test('only the calls are served, at the root', async () => {
    const app = setUp({
      hosts: { 'abacus.example.com': 'abacus', 'count.example.com': 'countapi' },
    });
    for (const Host of ['abacus.example.com', 'ABACUS.example.com:8000', 'abacus.example.com.']) {
      const { status, body } = await app.ask('/hit/my-app/visits/shield', { Host });
      expect({ status, body: body.slice(0, 4) }).toEqual({ status: 200, body: '<svg' });
    }
    const Host = 'abacus.example.com';
    expect((await app.ask('/get/my-app/visits', { Host })).body).toBe('{"value":3}');
    expect((await app.ask('/', { Host })).body).toContain('<code>/hit/NAMESPACE/KEY</code>');
    for (const [path, status, location] of [
      ['/create/foo', 301, '/create/foo/'],
      ['/nothing', 308, '/'],
      ['//evil.example/', 308, '/'],
      ['/docs', 308, '/'],
      ['/api/v1/values?names=hits', 308, '/'],
      ['/abacus/hit/my-app/visits', 308, '/'],
    ] as const) {
      const { headers, ...answer } = await app.ask(path, { Host });
      expect({ path, status: answer.status, location: headers.get('Location') }).toEqual({
        path,
        status,
        location,
      });
    }
    // CountAPI has its own.
    expect(
      (await app.ask('/get/my-app/visits', { Host: 'count.example.com' })).headers.get('X-Path'),
    ).toBe('my-app/visits');
    expect((await app.ask('/', { Host: 'seen.test' })).body).toStartWith('Hello World!');
    expect(await app.store.counting.read(['my-app/visits'])).toEqual([3]);
  });
});

describe('any request', () => {
  const KEYS: Readonly<Record<string, readonly string[]>> = {
    hit: ['value'],
    get: ['value'],
    set: ['value'],
    reset: ['value'],
    update: ['value'],
    create: ['key', 'namespace', 'admin_key', 'value'],
    info: ['value', 'full_key', 'is_genuine', 'expires_in', 'expires_str', 'exists'],
    delete: ['status', 'message'],
    stats: [
      'version',
      'uptime',
      'db_uptime',
      'db_version',
      'expired_keys__since_restart',
      'key_misses__since_restart',
      'commands',
      'total_keys',
      'shard',
    ],
    healthcheck: ['status', 'uptime'],
  };
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('one', 'two', 'my-app') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('a', ':HOST:', ':PATH:', '', '%zz', '%00', '..', 'shield'),
    },
    { weight: 1, arbitrary: fc.string().map(encodeURIComponent) },
  );
  const value = fc.oneof(
    fc.integer().map(String),
    fc.maxSafeInteger().map(String),
    fc.string().map(encodeURIComponent),
    fc.constantFrom('fff', 'cb', '', '007ec6'),
  );
  const query = fc.array(
    fc.tuple(
      fc.constantFrom(
        'value',
        'initializer',
        'callback',
        'token',
        'bgcolor',
        'textcolor',
        'text',
        'style',
        'fontsize',
        'font',
      ),
      value,
    ),
    { maxLength: 3 },
  );
  const whose = fc.constantFrom('own', 'own', 'wrong', 'installation', 'none');
  const wild = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
    operation: fc.oneof(
      fc.constantFrom(...Object.keys(KEYS), 'stream'),
      fc.string({ maxLength: 5 }).map(encodeURIComponent),
    ),
    names: fc.array(name, { maxLength: 4 }),
    query,
    token: whose,
  });
  const writes = new Set(['set', 'reset', 'update', 'delete']);
  const sensible = fc
    .record({
      operation: fc.constantFrom(...Object.keys(KEYS)),
      names: fc.constantFrom(['my-app', 'one'], ['my-app', 'two'], ['my-app', 'one', 'shield']),
      value: fc.oneof(fc.integer({ min: -9, max: 9 }).map(String), value),
      token: whose,
    })
    .map((asked) => ({
      ...asked,
      method: writes.has(asked.operation) ? 'POST' : 'GET',
      names: asked.operation === 'stats' || asked.operation === 'healthcheck' ? [] : asked.names,
      query: [['value', asked.value] as const, ['initializer', asked.value] as const],
    }));
  const request = fc.oneof({ weight: 3, arbitrary: sensible }, { weight: 2, arbitrary: wild });

  test('is answered with Abacus’ keys, an error or a redirect, and never as a bug', async () => {
    const answered = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 15 }), async (requests) => {
        const app = setUp();
        let own = (await call(app, '/create/my-app/one')).json.admin_key as string;
        for (const { method, operation, names, query: pairs, token } of requests) {
          const path = `/${[operation, ...names].join('/')}?${pairs.map(([key, text]) => `${key}=${text}`).join('&')}`;
          // `..` in a path may lead out of Abacus.
          if (!new URL(`http://seen.test/abacus${path}`).pathname.startsWith('/abacus')) continue;
          const sent = { own, wrong: 'wrong', installation: INSTALLATION, none: '' }[token];
          const headers = sent === '' ? {} : bearer(sent);
          const response = await app.app.fetch(
            new Request(`http://seen.test/abacus${path}`, { method, headers }),
            PROXY,
          );
          const type = response.headers.get('Content-Type') ?? '';
          if (type === 'text/event-stream') {
            await response.body?.cancel();
            continue;
          }
          const body = await response.text();
          const { status } = response;
          expect({ path, bugs: app.bugs }).toEqual({ path, bugs: [] });
          const [called = ''] = /(?<=^\/abacus\/)\w+/.exec(app.requests.at(-1) ?? '') ?? [];
          answered.add(`${called} ${status}`);
          if (type.startsWith('image/svg')) elementsOf(body);
          if (!type.startsWith('application/json')) continue;
          const json = JSON.parse(body) as Record<string, unknown>;
          if (typeof json['admin_key'] === 'string') own = json['admin_key'];
          const keys = Object.keys(json);
          if (status < 300)
            expect({ path, keys }).toEqual({ path, keys: [...(KEYS[called] ?? ['?'])] });
          else expect({ path, keys }).toEqual({ path, keys: ['error'] });
          expect([200, 201, 400, 401, 404, 405, 409, 422]).toContain(status);
        }
      }),
      { numRuns: 500 },
    );
    // None of what was sent was too easy.
    expect([...answered]).toEqual(
      expect.arrayContaining(
        'hit 200,hit 308,get 200,get 404,create 201,create 400,create 409,info 200,set 200,set 400,set 401,set 404,reset 200,reset 401,reset 409,update 200,update 400,update 401,delete 200,delete 401,stats 200,healthcheck 200'.split(
          ',',
        ),
      ),
    );
  });
});
