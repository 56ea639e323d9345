/**
 * counterapi.dev, versions 1 and 2: the exact requests of its clients and of pages, who may do
 * what, mistakes, and names of any kind.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { INSTALLATION, setUp } from '../../../support/app.ts';

const NOW = Date.UTC(2026, 10, 29, 13, 30);
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const PREFETCH = { 'Sec-Purpose': 'prefetch' };

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp({ now: () => NOW, ...options });
  const call = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await app.ask(`/counterapi${path}`, headers, method);
    return { ...answer, json: answer.body === '' ? undefined : JSON.parse(answer.body) };
  };
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  /** Creates a counter with an owner, as a person does who moves here; returns the token. */
  const own = async (name: string, value: number) => {
    const made = await app.ask(
      '/api/v1/counters',
      { 'Content-Type': 'application/json' },
      'POST',
      JSON.stringify({ name, value }),
    );
    return JSON.parse(made.body).token as string;
  };
  return { ...app, call, total, own };
}

type Call = ReturnType<typeof begin>['call'];

/** That a call is answered so, with JSON and for pages of other sites. */
async function expectAnswer(
  call: Call,
  path: string,
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
) {
  const answer = await call(path, headers);
  expect({ path, status: answer.status, json: answer.json }).toMatchObject({ path, status, json });
  expect(answer.headers.get('Content-Type')).toStartWith('application/json');
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  return answer.json;
}

const MISSING_V1 = { code: 400, message: 'record not found' };
const MISSING_V2 = { code: '404', message: 'record not found' };

