/**
 * Rate limits on the public surface: which requests are limited, what clients are told, and that
 * nobody is limited when the store does not answer.
 */
import { describe, expect, test } from 'bun:test';
import { DAY_MS } from '../../../../src/contract/history.ts';
import type { Verdict } from '../../../../src/contract/limiter.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { AppError } from '../../../../src/counter/errors.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';
import { settle } from '../../../support/manual-clock.ts';

const TYPE = { 'Content-Type': 'application/json' };
const from = (address: string) => ({ 'X-Forwarded-For': address });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** An app with limits, of which the test owns the time. */
function begin(options: Parameters<typeof setUp>[0]) {
  let now = Date.UTC(2026, 10, 22, 12);
  const app = setUp({ ...options, now: () => now });
  const asked = { takes: 0, visitors: 0, names: 0 };
  const { limiter, registry } = app.store;
  const [take, look] = [limiter.take.bind(limiter), registry.describe.bind(registry)];
  limiter.take = (wanted) => {
    asked.takes++;
    asked.visitors += wanted.length;
    return take(wanted);
  };
  registry.describe = (name) => {
    asked.names++;
    return look(name);
  };
  return {
    ...app,
    asked,
    pass: async (ms: number) => {
      now += ms;
      await app.clock.pass(ms);
    },
    statuses: async (paths: readonly string[], headers: Record<string, string> = {}) => {
      const statuses: number[] = [];
      for (const path of paths) statuses.push((await app.ask(path, headers)).status);
      return statuses;
    },
    make: (name: string, headers: Record<string, string> = {}) =>
      app.ask('/api/v1/counters', { ...TYPE, ...headers }, 'POST', JSON.stringify({ name })),
  };
}
const times = (count: number, path: string) => Array.from({ length: count }, () => path);

