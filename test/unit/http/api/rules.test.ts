/** Private counters, windows and own visits, over HTTP on every surface that counts. */
import { describe, expect, test } from 'bun:test';
import { BROWSER, INSTALLATION, setUp, textOf } from '../../../support/app.ts';

const START = Date.UTC(2026, 10, 22, 12);
const ONE = '/api/v1/counters/my-site/page';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const from = (address: string) => ({ 'X-Forwarded-For': address, 'User-Agent': FIREFOX });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const OUT = { Cookie: 'some=thing; seen_own_visits=out' };

/** An app of whose time the test is the owner, and a counter that was made with these rules. */
async function begin(rules: object = {}) {
  let now = START;
  const app = setUp({ now: () => now });
  const send = async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await app.ask(
      path,
      { ...type, ...headers },
      method,
      body && JSON.stringify(body),
    );
    return {
      status: answer.status,
      json: answer.body === '' ? undefined : JSON.parse(answer.body),
    };
  };
  const made = await send('POST', '/api/v1/counters', {
    name: 'my-site/page',
    value: 41,
    ...rules,
  });
  return {
    ...app,
    send,
    made,
    token: made.json.token as string,
    later: (ms: number) => {
      now += ms;
    },
  };
}

describe('a private counter', () => {
  const HITS = [
    '/hit/my-site/page',
    '/countapi/hit/my-site/page',
    '/countapi/update/my-site/page?amount=1',
  ];

  test('counts everybody’s visits and shows nobody the number', async () => {
    const { ask, send, made, token } = await begin({ private: true });
    expect(made.json).toMatchObject({ value: 41, private: true });
    for (const path of HITS) {
      const { status, body } = await ask(path);
      expect({ path, status, body }).toEqual({ path, status: 200, body: '{"value":null}' });
    }
    expect((await send('POST', `${ONE}/hit`)).json).toEqual({ name: 'my-site/page', value: null });
    expect((await send('GET', ONE, undefined, bearer(token))).json.value).toBe(45);
  });

  test('can be read by its owner, on every surface, and by nobody else', async () => {
    const { ask, send, token } = await begin({ private: true });
    for (const path of [ONE, `${ONE}/history`, `${ONE}/visitors`]) {
      expect((await send('GET', path)).json.code).toBe('token-missing');
      expect((await send('GET', path, undefined, bearer('seen_another'))).json.code).toBe(
        'token-refused',
      );
      expect((await send('GET', path, undefined, bearer(token))).status).toBe(200);
      expect((await send('GET', path, undefined, bearer(INSTALLATION))).status).toBe(200);
    }
    expect((await send('GET', '/api/v1/values?names=my-site/page')).json.values).toEqual({
      'my-site/page': null,
    });
    expect((await ask('/get/my-site/page')).status).toBe(404);
    expect((await ask('/countapi/get/my-site/page')).body).toBe('{"value":null}');
  });

  test('returns to its owner the number of their hit', async () => {
    const { send, token } = await begin({ private: true });
    expect((await send('POST', `${ONE}/hit`, undefined, bearer(token))).json.value).toBe(42);
    expect((await send('POST', `${ONE}/hit`, { amount: 5 }, bearer(token))).json.value).toBe(47);
    expect(
      (await send('POST', `${ONE}/hit`, undefined, bearer('seen_another'))).json.value,
    ).toBeNull();
    // Who has a token makes counters by hits as everybody does.
    expect(
      (await send('POST', '/api/v1/counters/my-site/new/hit', undefined, bearer(token))).json
        .value,
    ).toBe(1);
  });

  test('is not revealed by CountAPI', async () => {
    const { ask, send } = await begin({ private: true });
    for (const path of [
      'info/my-site/page',
      'set/my-site/page?value=1',
      'update/my-site/page?amount=9',
      'get/my-site/page',
    ]) {
      expect((await ask(`/countapi/${path}`)).body).not.toContain('41');
    }
    expect((await send('GET', ONE, undefined, bearer(INSTALLATION))).json.value).toBe(41);
    // One that everybody may set.
    const made = await ask('/countapi/create?namespace=my-site&key=open&value=41&enable_reset=1');
    const set = { private: true };
    await send(
      'PATCH',
      '/api/v1/counters/my-site/open',
      set,
      bearer(made.headers.get('X-Seen-Token') ?? ''),
    );
    expect((await ask('/countapi/set/my-site/open?value=7')).body).toBe(
      '{"old_value":null,"value":7}',
    );
    expect((await ask('/countapi/info/my-site/open')).status).toBe(404);
  });

  test('is made private, and public again, by its owner', async () => {
    const { ask, send, token } = await begin();
    expect((await send('PATCH', ONE, { private: true })).json.code).toBe('token-missing');
    expect((await send('PATCH', ONE, { private: true }, bearer(token))).json).toMatchObject({
      value: 41,
      private: true,
    });
    expect((await ask('/get/my-site/page')).status).toBe(404);
    const again = { private: false, value: 7, window: 60 };
    expect((await send('PATCH', ONE, again, bearer(token))).json).toMatchObject(again);
    expect((await ask('/get/my-site/page')).body).toBe('{"value":7}');
  });

  test('is never the default counter, whose number is in the sentence', async () => {
    const { send } = await begin();
    const set = await send('PATCH', '/api/v1/default', { private: true }, bearer(INSTALLATION));
    expect(set.json.code).toBe('request-invalid');
  });
});