describe('version 1', () => {
  test('every URL of pages counts or reads, and the number is “count”', async () => {
    const { call, total } = begin();
    await expectAnswer(call, '/v1/lindoshorizontes/visitas/up', 200, { count: 1 });
    await expectAnswer(call, '/v1/lindoshorizontes/visitas/up', 200, { count: 2 });
    await expectAnswer(call, '/v1/lindoshorizontes/visitas/up?name=APITest', 200, { count: 3 });
    // With a slash at the end, without one, and as documented for setting, which only reads.
    for (const path of ['', '/', '/?count=10', '?_t=1767225600'])
      await expectAnswer(call, `/v1/lindoshorizontes/visitas${path}`, 200, { count: 3 });
    await expectAnswer(call, '/v1/my-site/day-20250101/up', 200, { count: 1 });
    expect(await total('lindoshorizontes/visitas')).toBe(3);
    expect(await total('my-site/day-20250101')).toBe(1);
  });

  test('a counter has the keys of the original, and always the same id', async () => {
    const { call } = begin();
    const json = await expectAnswer(call, '/v1/my-site/visits/up', 200, {});
    expect(json).toEqual({
      id: expect.any(Number),
      name: 'visits',
      count: 1,
      created_at: new Date(NOW).toISOString(),
      updated_at: new Date(NOW).toISOString(),
      namespace_id: expect.any(Number),
      namespace: {
        id: json.namespace_id,
        name: 'my-site',
        created_at: expect.stringMatching(ISO),
        updated_at: expect.stringMatching(ISO),
      },
    });
    const again = await expectAnswer(call, '/v1/my-site/visits/up', 200, {});
    expect(again).toMatchObject({ id: json.id, namespace_id: json.namespace_id });
    expect(Number.isSafeInteger(json.id)).toBe(true);
    expect((await call('/v1/my-site/others/up')).json.id).not.toBe(json.id);
  });

  test('the client counterapi 1.x gets what it maps: up, down, get, set, counts', async () => {
    const { call, own } = begin();
    const token = await own('my-site/visits', 41);
    const axios = { Accept: 'application/json', 'User-Agent': 'axios/1.4.0' };
    await expectAnswer(call, '/v1/my-site/visits/up', 200, { name: 'visits', count: 42 }, axios);
    await expectAnswer(call, '/v1/my-site/visits/', 200, { name: 'visits', count: 42 }, axios);
    const owner = { ...axios, ...bearer(token) };
    await expectAnswer(call, '/v1/my-site/visits/down', 200, { count: 41 }, owner);
    await expectAnswer(call, '/v1/my-site/visits/set?count=7', 200, { count: 7 }, owner);
    await expectAnswer(
      call,
      '/v1/my-site/visits/list?group_by=day&order_by=asc',
      200,
      // Up once and down once.
      [{ count: 0, date: '2026-11-29T00:00:00Z' }],
      axios,
    );
  });

  test('the list has the periods that the query asks for', async () => {
    let now = NOW;
    const { call } = begin({ now: () => now });
    await call('/v1/my-site/visits/up');
    now += 24 * 3_600_000;
    for (let n = 0; n < 2; n++) await call('/v1/my-site/visits/up');
    const days = [
      { count: 1, date: '2026-11-29T00:00:00Z' },
      { count: 2, date: '2026-11-30T00:00:00Z' },
    ];
    for (const query of ['', '?group_by=day', '?order_by=asc', '?order_by=drop%20table'])
      expect((await call(`/v1/my-site/visits/list${query}`)).json).toEqual(days);
    for (const query of ['?order_by=desc', '?group_by=day&order_by=DESC'])
      expect((await call(`/v1/my-site/visits/list${query}`)).json).toEqual(days.toReversed());
    for (const [group, dates] of [
      ['hour', ['2026-11-29T13:00:00Z', '2026-11-30T13:00:00Z']],
      ['week', ['2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z']],
      ['month', ['2026-11-01T00:00:00Z']],
      ['year', ['2026-01-01T00:00:00Z']],
    ] as const) {
      const { json } = await call(`/v1/my-site/visits/list?group_by=${group}`);
      expect(json.map(({ date }: { date: string }) => date)).toEqual(dates);
    }
    await expectAnswer(call, '/v1/my-site/nothing/list', 200, []);
  });

  test('mistakes are 400 with a number, and change nothing', async () => {
    const { call, total, own, store } = begin();
    await expectAnswer(call, '/v1/my-site/nothing/', 400, MISSING_V1);
    await expectAnswer(call, '/v1/my-site/nothing/down', 400, MISSING_V1);
    await expectAnswer(call, '/v1/my-site/nothing/set?count=3', 400, MISSING_V1);
    expect(await store.registry.size()).toBe(0);
    const owner = bearer(await own('my-site/visits', 5));
    for (const query of ['', '?count=', '?count=0', '?count=-1', '?count=1.5', '?count=abc']) {
      const path = `/v1/my-site/visits/set${query}`;
      await expectAnswer(call, path, 400, { code: 400 }, owner);
    }
    await expectAnswer(call, `/v1/my-site/visits/set?count=${'9'.repeat(20)}`, 400, {}, owner);
    for (const query of ['group_by=', 'group_by=minute', 'group_by=toString'])
      await expectAnswer(call, `/v1/my-site/visits/list?${query}`, 400, { code: 400 });
    expect(await total('my-site/visits')).toBe(5);
  });
});