describe('requests', () => {
  test('are answered up to the limit and not once more, and each response says what is left', async () => {
    const { ask, hits } = begin({ requestsPerMinute: 3 });
    for (const remaining of [2, 1, 0]) {
      const { status, headers } = await ask('/');
      expect({
        status,
        left: headers.get('RateLimit'),
        policy: headers.get('RateLimit-Policy'),
      }).toEqual({
        status: 200,
        left: `"requests";r=${remaining};t=20`,
        policy: '"requests";q=3;w=60',
      });
    }
    const { status, headers, body } = await ask('/');
    expect({
      status,
      left: headers.get('RateLimit'),
      policy: headers.get('RateLimit-Policy'),
    }).toEqual({
      status: 429,
      left: '"requests";r=0;t=20',
      policy: '"requests";q=3;w=60',
    });
    expect(headers.get('Retry-After')).toBe('20');
    expect(body).toBe(
      'More than 3 requests a minute came from your address. Nothing was counted or done. Try again in 20 s. (rate-limited)\n',
    );
    expect(await hits()).toBe(3);
  });

  test('are answered again after Retry-After, and not before', async () => {
    const { ask, pass } = begin({ requestsPerMinute: 40 });
    for (let n = 0; n < 40; n++) await ask('/');
    const refused = await ask('/');
    // One and a half seconds, rounded up.
    expect({ status: refused.status, retry: refused.headers.get('Retry-After') }).toEqual({
      status: 429,
      retry: '2',
    });
    await pass(1499);
    expect((await ask('/')).status).toBe(429);
    await pass(1);
    expect((await ask('/')).status).toBe(200);
    expect((await ask('/')).status).toBe(429);
  });

  test('are limited for each IPv4 address and IPv6 network, whatever the user agent', async () => {
    const { statuses } = begin({ requestsPerMinute: 1 });
    for (const address of [
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8:1:2::1',
      '2001:db8:1:3::1',
      '2001:db8::1',
    ]) {
      expect(await statuses(times(2, '/'), from(address))).toEqual([200, 429]);
    }
    for (const address of [
      '2001:db8:1:2::2',
      '2001:DB8:0001:0002:ffff::',
      '2001:db8:0:0:1::',
      '2001:db8::1:2:3:4',
      '2001:db8::192.0.2.1',
      '::ffff:192.0.2.1',
    ]) {
      expect({ address, is: await statuses(['/'], from(address)) }).toEqual({
        address,
        is: [429],
      });
    }
    const browser = {
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
    };
    expect(await statuses(['/'], { ...from('192.0.2.1'), ...browser })).toEqual([429]);
  });

  test('are limited on all routes that use the store, and on no others', async () => {
    const described = JSON.parse((await setUp().ask('/openapi.json')).body) as {
      paths: Record<string, object>;
    };
    const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [
        method.toUpperCase(),
        path.replaceAll(/\{\w+\}/g, 'name'),
      ]),
    );
    const limited = [
      ...operations,
      ...['/', '/hit/some/name', '/get/some/name'].flatMap((path) => [
        ['GET', path],
        ['HEAD', path],
      ]),
      ...['get', 'set', 'update', 'hit', 'create', 'info', 'stats'].map((call) => [
        'GET',
        `/countapi/${call}/x`,
      ]),
    ];
    expect(limited.length).toBeGreaterThan(20);
    for (const [method = '', path = ''] of limited) {
      const { ask } = begin({ requestsPerMinute: 1 });
      await ask('/');
      expect({ method, path, status: (await ask(path, {}, method)).status }).toEqual({
        method,
        path,
        status: 429,
      });
    }
    const { ask, asked } = begin({ requestsPerMinute: 1 });
    await ask('/');
    for (const [method, path, wanted] of [
      ['OPTIONS', '/', 204],
      ['OPTIONS', '/api/v1/values', 204],
      ['OPTIONS', '/countapi/hit/x', 204],
      ['GET', '/favicon.ico', 204],
      ['GET', '/openapi.json', 200],
      ['GET', '/api', 200],
      ['GET', '/nothing', 404],
      ['GET', '/countapi/nothing', 404],
      ['POST', '/', 405],
      ['PUT', '/api/v1/values', 405],
    ] as const) {
      const { status, headers } = await ask(path, {}, method);
      expect({ path, status, left: headers.get('RateLimit') }).toEqual({
        path,
        status: wanted,
        left: null,
      });
    }
    expect(asked.takes).toBe(1);
  });

  test('that are refused get an error in the form of each surface, also for pages of other sites', async () => {
    const { ask } = begin({ requestsPerMinute: 1 });
    await ask('/');
    const detail = expect.stringMatching(/^More than 1 request .* Try again in 60 s\.$/);
    const problem = {
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail,
      code: 'rate-limited',
    };
    for (const [path, accept, type, body] of [
      ['/', 'application/json', 'application/json', { error: detail, code: 'rate-limited' }],
      ['/hit/some/name', '*/*', 'application/json', { error: detail, code: 'rate-limited' }],
      ['/api/v1/default', '*/*', 'application/problem+json', problem],
      ['/countapi/hit/name', '*/*', 'application/json', { error: detail }],
    ] as const) {
      const answer = await ask(path, { Accept: accept });
      expect({ path, status: answer.status, type: answer.headers.get('Content-Type') }).toEqual({
        path,
        status: 429,
        type,
      });
      expect(JSON.parse(answer.body)).toEqual(body);
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
      for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After']) {
        expect(answer.headers.get(name)).not.toBeNull();
        expect(answer.headers.get('Access-Control-Expose-Headers')?.split(', ')).toContain(name);
      }
    }
    // A script that is answered 429 is not run, and the page would never hear of it.
    const script = await ask('/countapi/hit/name?callback=show');
    expect({ status: script.status, retry: script.headers.get('Retry-After') }).toEqual({
      status: 200,
      retry: '60',
    });
    expect(script.body).toMatch(/^\/\*\*\/show\(\{"error":"More than 1 .*","code":429\}\);$/);
    expect((await ask('/countapi/hit/name?img')).status).toBe(429);
  });

  test('of the installation’s owner are not limited, but those with a guessed token are', async () => {
    const { statuses, ask, asked } = begin({ requestsPerMinute: 2 });
    expect(await statuses(times(9, '/api/v1/default'), bearer(INSTALLATION))).toEqual(
      Array(9).fill(200),
    );
    expect((await ask('/', bearer(INSTALLATION))).headers.get('RateLimit-Policy')).toBeNull();
    expect(asked.takes).toBe(0);
    expect(await statuses(times(3, '/api/v1/counters'), bearer('guessed'))).toEqual([
      401, 401, 429,
    ]);
  });

  test('of one turn share one call of the store; refused ones cost the store nothing until the next is available', async () => {
    const { ask, asked, pass } = begin({ requestsPerMinute: 6 });
    await ask('/');
    expect(asked).toMatchObject({ takes: 1, visitors: 1 });
    const many = Array.from({ length: 20 }, (_, n) => ask('/', from(`192.0.2.${n}`)));
    expect((await Promise.all(many)).every(({ status }) => status === 200)).toBe(true);
    expect(asked).toMatchObject({ takes: 2, visitors: 21 });
    for (let n = 0; n < 6; n++) await ask('/');
    const before = { ...asked };
    for (let n = 0; n < 50; n++) expect((await ask('/')).status).toBe(429);
    await pass(9999);
    expect((await ask('/')).headers.get('Retry-After')).toBe('1');
    expect(asked).toEqual(before);
    await pass(1);
    expect((await ask('/')).status).toBe(200);
    expect(asked.takes).toBe(before.takes + 1);
  });

  test('cost the store nothing up to one second’s share of an address, and then one call for all of them', async () => {
    const { ask, asked, statuses } = begin({ requestsPerMinute: 600 });
    for (let n = 1; n <= 10; n++)
      expect((await ask('/')).headers.get('RateLimit')).toBe(`"requests";r=${600 - n};t=1`);
    for (let n = 0; n < 100; n++) await ask('/', from(`198.51.100.${n}`));
    expect(asked.takes).toBe(0);
    expect((await ask('/')).headers.get('RateLimit')).toBe('"requests";r=589;t=1');
    expect(asked).toMatchObject({ takes: 1, visitors: 1 });
    const all = await statuses(times(600, '/'));
    expect(all).toEqual([...Array(589).fill(200), ...Array(11).fill(429)]);
    expect(asked.takes).toBeLessThan(1 + 589 / 10 + 60);
  });

  test('of an address are those of another visitor on the next day', async () => {
    const { ask, statuses, pass } = begin({ requestsPerMinute: 600 });
    await pass(DAY_MS / 2 - 1);
    expect(await statuses(times(601, '/'))).toEqual([...Array(600).fill(200), 429]);
    await pass(1);
    expect((await ask('/')).headers.get('RateLimit')).toBe('"requests";r=599;t=1');
  });

  test('are not limited by default: no header says so, and the store is not used', async () => {
    const { ask, asked, make } = begin({});
    for (const path of times(50, '/hit/some/name')) {
      const { status, headers } = await ask(path);
      expect({ status, policy: headers.get('RateLimit-Policy') }).toEqual({
        status: 200,
        policy: null,
      });
    }
    expect((await make('another/name')).status).toBe(201);
    expect(asked).toEqual({ takes: 0, visitors: 0, names: 0 });
  });
});