describe('a window', () => {
  test('counts reloads of one visitor as one visit, on every surface', async () => {
    const { ask, send, later, hits, token } = await begin({ window: 600 });
    const value = async (path: string, address: string) =>
      JSON.parse((await ask(path, from(address))).body).value;
    expect(await value('/hit/my-site/page', '192.0.2.1')).toBe(42);
    later(599_999);
    for (const path of ['/hit/my-site/page', '/countapi/hit/my-site/page', '/hit/my-site/page']) {
      expect(await value(path, '192.0.2.1')).toBe(42);
    }
    expect((await send('POST', `${ONE}/hit`, undefined, from('192.0.2.1'))).json.value).toBe(42);
    expect(await value('/hit/my-site/page', '192.0.2.2')).toBe(43);
    later(1);
    expect(await value('/hit/my-site/page', '192.0.2.1')).toBe(44);
    // What its owner adds is no visit.
    const added = await send(
      'POST',
      `${ONE}/hit`,
      { amount: 6 },
      { ...from('192.0.2.1'), ...bearer(token) },
    );
    expect(added.json.value).toBe(50);
    // Other counters have none.
    for (let n = 0; n < 3; n++) await ask('/', from('192.0.2.1'));
    expect(await hits()).toBe(3);
  });

  test('gives each of many simultaneous visitors one number, and reloads the current total', async () => {
    const { ask, token, send } = await begin({ window: 600 });
    const addresses = ['1', '2', '1', '3', '2', '1'].map((n) => from(`192.0.2.${n}`));
    const answers = await Promise.all(
      addresses.map((headers) => ask('/hit/my-site/page', headers)),
    );
    expect(answers.map(({ body }) => JSON.parse(body).value)).toEqual([42, 43, 43, 44, 44, 44]);
    expect((await send('GET', ONE, undefined, bearer(token))).json.value).toBe(44);
  });

  test('can be set on the default counter too, and is a day at most', async () => {
    const { ask, send } = await begin();
    const set = (window: number) =>
      send('PATCH', '/api/v1/default', { window }, bearer(INSTALLATION));
    expect((await set(86_401)).json.code).toBe('request-invalid');
    expect((await set(-1)).json.code).toBe('request-invalid');
    expect((await set(86_400)).json.window).toBe(86_400);
    for (let n = 0; n < 3; n++)
      expect((await ask('/', from('192.0.2.1'))).body).toContain(' 1 times');
    expect((await set(0)).json.window).toBe(0);
    expect((await ask('/', from('192.0.2.1'))).body).toContain(' 2 times');
  });

  test('is not changed by an empty PATCH, which is refused', async () => {
    const { send, token } = await begin();
    const { status, json } = await send('PATCH', ONE, {}, bearer(token));
    expect({ status, code: json.code }).toEqual({ status: 400, code: 'request-invalid' });
  });
});

describe('a program that reports others’ visits', () => {
  test('names the visitors with the owner’s token, and their names are not stored', async () => {
    const { send, token, store } = await begin({ window: 600 });
    const told = (visitor: unknown, headers: Record<string, string> = bearer(token)) =>
      send('POST', `${ONE}/hit`, { visitor }, headers);
    expect((await told('session 1')).json.value).toBe(42);
    expect((await told('session 1')).json.value).toBe(42);
    expect((await told('session 2')).json.value).toBe(43);
    // A key is of one visitor's visit.
    const keyed = (visitor: string) =>
      told(visitor, { ...bearer(token), 'Idempotency-Key': 'a-key' });
    expect((await keyed('session 1')).json.value).toBe(43);
    expect((await keyed('session 1')).json.value).toBe(43);
    expect((await keyed('session 2')).json.code).toBe('key-reused');
    // Whoever tells of them is somebody else.
    expect((await send('POST', `${ONE}/hit`, undefined, bearer(token))).json.value).toBe(44);
    expect((await send('GET', `${ONE}/visitors`)).json).toMatchObject({
      today: 3,
      visits: { person: 2, program: 1 },
    });
    expect(JSON.stringify(store.counting.asked)).not.toContain('session');
  });

  test('is refused without it, and with an invalid visitor', async () => {
    const { send, token } = await begin();
    expect((await send('POST', `${ONE}/hit`, { visitor: 'x' })).json.code).toBe('token-missing');
    expect(
      (await send('POST', `${ONE}/hit`, { visitor: 'x' }, bearer('seen_another'))).json.code,
    ).toBe('token-refused');
    const other = await send(
      'POST',
      '/api/v1/counters/my-site/none/hit',
      { visitor: 'x' },
      bearer(token),
    );
    expect(other.json.code).toBe('counter-missing');
    for (const visitor of ['', 'x'.repeat(256), 7]) {
      expect((await send('POST', `${ONE}/hit`, { visitor }, bearer(token))).json.code).toBe(
        'request-invalid',
      );
    }
    expect(
      (await send('POST', `${ONE}/hit`, { visitor: 'x'.repeat(255) }, bearer(token))).json.value,
    ).toBe(42);
  });
});