describe('version 2', () => {
  test('the client counterapi 3.x gets what it expects: get, up, down, reset, stats', async () => {
    const { call, own } = begin();
    const token = await own('test/test', 4);
    const axios = {
      Accept: 'application/json, text/plain, */*',
      'User-Agent': 'axios/1.9.0',
      ...bearer(token),
    };
    const data = {
      id: expect.any(Number),
      name: 'test',
      slug: 'test',
      description: '',
      team_id: 0,
      user_id: 0,
      workspace_id: expect.any(Number),
      workspace_slug: 'test',
      created_at: expect.stringMatching(ISO),
      updated_at: expect.stringMatching(ISO),
    };
    const counted = (up_count: number) => ({
      code: '200',
      data: { ...data, up_count, down_count: 0 },
    });
    expect((await call('/v2/test/test', axios)).json).toEqual(counted(4));
    expect((await call('/v2/test/test/', axios)).json).toEqual(counted(4));
    expect((await call('/v2/test/test/up', axios)).json).toEqual(counted(5));
    expect((await call('/v2/test/test/up', axios)).json).toEqual(counted(6));
    expect((await call('/v2/test/test/down', axios)).json).toEqual(counted(5));
    const { json } = await call('/v2/test/test/stats', axios);
    expect(json).toMatchObject({
      code: '200',
      message: 'Counter stats retrieved successfully',
      data: {
        id: expect.any(Number),
        counter_id: json.data.id,
        up_count: 5,
        down_count: 0,
        stats: {
          today: { up: 1, down: 0 },
          this_week: { up: 1, down: 0 },
          temporal: {
            hours: { '13': { up: 1, down: 0 }, '07': { up: 0, down: 0 } },
            weekdays: { sunday: { up: 1, down: 0 }, monday: { up: 0, down: 0 } },
            quarters: { q4: { up: 1, down: 0 }, q1: { up: 0, down: 0 } },
          },
        },
      },
    });
    expect((await call('/v2/test/test/reset', axios)).json).toEqual({
      code: '200',
      message: 'Counter reset successfully',
      data,
    });
    expect((await call('/v2/test/test', axios)).json).toEqual(counted(0));
  });

  test('pages count without a key, with an old key, by POST, and on a new counter', async () => {
    const { call, total } = begin();
    const path = '/v2/octocats-team-1234/first-counter-1234';
    const shown = (up_count: number) => ({ code: '200', data: { up_count, down_count: 0 } });
    await expectAnswer(call, `${path}/up`, 200, shown(1), { Accept: 'application/json' });
    await expectAnswer(call, `${path}/up`, 200, shown(2), bearer('ut_OldKeyOfCounterapi'));
    const posted = await call(`${path}/up`, { 'Content-Type': 'application/json' }, 'POST');
    expect(posted).toMatchObject({ status: 200, json: shown(3) });
    await expectAnswer(call, `${path}?_t=1767225600`, 200, shown(3));
    expect(await total('octocats-team-1234/first-counter-1234')).toBe(3);
    // Pages that fall back to version 1 find the same number.
    const v1 = path.replace('v2', 'v1');
    await expectAnswer(call, `${v1}/up`, 200, { count: 4 });
  });

  test('a total below zero is the difference of both counts', async () => {
    const { call, own } = begin();
    await own('my-site/visits', -3);
    await expectAnswer(call, '/v2/my-site/visits', 200, { data: { up_count: 0, down_count: 3 } });
    await expectAnswer(call, '/v1/my-site/visits', 200, { count: -3 });
  });

  test('mistakes have their status as text', async () => {
    const { call } = begin();
    for (const path of ['', '/', '/stats', '/down', '/reset'])
      await expectAnswer(call, `/v2/my-site/nothing${path}`, 404, MISSING_V2);
    // Version 2 has neither of these.
    await call('/v2/my-site/visits/up');
    for (const path of ['/set?count=500', '/list'])
      await expectAnswer(call, `/v2/my-site/visits${path}`, 404, { code: '404' });
  });
});

