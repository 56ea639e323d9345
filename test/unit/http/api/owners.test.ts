/** What owners do over the API besides setting numbers: titles, links, new tokens, histories. */
import { describe, expect, test } from 'bun:test';
import { INSTALLATION, setUp } from '../../../support/app.ts';

const ONE = '/api/v1/counters/my-site/page';
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** An app with a counter, and a way to send JSON. */
async function begin(draft: object = {}) {
  const app = setUp();
  const send = async (method: string, path: string, body?: object, token?: string) => {
    const headers = {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : bearer(token)),
    };
    const answer = await app.ask(path, headers, method, body && JSON.stringify(body));
    return { ...answer, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : undefined };
  };
  const made = await send('POST', '/api/v1/counters', { name: 'my-site/page', ...draft });
  return { ...app, send, made, token: made.json?.token as string };
}

describe('a title and a link', () => {
  test('are given to a counter when it is created, and shown', async () => {
    const label = { title: 'Grüße – 你好 🌍', link: 'https://Example.com' };
    const shown = { ...label, link: 'https://example.com/' };
    const { send, made } = await begin(label);
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject(shown);
    expect((await send('GET', ONE)).json).toMatchObject(shown);
    const list = await send('GET', '/api/v1/counters', undefined, INSTALLATION);
    expect(list.json.counters).toMatchObject([shown]);
  });

  test('are set and removed by the owner and the installation, and by nobody else', async () => {
    const { send, token } = await begin();
    for (const [body, by, expected] of [
      [{ title: 'First' }, token, { title: 'First', link: null }],
      [
        { link: 'http://a.example/?q=a b' },
        token,
        { title: 'First', link: 'http://a.example/?q=a%20b' },
      ],
      [{ title: 'Second', value: 7 }, INSTALLATION, { title: 'Second', value: 7 }],
      [{ title: null }, token, { title: null, link: 'http://a.example/?q=a%20b', value: 7 }],
      [{ link: null }, token, { title: null, link: null }],
    ] as const) {
      expect((await send('PATCH', ONE, body, by)).json).toMatchObject(expected);
      expect((await send('GET', ONE)).json).toMatchObject(expected);
    }
    for (const body of [{ title: 'Mine' }, { link: 'http://a/' }, { title: null }]) {
      expect((await send('PATCH', ONE, body)).json.code).toBe('token-missing');
      expect((await send('PATCH', ONE, body, 'seen_another')).json.code).toBe('token-refused');
    }
    expect((await send('GET', ONE)).json).toMatchObject({ title: null, link: null });
  });

  test('of a counter that everybody may set are its owner’s, too', async () => {
    const { ask, send } = await begin();
    const made = await ask('/countapi/create?namespace=my-site&key=open&enable_reset=1');
    const path = '/api/v1/counters/my-site/open';
    expect((await send('PATCH', path, { value: 7 })).status).toBe(200);
    expect((await send('PATCH', path, { value: 8, title: 'Mine' })).json.code).toBe(
      'token-missing',
    );
    const token = made.headers.get('X-Seen-Token') ?? '';
    expect((await send('PATCH', path, { title: 'Mine' }, token)).json).toMatchObject({
      value: 7,
      title: 'Mine',
    });
    // The response would show what is private.
    expect((await send('PATCH', path, { private: true }, token)).status).toBe(200);
    expect((await send('PATCH', path, { value: 9 })).json).toMatchObject({
      code: 'token-missing',
    });
    expect((await send('PATCH', path, { value: 9 }, token)).json).toMatchObject({ value: 9 });
  });

  test('can be given to the default counter', async () => {
    const { send } = await begin();
    const label = { title: 'My Seen', link: 'https://seen.example/' };
    const set = await send('PATCH', '/api/v1/default', label, INSTALLATION);
    expect(set.json).toMatchObject({ name: 'hits', value: 0, ...label });
    expect((await send('GET', '/api/v1/default')).json).toMatchObject(label);
    expect((await send('PATCH', '/api/v1/default', label)).json.code).toBe('token-missing');
  });

  test('are refused when they are not one line of text, or no address of a site', async () => {
    const { send, token } = await begin();
    for (const [body, where] of [
      [{ title: '' }, 'body.title'],
      [{ title: 'x'.repeat(101) }, 'body.title'],
      [{ title: '🌍'.repeat(101) }, 'body.title'],
      [{ title: 'a\nb' }, 'body.title'],
      [{ title: 'a\u0000b' }, 'body.title'],
      [{ title: 'a\u0085b' }, 'body.title'],
      [{ title: 'a\u2028b' }, 'body.title'],
      [{ title: '\uD800' }, 'body.title'],
      [{ title: 7 }, 'body.title'],
      [{ link: '' }, 'body.link'],
      [{ link: 'example.com' }, 'body.link'],
      [{ link: '/path' }, 'body.link'],
      [{ link: 'javascript:alert(1)' }, 'body.link'],
      [{ link: ' javascript:alert(1)' }, 'body.link'],
      [{ link: 'data:text/html,x' }, 'body.link'],
      [{ link: 'ftp://example.com/' }, 'body.link'],
      [{ link: 'https://' }, 'body.link'],
      [{ link: `https://example.com/${'x'.repeat(481)}` }, 'body.link'],
      // It is longer when it is normalised.
      [{ link: `https://example.com/${'é'.repeat(100)}` }, 'body.link'],
      [{ link: ['https://example.com/'] }, 'body.link'],
    ] as const) {
      const answers = [
        await send('PATCH', ONE, body, token),
        await send('POST', '/api/v1/counters', { name: 'my-site/new', ...body }),
      ];
      for (const { status, json } of answers) {
        expect({ body, status, code: json.code }).toEqual({
          body,
          status: 400,
          code: 'request-invalid',
        });
        expect(json.detail).toContain(where);
      }
    }
    for (const body of [
      { title: '🌍'.repeat(100) },
      { title: ' ' },
      { link: `https://example.com/${'x'.repeat(480)}` },
    ]) {
      expect((await send('PATCH', ONE, body, token)).json).toMatchObject(body);
    }
  });
});