describe('when the store does not answer', () => {
  test('everybody is allowed, at once after an error and after 250 ms of silence, and it is counted', async () => {
    const { ask, store, pass, letThrough } = begin({ requestsPerMinute: 2 });
    await ask('/');
    expect((await ask('/', from('192.0.2.1'))).status).toBe(200);
    store.limiter.take = () =>
      Promise.reject(new AppError('store-unavailable', 'made by the test'));
    const open = await ask('/');
    expect({ status: open.status, left: open.headers.get('RateLimit') }).toEqual({
      status: 200,
      left: null,
    });
    expect(open.headers.get('RateLimit-Policy')).toBe('"requests";q=2;w=60');
    expect(letThrough()).toBe(1);

    let answer: (verdicts: readonly Verdict[]) => void = () => undefined;
    store.limiter.take = () => new Promise((resolve) => (answer = resolve));
    let answered = 0;
    const count = () => answered++;
    const first = ask('/').then(count);
    await settle();
    const second = ask('/').then(count);
    await pass(249);
    await settle();
    expect(answered).toBe(0);
    await pass(1);
    await Promise.all([first, second]);
    // As long as that call has not ended nobody waits for another.
    expect((await ask('/')).status).toBe(200);
    expect(letThrough()).toBe(4);
    answer([]);
    await settle();
    store.limiter.take = async () => [{ allowed: false, remaining: 0, nextMs: 5000 }];
    expect((await ask('/')).status).toBe(429);
    expect(letThrough()).toBe(4);
  });

  test('an address that has used its quota stays refused until more is there', async () => {
    const { ask, store, pass, letThrough } = begin({ requestsPerMinute: 1 });
    await ask('/');
    store.limiter.take = () => new Promise(() => undefined);
    expect((await ask('/')).headers.get('Retry-After')).toBe('60');
    await pass(59_999);
    expect((await ask('/')).status).toBe(429);
    await pass(1);
    const open = ask('/');
    await pass(250);
    expect((await open).status).toBe(200);
    expect(letThrough()).toBe(1);
  });

  test('requests that need no verdict of the store are answered as ever', async () => {
    const { ask, store, letThrough } = begin({ requestsPerMinute: 120 });
    store.limiter.take = () =>
      Promise.reject(new AppError('store-unavailable', 'made by the test'));
    for (const left of ['"requests";r=119;t=1', '"requests";r=118;t=1', null])
      expect((await ask('/')).headers.get('RateLimit')).toBe(left);
    expect(letThrough()).toBe(1);
  });

  test('without the day’s salt nobody is limited, and nobody waits longer', async () => {
    const { ask, store, pass, letThrough } = begin({ requestsPerMinute: 1, newCountersPerDay: 1 });
    store.history.salt = () =>
      Promise.reject(new AppError('store-unavailable', 'made by the test'));
    for (let n = 0; n < 3; n++) expect((await ask('/get/some/name')).status).toBe(404);
    store.history.salt = () => new Promise(() => undefined);
    await pass(1000);
    const answer = ask('/get/some/name');
    await pass(250);
    expect((await answer).status).toBe(404);
    expect(letThrough()).toBe(4);
  });

  test('keys and new counters are allowed as often as for one address, and then not counted', async () => {
    const { ask, store, pass, hits, letThrough } = begin({ newCountersPerDay: 2, keysPerDay: 3 });
    const answers = new Set(['/hit/some/page']);
    await ask('/hit/some/page');
    const take = store.limiter.take.bind(store.limiter);
    store.limiter.take = () =>
      Promise.reject(new AppError('store-unavailable', 'made by the test'));
    const statusesFrom = async (path: (n: number) => string, key?: string) => {
      const statuses: number[] = [];
      for (let n = 0; n < 5; n++) {
        const headers = {
          ...from(`192.0.2.${n}`),
          ...(key ? { 'Idempotency-Key': `${key}-${n}` } : {}),
        };
        const { status, headers: told } = await ask(path(n), headers);
        if (status === 503) expect(told.get('Retry-After')).toBe('1');
        if (status === 200) answers.add(path(n));
        statuses.push(status);
      }
      return statuses;
    };
    expect(await statusesFrom((n) => `/hit/flood/name-${n}`)).toEqual([200, 200, 503, 503, 503]);
    expect(await statusesFrom(() => '/', 'key')).toEqual([200, 200, 200, 503, 503]);
    expect(letThrough()).toBe(10);
    expect(await hits()).toBe(3);
    // What there is goes on, and without a key everything.
    expect(await statusesFrom(() => '/hit/flood/name-1')).toEqual(Array(5).fill(200));
    expect(await store.registry.size()).toBe(answers.size);
    // It comes back evenly: a key every eight hours.
    await pass(DAY_MS / 3);
    expect(await statusesFrom(() => '/', 'later')).toEqual([200, 503, 503, 503, 503]);
    store.limiter.take = take;
    expect(await statusesFrom(() => '/', 'back')).toEqual(Array(5).fill(200));
  });
});