describe('only its owner may lower or set a counter', () => {
  const CHANGES = ['/v1/X/down', '/v1/X/set?count=9', '/v2/X/down', '/v2/X/reset'].map((path) =>
    path.replace('X', 'my-site/visits'),
  );

  test('nobody may without a token, or with that of another counter', async () => {
    const { call, own, total } = begin();
    await own('my-site/visits', 5);
    const another = await own('my-site/others', 1);
    for (const path of CHANGES) {
      const { headers } = await call(path);
      expect(headers.get('WWW-Authenticate')).toBe('Bearer');
      await expectAnswer(call, path, 401, { code: '401', message: expect.any(String) });
      for (const token of [another, 'ut_OldKeyOfCounterapi', 'x'])
        await expectAnswer(call, path, 401, { code: '401' }, bearer(token));
    }
    expect(await total('my-site/visits')).toBe(5);
  });

  test('a counter that a first hit created is changed by the installation’s token only', async () => {
    const { call, total } = begin();
    await call('/v1/my-site/visits/up');
    for (const path of CHANGES) await expectAnswer(call, path, 401, { code: '401' });
    for (const [path, after] of [
      ['/v1/my-site/visits/set?count=9', 9],
      ['/v1/my-site/visits/down', 8],
      ['/v2/my-site/visits/down', 7],
      ['/v2/my-site/visits/reset', 0],
    ] as const) {
      await expectAnswer(call, path, 200, {}, bearer(INSTALLATION));
      expect(await total('my-site/visits')).toBe(after);
    }
  });

  test('everybody may where the counter was created so', async () => {
    const { ask, call, total } = begin();
    await ask('/countapi/create?namespace=my-site&key=visits&value=5&enable_reset=1');
    await expectAnswer(call, '/v1/my-site/visits/down', 200, { count: 4 });
    await expectAnswer(call, '/v2/my-site/visits/down', 200, { data: { up_count: 3 } });
    await expectAnswer(call, '/v1/my-site/visits/set?count=9', 200, { count: 9 });
    await expectAnswer(call, '/v2/my-site/visits/reset', 200, { code: '200' });
    expect(await total('my-site/visits')).toBe(0);
    // Without enable_reset: only down.
    await ask('/countapi/create?namespace=my-site&key=likes&value=5');
    await expectAnswer(call, '/v1/my-site/likes/down', 200, { count: 4 });
    await expectAnswer(call, '/v1/my-site/likes/set?count=9', 401, {});
    await expectAnswer(call, '/v2/my-site/likes/reset', 401, {});
  });

  test('down stops at zero', async () => {
    const { call, own, total } = begin();
    const owner = bearer(await own('my-site/visits', 1));
    for (let n = 0; n < 3; n++)
      await expectAnswer(call, '/v1/my-site/visits/down', 200, { count: 0 }, owner);
    await expectAnswer(call, '/v2/my-site/visits/down', 200, { data: { up_count: 0 } }, owner);
    expect(await total('my-site/visits')).toBe(0);
    await own('my-site/debts', -3);
    await expectAnswer(call, '/v1/my-site/debts/down', 200, { count: -3 }, bearer(INSTALLATION));
  });

  test('POST does what GET does in version 2', async () => {
    const { call, own, total } = begin();
    const owner = bearer(await own('my-site/visits', 5));
    expect((await call('/v2/my-site/visits/down', owner, 'POST')).status).toBe(200);
    expect(await total('my-site/visits')).toBe(4);
    expect((await call('/v2/my-site/visits/reset', {}, 'POST')).status).toBe(401);
    expect((await call('/v2/my-site/visits/reset', owner, 'POST')).status).toBe(200);
    expect(await total('my-site/visits')).toBe(0);
  });
});