describe('a new token', () => {
  test('replaces the old one at once, and names its counter', async () => {
    const { send, token } = await begin();
    const given = await send('POST', `${ONE}/token`, undefined, token);
    expect({ status: given.status, json: given.json }).toEqual({
      status: 200,
      json: {
        name: 'my-site/page',
        token: expect.stringMatching(/^seen_[\w-]{43}~my-site\/page$/),
      },
    });
    expect(given.json.token).not.toBe(token);
    expect((await send('PATCH', ONE, { value: 7 }, token)).json.code).toBe('token-refused');
    expect((await send('POST', `${ONE}/token`, undefined, token)).json.code).toBe('token-refused');
    expect((await send('PATCH', ONE, { value: 7 }, given.json.token)).json.value).toBe(7);
  });

  test('of a counter without an owner is given only to the installation', async () => {
    const { ask, send, token } = await begin();
    await ask('/hit/nobodys/counter');
    const path = '/api/v1/counters/nobodys/counter/token';
    expect((await send('POST', path)).json.code).toBe('token-missing');
    expect((await send('POST', path, undefined, token)).json.code).toBe('token-refused');
    const given = await send('POST', path, undefined, INSTALLATION);
    expect(given.json.name).toBe('nobodys/counter');
    const set = await send(
      'PATCH',
      '/api/v1/counters/nobodys/counter',
      { value: 5 },
      given.json.token,
    );
    expect(set.json.value).toBe(5);
    const missing = '/api/v1/counters/nobodys/nothing/token';
    expect((await send('POST', missing, undefined, INSTALLATION)).json.code).toBe(
      'counter-missing',
    );
    const own = await send('POST', '/api/v1/default/token', undefined, INSTALLATION);
    expect(own.json.name).toBe('hits');
    expect(own.json.token).toEndWith('~hits');
    expect((await send('PATCH', '/api/v1/default', { value: 5 }, own.json.token)).status).toBe(
      200,
    );
  });

  test('is not asked for with the name of another counter in the token', async () => {
    const { send, token } = await begin();
    const other = await send('POST', '/api/v1/counters', { name: 'other/page' });
    const renamed = token.replace('~my-site/page', '~other/page');
    for (const wrong of [renamed, token.replace(/~.*/, ''), other.json.token]) {
      expect((await send('PATCH', ONE, { value: 7 }, wrong)).json.code).toBe('token-refused');
    }
  });

  test('of an earlier version, without a name, stays valid', async () => {
    const { send, store } = await begin();
    const old = `seen_${'a'.repeat(43)}`;
    const owner = new Bun.CryptoHasher('sha256').update(old).digest('base64url');
    await store.registry.change('my-site/page', { owner });
    expect((await send('PATCH', ONE, { value: 7 }, old)).json.value).toBe(7);
    expect((await send('POST', `${ONE}/token`, undefined, old)).status).toBe(200);
  });
});

test('the history of a private counter is a spreadsheet for its owner, and nothing for others', async () => {
  const { ask, send, token } = await begin({ private: true });
  await ask('/hit/my-site/page');
  const path = `${ONE}/history?format=csv`;
  const { status, headers, body } = await send('GET', path, undefined, token);
  expect({ status, type: headers.get('Content-Type') }).toEqual({
    status: 200,
    type: 'text/csv; charset=utf-8',
  });
  expect(body).toMatch(
    /^time,person,program,proxy,bot,visitors\r\n\d{4}-\d\d-\d\d,0,1,0,0,1\r\n$/,
  );
  expect((await send('GET', path)).json.code).toBe('token-missing');
  expect((await send('GET', path, undefined, 'seen_another')).json.code).toBe('token-refused');
});