describe('new counters', () => {
  test('can be made up to the limit and not one more, on every surface', async () => {
    for (const way of [
      '/hit/NAME',
      '/api/v1/counters/NAME/hit',
      '/countapi/hit/NAME',
      '/countapi/create/NAME',
      'make',
    ]) {
      const { ask, make, store } = begin({ newCountersPerDay: 2 });
      const one = (name: string) =>
        way === 'make'
          ? make(name)
          : ask(way.replace('NAME', name), {}, way.endsWith('/hit') ? 'POST' : 'GET');
      const first = await one('some/first');
      expect({ way, left: first.headers.get('RateLimit') }).toEqual({
        way,
        left: '"new-counters";r=1;t=43200',
      });
      expect((await one('some/second')).status).toBeLessThan(300);
      const refused = await one('some/third');
      expect({ status: refused.status, retry: refused.headers.get('Retry-After') }).toEqual({
        status: 429,
        retry: '43200',
      });
      expect(refused.body).toContain(
        'There is no counter some/third, and your address has made 2 new counters, the maximum per day.',
      );
      expect(await store.counting.read(['some/first', 'some/third'])).toEqual([
        expect.any(Number),
        undefined,
      ]);
    }
  });

  test('are limited, and existing ones count on, for everybody', async () => {
    const { ask, statuses, pass } = begin({ newCountersPerDay: 1 });
    expect(await statuses(['/hit/some/page', '/hit/some/other'])).toEqual([200, 429]);
    expect(await statuses([...times(9, '/hit/some/page'), ...times(9, '/')])).toEqual(
      Array(18).fill(200),
    );
    expect((await ask('/hit/some/page', from('192.0.2.1'))).body).toBe('{"value":11}');
    expect(await statuses(['/hit/some/other', '/hit/some/other'], from('192.0.2.1'))).toEqual([
      200, 200,
    ]);
    expect(await statuses(['/hit/some/other'])).toEqual([200]);
    // At midnight, when everybody is somebody new.
    await pass(DAY_MS / 2 - 1);
    expect(await statuses(['/hit/some/third'])).toEqual([429]);
    await pass(1);
    expect(await statuses(['/hit/some/third', '/hit/some/fourth'])).toEqual([200, 429]);
  });

  test('that already exist use no quota, and neither do requests that fail for another reason', async () => {
    const { make, statuses } = begin({ newCountersPerDay: 2 });
    expect((await make('some/page')).status).toBe(201);
    for (let n = 0; n < 5; n++) expect((await make('some/page')).status).toBe(409);
    expect(
      await statuses(['/hit/a/b', '/get/some/none', '/countapi/create?update_upperbound=-1']),
    ).toEqual([400, 404, 400]);
    expect((await make('some/second')).status).toBe(201);
  });

  test('cost hits on existing counters nothing: these are one commit each', async () => {
    const { statuses, store, asked } = begin({ newCountersPerDay: 1, keysPerDay: 1 });
    const draft = { total: 0, madeAt: 0, owner: 'somebody', rules: { ...RULES, private: true } };
    await store.registry.create('some/secret', draft);
    expect(await statuses([...times(9, '/hit/some/secret'), ...times(9, '/')])).toEqual(
      Array(18).fill(200),
    );
    expect(asked).toEqual({ takes: 0, visitors: 0, names: 0 });
    expect(store.counting.asked.flatMap(({ changes }) => changes)).toHaveLength(18);
  });

  test('share one quota when addresses are hidden, also on another day', async () => {
    const { ask, statuses, pass } = begin({ newCountersPerDay: 2, addressesHidden: true });
    const hits = (word: string) =>
      Promise.all(
        [1, 2, 3].map(
          async (n) => (await ask(`/hit/${word}/name-${n}`, from(`192.0.2.${n}`))).status,
        ),
      );
    expect(await hits('flood')).toEqual([200, 200, 429]);
    const { body } = await ask('/hit/flood/another');
    expect(body).toContain('all visitors together have made 2 new counters, the maximum per day.');
    expect(await statuses(['/hit/flood/name-1', '/'])).toEqual([200, 200]);
    // Over midnight nobody is somebody new; twelve hours bring one back.
    await pass(DAY_MS / 2);
    expect(await hits('later')).toEqual([200, 429, 429]);
  });

  test('are checked in the store each, like keys, also where a second’s share is more than one', async () => {
    const { ask, asked } = begin({ newCountersPerDay: 200_000, keysPerDay: 200_000 });
    for (let n = 1; n <= 4; n++) {
      await ask(`/hit/some/name-${n}`);
      expect(asked.takes).toBe(2 * n - 1);
      await ask('/', { 'Idempotency-Key': `key-${n}` });
      expect(asked.takes).toBe(2 * n);
    }
  });

  test('of the installation’s owner are not limited', async () => {
    const { make, asked } = begin({ newCountersPerDay: 1 });
    for (const name of ['some/one', 'some/two', 'some/three']) {
      expect((await make(name, bearer(INSTALLATION))).status).toBe(201);
    }
    expect(asked.takes).toBe(0);
  });

  test('and requests appear together in the headers', async () => {
    const { ask } = begin({ requestsPerMinute: 60, newCountersPerDay: 24 });
    const made = await ask('/hit/some/page');
    expect(made.headers.get('RateLimit-Policy')).toBe(
      '"requests";q=60;w=60, "new-counters";q=24;w=86400',
    );
    expect(made.headers.get('RateLimit')).toBe('"requests";r=59;t=1, "new-counters";r=23;t=3600');
    const hit = await ask('/hit/some/page');
    expect(hit.headers.get('RateLimit')).toBe('"requests";r=58;t=1');
  });
});