describe('what does not count', () => {
  test('HEAD changes nothing, and has the headers of GET', async () => {
    const { call, own, total } = begin();
    const owner = bearer(await own('my-site/visits', 5));
    const V1 = ['', '/', '/up', '/down', '/set?count=9', '/list'].map((path) => `/v1/X${path}`);
    const V2 = ['', '/', '/up', '/down', '/reset', '/stats'].map((path) => `/v2/X${path}`);
    for (const path of [...V1, ...V2].map((each) => each.replace('X', 'my-site/visits'))) {
      const { status, headers, body } = await call(path, owner, 'HEAD');
      expect({ path, status, body }).toEqual({ path, status: 200, body: '' });
      expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    }
    expect(await total('my-site/visits')).toBe(5);
  });

  test('a prefetch is refused, also by the calls that set', async () => {
    const { ask, call, total } = begin();
    await ask('/countapi/create?namespace=my-site&key=visits&value=5&enable_reset=1');
    for (const path of ['/v1/X/up', '/v1/X/down', '/v1/X/set?count=9', '/v2/X/up', '/v2/X/reset'])
      await expectAnswer(
        call,
        path.replace('X', 'my-site/visits'),
        503,
        { code: '503' },
        PREFETCH,
      );
    expect(await total('my-site/visits')).toBe(5);
  });

  test('a browser that is excluded gets the number', async () => {
    const { call, total } = begin();
    await call('/v1/my-site/visits/up');
    const excluded = { Cookie: 'seen_own_visits=out' };
    await expectAnswer(call, '/v1/my-site/visits/up', 200, { count: 1 }, excluded);
    await expectAnswer(call, '/v1/my-site/another/up', 200, { count: 0 }, excluded);
    expect(await total('my-site/visits')).toBe(1);
    expect(await total('my-site/another')).toBeUndefined();
  });

  test('a request that is repeated with its key counts once', async () => {
    const { call, own, total } = begin();
    const owner = bearer(await own('my-site/visits', 5));
    for (let n = 0; n < 2; n++) {
      const key = { 'Idempotency-Key': 'up' };
      await expectAnswer(call, '/v2/my-site/visits/up', 200, { data: { up_count: 6 } }, key);
    }
    for (let n = 0; n < 2; n++) {
      const key = { 'Idempotency-Key': 'down', ...owner };
      await expectAnswer(call, '/v1/my-site/visits/down', 200, { count: 5 }, key);
    }
    expect(await total('my-site/visits')).toBe(5);
  });
});

test('a private counter shows its number only to its owner', async () => {
  const { call, own, total, store } = begin();
  const owner = bearer(await own('my-site/visits', 41));
  await store.registry.change('my-site/visits', { rules: { private: true } });
  await expectAnswer(call, '/v1/my-site/visits/', 400, MISSING_V1);
  await expectAnswer(call, '/v2/my-site/visits', 404, MISSING_V2);
  await expectAnswer(call, '/v2/my-site/visits/stats', 404, MISSING_V2);
  expect((await call('/v1/my-site/visits/up')).json.count).toBeNull();
  const { data } = (await call('/v2/my-site/visits/up')).json;
  expect([data.up_count, data.down_count]).toEqual([null, null]);
  expect((await call('/v1/my-site/visits/list')).json).toEqual([]);
  await expectAnswer(call, '/v1/my-site/visits/', 200, { count: 43 }, owner);
  await expectAnswer(call, '/v2/my-site/visits/up', 200, { data: { up_count: 44 } }, owner);
  await expectAnswer(call, '/v2/my-site/visits/stats', 200, { data: { up_count: 44 } }, owner);
  await expectAnswer(call, '/v1/my-site/visits/down', 200, { count: 43 }, owner);
  expect((await call('/v1/my-site/visits/list', owner)).json).toHaveLength(1);
  // Everybody may lower and set it.
  const rules = { private: true, lowest: -1, settable: true };
  await store.registry.change('my-site/visits', { rules });
  for (const path of ['down', 'set?count=1', 'down', 'down'])
    expect((await call(`/v1/my-site/visits/${path}`)).json.count).toBeNull();
  expect(await total('my-site/visits')).toBe(0);
});

test('a closed Seen counts on existing counters and creates none', async () => {
  const { call, store } = begin({ closed: true });
  await expectAnswer(call, '/v1/my-site/visits/up', 400, MISSING_V1);
  await expectAnswer(call, '/v2/my-site/visits/up', 404, MISSING_V2);
  expect(await store.registry.size()).toBe(0);
  await store.registry.create('my-site/visits', { total: 5, madeAt: 0, owner: '' });
  await expectAnswer(call, '/v1/my-site/visits/up', 200, {
    count: 6,
    created_at: '1970-01-01T00:00:00.000Z',
  });
});