describe('own visits', () => {
  test('do not include amounts that an owner adds, or visits that an owner reports', async () => {
    const { send, token } = await begin();
    const own = { ...OUT, ...bearer(token) };
    expect((await send('POST', `${ONE}/hit`, { amount: 5 }, own)).json.value).toBe(46);
    expect((await send('POST', `${ONE}/hit`, { visitor: 'x' }, own)).json.value).toBe(47);
    expect((await send('POST', `${ONE}/hit`, undefined, own)).json.value).toBe(47);
  });

  test('do not count on any surface, and get the current total', async () => {
    const { ask, send, store } = await begin();
    await ask('/');
    expect((await ask('/', OUT)).body).toBe('Hello World! I have been seen 1 times.\n');
    expect((await ask('/hit/my-site/page', OUT)).body).toBe('{"value":41}');
    expect((await ask('/hit/my-site/new', OUT)).body).toBe('{"value":0}');
    expect((await ask('/countapi/hit/my-site/page', OUT)).body).toBe('{"value":41}');
    expect((await send('POST', `${ONE}/hit`, undefined, OUT)).json.value).toBe(41);
    expect(await store.counting.read(['hits', 'my-site/page', 'my-site/new'])).toEqual([
      1,
      41,
      undefined,
    ]);
    // Other cookies mean nothing.
    for (const Cookie of [
      'seen_own_visits=outside',
      'not_seen_own_visits=out',
      'a=seen_own_visits=out',
    ]) {
      await ask('/', { Cookie });
    }
    expect(await store.counting.read(['hits'])).toEqual([4]);
  });

  test('do not reveal the number of a private counter', async () => {
    const { ask, send, token } = await begin({ private: true });
    expect((await ask('/hit/my-site/page', OUT)).body).toBe('{"value":null}');
    expect(
      (await send('POST', `${ONE}/hit`, undefined, { ...OUT, ...bearer(token) })).json.value,
    ).toBe(41);
  });

  test('are mentioned on the page, with a link to undo it', async () => {
    const { ask } = await begin();
    const { body } = await ask('/', { ...OUT, Accept: BROWSER });
    expect(body).toContain('Visits of this browser do not count');
    expect(body).toContain('href="/own-visits"');
    expect(textOf((await ask('/', { Accept: BROWSER })).body)).toContain(
      'This is visit number 1.',
    );
  });

  test('can be switched off and on by a form without a script, only on its own page', async () => {
    const { ask } = await begin();
    const form = (visits: string, headers: Record<string, string> = {}) =>
      ask(
        '/own-visits',
        { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
        'POST',
        `visits=${visits}`,
      );
    const page = await ask('/own-visits');
    expect(page.headers.get('Content-Security-Policy')).toContain("form-action 'self'");
    expect(page.body).toContain('name="visits" value="out"');
    const out = await form('out', { Origin: 'http://seen.test' });
    expect({ status: out.status, to: out.headers.get('Location') }).toEqual({
      status: 303,
      to: '/own-visits',
    });
    const cookie = out.headers.get('Set-Cookie') ?? '';
    expect(cookie).toBe('seen_own_visits=out; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax');
    expect((await ask('/own-visits', OUT)).body).toContain('name="visits" value="in"');
    expect((await form('in')).headers.get('Set-Cookie')).toContain('Max-Age=0;');
    // Over HTTPS other sites' pages may have it sent along.
    expect(
      (await form('out', { Origin: 'https://seen.test' })).headers.get('Set-Cookie'),
    ).toEndWith('SameSite=None; Secure');
    for (const Origin of ['https://elsewhere.test', 'null']) {
      const refused = await form('out', { Origin });
      expect({ status: refused.status, cookie: refused.headers.get('Set-Cookie') }).toEqual({
        status: 400,
        cookie: null,
      });
    }
    expect((await form('perhaps')).status).toBe(400);
    const junk = { 'Content-Type': 'multipart/form-data; boundary=x' };
    expect((await ask('/own-visits', junk, 'POST', 'junk')).status).toBe(400);
    expect((await ask('/own-visits', {}, 'POST')).status).toBe(400);
  });
});