describe('idempotency keys', () => {
  const keyed = (key: string, headers: Record<string, string> = {}) => ({
    'Idempotency-Key': key,
    ...headers,
  });

  test('share one quota when addresses are hidden, and refill evenly', async () => {
    const { ask, pass } = begin({ keysPerDay: 2, addressesHidden: true });
    const hits = (word: string) =>
      Promise.all(
        [1, 2, 3].map(
          async (n) => (await ask('/', keyed(`${word}-${n}`, from(`192.0.2.${n}`)))).status,
        ),
      );
    expect(await hits('flood')).toEqual([200, 200, 429]);
    const { body, headers } = await ask('/', keyed('another'));
    expect(body).toContain(
      'All visitors together have sent 2 requests with an Idempotency-Key, the maximum per day.',
    );
    expect(headers.get('Retry-After')).toBe(`${DAY_MS / 2000}`);
    expect((await ask('/', from('192.0.2.1'))).status).toBe(200);
    await pass(DAY_MS / 2);
    expect(await hits('later')).toEqual([200, 429, 429]);
  });

  test('can be sent up to the address’s limit, repeated or not, on every surface; visits without one count beyond it', async () => {
    const { ask, statuses, store } = begin({ keysPerDay: 4 });
    const first = await ask('/', keyed('one'));
    expect({ status: first.status, left: first.headers.get('RateLimit') }).toEqual({
      status: 200,
      left: '"keys";r=3;t=21600',
    });
    expect(first.headers.get('RateLimit-Policy')).toBe('"keys";q=4;w=86400');
    expect((await ask('/', keyed('one'))).body).toBe(first.body);
    expect(await statuses(['/hit/some/page', '/countapi/hit/some/page'], keyed('two'))).toEqual([
      200, 200,
    ]);
    for (const path of [
      '/',
      '/hit/some/page',
      '/countapi/hit/some/page',
      '/abacus/hit/some/page',
    ]) {
      expect({ path, is: await statuses([path], keyed('three')) }).toEqual({ path, is: [429] });
    }
    const refused = await ask('/', keyed('three', { Accept: 'text/plain' }));
    expect({ body: refused.body, retry: refused.headers.get('Retry-After') }).toEqual({
      body: 'Your address has sent 4 requests with an Idempotency-Key, the maximum per day. Not counted: send the visit without a key. Try again in 21600 s. (rate-limited)\n',
      retry: '21600',
    });
    expect(await statuses(['/', '/hit/some/page', '/hit/some/new'])).toEqual([200, 200, 200]);
    expect(await store.counting.read(['hits', 'some/page'])).toEqual([2, 2]);
  });

  test('of one address use no quota of another, and those of the installation’s owner use none', async () => {
    const { statuses } = begin({ keysPerDay: 1 });
    expect(await statuses(times(2, '/'), keyed('one'))).toEqual([200, 429]);
    expect(await statuses(times(2, '/'), keyed('two', from('192.0.2.1')))).toEqual([200, 429]);
    expect(await statuses(times(9, '/'), keyed('three', bearer(INSTALLATION)))).toEqual(
      Array(9).fill(200),
    );
  });

  test('are accepted again after Retry-After, and an invalid key uses no quota', async () => {
    const { statuses, pass } = begin({ keysPerDay: 8 });
    expect(await statuses(times(9, '/'), keyed('no key'))).toEqual(Array(9).fill(400));
    expect(await statuses(times(9, '/'), keyed('one'))).toEqual([...Array(8).fill(200), 429]);
    await pass(DAY_MS / 8 - 1);
    expect(await statuses(['/'], keyed('two'))).toEqual([429]);
    await pass(1);
    expect(await statuses(['/', '/'], keyed('two'))).toEqual([200, 429]);
  });
});