test('health checks are answered, and unknown paths say so', async () => {
  const { call, ask } = begin();
  for (const path of ['/v1', '/v1/', '/health', '/health/']) {
    const { json } = await call(path);
    expect(json).toEqual({ status: 200, message: 'Operational' });
  }
  for (const path of ['/', '/v1/my-site', '/v1/my-site/', '/v3/my-site/visits/up', '/v1/a/b/c/d'])
    await expectAnswer(call, path, 404, {
      code: '404',
      message: expect.stringContaining('page not found'),
    });
  const posted = await call('/v1/my-site/visits/up', {}, 'POST');
  expect(posted).toMatchObject({ status: 405, json: { code: '405' } });
  const preflight = await ask('/counterapi/v2/my-site/visits/up', {}, 'OPTIONS');
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
});

test('a slash behind a call leads to the call, on the same host', async () => {
  const { call, ask } = begin({ hosts: { 'api.example.com': 'counterapi' } });
  const { status, headers } = await call('/v1/my-site/visits/up/?a=b');
  expect(status).toBe(301);
  expect(headers.get('Location')).toBe('/counterapi/v1/my-site/visits/up?a=b');
  const own = await ask('/v2/my%20site/visits/stats/', { Host: 'api.example.com' });
  expect(own.headers.get('Location')).toBe('/v2/my%20site/visits/stats');
  for (const path of ['//evil.example/v1/a/b/up/', '/v1//evil.example/up/', '/v1/a/b/..%2f/'])
    for (const host of [{}, { Host: 'api.example.com' }])
      expect((await ask(path, host)).status).toBe(404);
});

test('limits are told as everywhere, in the form of counterapi.dev', async () => {
  const { call } = begin({ requestsPerMinute: 1 });
  await call('/v1/my-site/visits/up');
  const { status, headers, json } = await call('/v1/my-site/visits/up');
  expect({ status, json }).toMatchObject({ status: 429, json: { code: '429' } });
  expect(headers.get('Retry-After')).not.toBeNull();
  const tooLong = await begin().call(`/v1/my-site/${'x'.repeat(3000)}/up`);
  expect(tooLong).toMatchObject({ status: 414, json: { code: '414' } });
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'api.example.com': 'counterapi' } });
  const { body } = await ask('/v1/my-site/visits/up', { Host: 'api.example.com' });
  expect(JSON.parse(body)).toMatchObject({ count: 1 });
});

describe('names', () => {
  test('that are no names of Seen have counters, too, and markup in them stays JSON', async () => {
    const { call, total } = begin();
    const evil = '"><img src=x onerror=alert(1)>';
    for (const [namespace, name] of [
      ['ns', 'hi'],
      ['dRcLoD', 'site é'],
      ['my site', evil],
      ['x'.repeat(100), '访问'],
    ] as const) {
      const path = `/v1/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
      const json = await expectAnswer(call, `${path}/up`, 200, { count: 1, name });
      expect(json.namespace.name).toBe(namespace);
      const { headers } = await call(path);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      await expectAnswer(call, path, 200, { count: 1 });
    }
    expect(await total('ns/hi')).toBeUndefined();
    expect((await call('/v1/a%2Fb/visits/up')).status).toBe(404);
  });

  test('of any kind are counted, or refused without a bug', async () => {
    const { call, bugs } = begin();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.constantFrom('up', 'down', 'set?count=1', 'list', 'stats', 'reset', ''),
        fc.constantFrom('v1', 'v2'),
        async (name, operation, version) => {
          const part = encodeURIComponent(name.toWellFormed());
          const { status } = await call(`/${version}/my-site/${part}/${operation}`);
          expect([200, 400, 401, 404]).toContain(status);
        },
      ),
      { numRuns: 100 },
    );
    expect(bugs).toEqual([]);
  });
});
