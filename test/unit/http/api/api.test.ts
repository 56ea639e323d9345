/**
 * The native API: the effect of each route, its authorization, and its agreement with
 * `/openapi.json` for any request.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { z } from 'zod';
import { INSTALLATION, setUp } from '../../../support/app.ts';

type App = ReturnType<typeof setUp>;
const ONE = '/api/v1/counters/my-site/front-page';
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** The rules of a counter that was made without any. */
const PLAIN = { private: false, window: 0, title: null, link: null };
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Asks and reads the JSON that is answered. */
async function call(
  { ask }: App,
  method: string,
  path: string,
  { body, ...headers }: Record<string, unknown> = {},
) {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const type = sent === undefined ? {} : JSON_TYPE;
  const answer = await ask(
    path,
    { ...type, ...(headers as Record<string, string>) },
    method,
    sent,
  );
  const isJson = answer.body !== '' && answer.headers.get('Content-Type') !== LINES;
  return { ...answer, json: isJson ? JSON.parse(answer.body) : undefined };
}

/** The type of exports, and of the progress of imports. */
const LINES = 'application/x-ndjson';

/** Makes a counter and answers its token. */
async function make(app: App, name = 'my-site/front-page', value = 0): Promise<string> {
  const { status, json } = await call(app, 'POST', '/api/v1/counters', { body: { name, value } });
  expect(status).toBe(201);
  return json.token;
}

/** A problem as RFC 9457 has it. */
function expectProblem(
  { status, headers, json }: Awaited<ReturnType<typeof call>>,
  expected: number,
  code: string,
): void {
  expect({ status, type: headers.get('Content-Type'), json }).toEqual({
    status: expected,
    type: 'application/problem+json',
    json: {
      type: 'about:blank',
      title: expect.any(String),
      status: expected,
      detail: expect.any(String),
      code,
    },
  });
  expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
}

describe('a counter', () => {
  test('is made with its start value, and its token is returned once', async () => {
    const app = setUp();
    const { status, headers, json } = await call(app, 'POST', '/api/v1/counters', {
      body: { name: 'my-site/front-page', value: 41 },
    });
    expect({ status, location: headers.get('Location'), json }).toEqual({
      status: 201,
      location: ONE,
      json: {
        name: 'my-site/front-page',
        value: 41,
        created: expect.stringMatching(/^\d{4}-.*Z$/),
        token: expect.stringMatching(/^seen_[\w-]{43}~my-site\/front-page$/),
        ...PLAIN,
      },
    });
    expect((await call(app, 'GET', ONE)).json).toEqual({
      name: 'my-site/front-page',
      value: 41,
      created: json.created,
      ...PLAIN,
    });
    expect((await call(app, 'POST', `${ONE}/hit`)).json).toEqual({
      name: 'my-site/front-page',
      value: 42,
    });
    expectProblem(
      await call(app, 'POST', '/api/v1/counters', { body: { name: 'my-site/front-page' } }),
      409,
      'counter-exists',
    );
  });

  test('is hit by a request without a body; amounts other than 1 need its token', async () => {
    const app = setUp();
    const token = await make(app);
    expect((await app.ask(`${ONE}/hit`, {}, 'POST')).status).toBe(200);
    expect((await app.ask(`${ONE}/hit`, JSON_TYPE, 'POST', '{}')).status).toBe(200);
    expect((await call(app, 'POST', `${ONE}/hit`, { body: { amount: 1 } })).json.value).toBe(3);
    expectProblem(
      await call(app, 'POST', `${ONE}/hit`, { body: { amount: 5 } }),
      401,
      'token-missing',
    );
    const own = await call(app, 'POST', `${ONE}/hit`, { body: { amount: -5 }, ...bearer(token) });
    expect(own.json.value).toBe(-2);
  });

  test('is hit once with a key; using the key for another request is refused', async () => {
    const app = setUp();
    const token = await make(app);
    const key = { 'Idempotency-Key': 'a-key' };
    for (let n = 0; n < 3; n++)
      expect((await call(app, 'POST', `${ONE}/hit`, key)).json.value).toBe(1);
    const other = { body: { amount: 2 }, ...key, ...bearer(token) };
    expectProblem(await call(app, 'POST', `${ONE}/hit`, other), 422, 'key-reused');
    // It is the same visit, whichever way it comes.
    expect((await app.ask('/hit/my-site/front-page', key)).body).toBe('{"value":1}');
    expect((await call(app, 'GET', ONE)).json.value).toBe(1);
  });

  test('can be read alone and with others, and a read never counts', async () => {
    const app = setUp();
    await make(app, 'my-site/front-page', 7);
    for (let n = 0; n < 3; n++) expect((await call(app, 'GET', ONE)).json.value).toBe(7);
    const many = await call(
      app,
      'GET',
      '/api/v1/values?names=my-site/front-page,hits,my-site/none',
    );
    expect(many.json).toEqual({
      values: { 'my-site/front-page': 7, hits: null, 'my-site/none': null },
    });
    expectProblem(await call(app, 'GET', '/api/v1/counters/my-site/none'), 404, 'counter-missing');
    expect((await app.ask(ONE, {}, 'HEAD')).status).toBe(200);
    expect(app.store.counting.asked).toHaveLength(0);
  });

  test('can be set and deleted by its owner', async () => {
    const app = setUp();
    const token = await make(app);
    const set = await call(app, 'PATCH', ONE, { body: { value: 100 }, ...bearer(token) });
    expect(set.json).toEqual({
      name: 'my-site/front-page',
      value: 100,
      created: expect.any(String),
      ...PLAIN,
    });
    expect((await call(app, 'POST', `${ONE}/hit`)).json.value).toBe(101);
    expect(await call(app, 'DELETE', ONE, bearer(token))).toMatchObject({ status: 204, body: '' });
    expectProblem(await call(app, 'GET', ONE), 404, 'counter-missing');
  });

  test('that is the default counter exists before its first hit, and belongs to the installation', async () => {
    const app = setUp();
    expect((await call(app, 'GET', '/api/v1/default')).json).toEqual({
      name: 'hits',
      value: 0,
      created: null,
      ...PLAIN,
    });
    expectProblem(
      await call(app, 'PATCH', '/api/v1/default', { body: { value: 9 } }),
      401,
      'token-missing',
    );
    const set = { body: { value: 9 }, ...bearer(INSTALLATION) };
    expect((await call(app, 'PATCH', '/api/v1/default', set)).json).toMatchObject({
      name: 'hits',
      value: 9,
    });
    expect((await call(app, 'POST', '/api/v1/default/hit')).json).toEqual({
      name: 'hits',
      value: 10,
    });
    expect((await app.ask('/')).body).toContain(' 11 times');
  });
});

describe('owners', () => {
  test('another’s counter cannot be set, hit by more than 1, or deleted', async () => {
    const app = setUp();
    await make(app, 'my-site/front-page', 5);
    const another = await make(app, 'other/counter');
    await app.ask('/hit/nobodys/counter');
    for (const path of [ONE, '/api/v1/counters/nobodys/counter']) {
      for (const headers of [
        {},
        bearer(another),
        bearer('seen_wrong'),
        bearer(''),
        { Authorization: 'Basic x' },
      ]) {
        for (const [method, where, body] of [
          ['PATCH', path, { value: 0 }],
          ['DELETE', path, undefined],
          ['POST', `${path}/hit`, { amount: 1000 }],
        ] as const) {
          const refused = await call(app, method, where, { body, ...headers });
          expect(refused.status).toBe(401);
          expect(refused.headers.get('WWW-Authenticate')).toStartWith('Bearer');
        }
      }
    }
    expect((await call(app, 'GET', ONE)).json.value).toBe(5);
    expect((await call(app, 'GET', '/api/v1/counters/nobodys/counter')).json.value).toBe(1);
  });

  test('the installation’s owner can do everything', async () => {
    const app = setUp();
    await make(app);
    await app.ask('/hit/nobodys/counter');
    for (const path of [ONE, '/api/v1/counters/nobodys/counter']) {
      const set = await call(app, 'PATCH', path, { body: { value: 3 }, ...bearer(INSTALLATION) });
      expect(set.status).toBe(200);
      expect((await call(app, 'DELETE', path, bearer(INSTALLATION))).status).toBe(204);
    }
  });

  test('only the installation’s owner can list counters, page by page', async () => {
    const app = setUp();
    const token = await make(app, 'my-site/page-0');
    for (let n = 1; n < 5; n++) await app.ask(`/hit/my-site/page-${n}`);
    expectProblem(await call(app, 'GET', '/api/v1/counters'), 401, 'token-missing');
    expectProblem(await call(app, 'GET', '/api/v1/counters', bearer(token)), 401, 'token-refused');
    const list = (query: string) =>
      call(app, 'GET', `/api/v1/counters?${query}`, bearer(INSTALLATION));
    const first = await list('limit=3&search=page');
    expect(first.json.counters.map(({ name }: { name: string }) => name)).toEqual(
      [0, 1, 2].map((n) => `my-site/page-${n}`),
    );
    const rest = await list(`limit=3&search=page&after=${first.json.next}`);
    expect(rest.json).toEqual({
      counters: [3, 4].map((n) => ({
        name: `my-site/page-${n}`,
        value: 1,
        created: expect.any(String),
        ...PLAIN,
      })),
      size: 5,
    });
  });

  test('when counters are closed only the installation’s owner makes them, and hits make none', async () => {
    const app = setUp({ closed: true });
    const body = { name: 'my-site/front-page' };
    expectProblem(await call(app, 'POST', '/api/v1/counters', { body }), 401, 'token-missing');
    expectProblem(await call(app, 'POST', `${ONE}/hit`), 404, 'counter-missing');
    expect((await app.ask('/hit/my-site/front-page')).status).toBe(404);
    expect(
      (await call(app, 'POST', '/api/v1/counters', { body, ...bearer(INSTALLATION) })).status,
    ).toBe(201);
    expect((await app.ask('/hit/my-site/front-page')).body).toBe('{"value":1}');
    expect((await app.ask('/')).status).toBe(200);
  });

  test('a token is stored as a hash, and appears only in the answer that makes the counter', async () => {
    const app = setUp();
    const token = await make(app);
    const description = await app.store.registry.describe('my-site/front-page');
    expect(description?.owner).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(description)).not.toContain(token);
    const answers = await Promise.all([
      call(app, 'GET', ONE, bearer(token)),
      call(app, 'PATCH', ONE, { body: { value: 'x' }, ...bearer(token) }),
      call(app, 'PATCH', ONE, { body: { value: 1 }, ...bearer(token) }),
      call(app, 'GET', '/api/v1/counters', bearer(INSTALLATION)),
      call(app, 'GET', '/api/v1/counters', bearer(token)),
    ]);
    for (const { body, headers } of answers) {
      const said = body + JSON.stringify([...headers]);
      expect(said).not.toContain(token);
      expect(said).not.toContain(INSTALLATION);
      expect(said).not.toContain(description?.owner ?? '?');
    }
  });
});

describe('invalid input gets a problem document that says where the error is', () => {
  for (const [method, path, body, code, words] of [
    ['GET', '/api/v1/counters/a/front-page', undefined, 'name-invalid', 'namespace "a"'],
    ['GET', '/api/v1/counters/my-site/%2e%2e%2f', undefined, 'name-invalid', 'key'],
    ['GET', '/api/v1/values', undefined, 'request-invalid', 'query.names'],
    [
      'GET',
      '/api/v1/values?names=hits,x',
      undefined,
      'request-invalid',
      'query.names.1: is not a counter name',
    ],
    ['GET', '/api/v1/values?names=hits&names=hits', undefined, 'request-invalid', 'query.names'],
    ['GET', '/api/v1/values?names=hits&more=1', undefined, 'request-invalid', 'more'],
    ['POST', '/api/v1/counters', '', 'request-invalid', 'Malformed JSON'],
    ['POST', '/api/v1/counters', '{', 'request-invalid', 'Malformed JSON'],
    ['POST', '/api/v1/counters', '{}', 'request-invalid', 'body.name'],
    ['POST', '/api/v1/counters', '{"name":"hits"}', 'request-invalid', 'is the default counter'],
    [
      'POST',
      '/api/v1/counters',
      '{"name":"a-b/c-d","value":1.5}',
      'request-invalid',
      'body.value',
    ],
    [
      'POST',
      '/api/v1/counters',
      '{"name":"a-b/c-d","value":9007199254740992}',
      'request-invalid',
      'body.value',
    ],
    ['POST', '/api/v1/counters', '{"name":"a-b/c-d","valeu":1}', 'request-invalid', 'valeu'],
    ['POST', `${ONE}/hit`, '{"amount":0}', 'request-invalid', 'is 0'],
    ['POST', `${ONE}/hit`, '{"amount":"5"}', 'request-invalid', 'body.amount'],
    ['POST', `${ONE}/hit`, '[1]', 'request-invalid', 'body'],
  ] as const) {
    test(`${method} ${path} ${body ?? ''}`, async () => {
      const app = setUp();
      const answer = await app.ask(path, body === undefined ? {} : JSON_TYPE, method, body);
      const json = JSON.parse(answer.body);
      expectProblem({ ...answer, json }, 400, code);
      expect(json.detail).toContain(words);
      expect(app.store.counting.asked).toHaveLength(0);
      expect(app.bugs).toEqual([]);
    });
  }

  test('a body whose type is not JSON', async () => {
    const app = setUp();
    const answer = await app.ask(
      '/api/v1/counters',
      { 'Content-Type': 'text/plain' },
      'POST',
      '{"name":"a-b/c-d"}',
    );
    expectProblem({ ...answer, json: JSON.parse(answer.body) }, 400, 'request-invalid');
  });

  test('a method that a route does not accept', async () => {
    const app = setUp();
    for (const [method, path, allow] of [
      ['PUT', ONE, 'GET, HEAD, PATCH, DELETE, OPTIONS'],
      ['GET', `${ONE}/hit`, 'POST, OPTIONS'],
      ['PUT', '/api/v1/counters', 'POST, GET, HEAD, DELETE, OPTIONS'],
      ['GET', `${ONE}/token`, 'POST, OPTIONS'],
    ] as const) {
      const answer = await call(app, method, path);
      expectProblem(answer, 405, 'method-not-allowed');
      expect(answer.headers.get('Allow')).toBe(allow);
    }
  });

  test('a browser can call the API from another site, with a token', async () => {
    const { ask } = setUp();
    for (const [path, methods] of [
      [ONE, 'GET, HEAD, PATCH, DELETE, OPTIONS'],
      [`${ONE}/token`, 'POST, OPTIONS'],
      [`${ONE}/history`, 'GET, HEAD, OPTIONS'],
      ['/api/v1/counters', 'POST, GET, HEAD, DELETE, OPTIONS'],
      ['/api/v1/default', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ] as const) {
      const { status, headers } = await ask(path, {}, 'OPTIONS');
      expect({ path, status }).toEqual({ path, status: 204 });
      expect(headers.get('Access-Control-Allow-Methods')).toBe(methods);
      expect(headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    }
  });
});

interface Operation {
  readonly responses: Readonly<
    Record<
      string,
      { content?: Record<string, { schema: object }>; headers?: Record<string, object> }
    >
  >;
}

describe('/openapi.json', () => {
  async function description(app: App) {
    const { body } = await app.ask('/openapi.json');
    // Where a plain JSON Schema has its definitions.
    return JSON.parse(body.replaceAll('#/components/schemas/', '#/$defs/')) as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: Record<string, object> };
    };
  }

  test('describes every route of the API, and no other', async () => {
    const app = setUp();
    const { openapi, paths } = await description(app);
    expect(openapi).toBe('3.1.0');
    for (const [path, operations] of Object.entries(paths)) {
      const { headers } = await app.ask(path.replaceAll(/\{\w+\}/g, 'name'), {}, 'OPTIONS');
      const described = Object.keys(operations).map((method) => method.toUpperCase());
      const taken = (headers.get('Allow') ?? '')
        .split(', ')
        .filter((method) => !/HEAD|OPTIONS/.test(method));
      expect({ path, taken: taken.toSorted() }).toEqual({ path, taken: described.toSorted() });
    }
    expect(Object.keys(paths).toSorted()).toEqual([
      '/api/v1/counters',
      '/api/v1/counters/{namespace}/{key}',
      '/api/v1/counters/{namespace}/{key}/history',
      '/api/v1/counters/{namespace}/{key}/hit',
      '/api/v1/counters/{namespace}/{key}/token',
      '/api/v1/counters/{namespace}/{key}/visitors',
      '/api/v1/default',
      '/api/v1/default/history',
      '/api/v1/default/hit',
      '/api/v1/default/token',
      '/api/v1/default/visitors',
      '/api/v1/export',
      '/api/v1/import',
      '/api/v1/stack',
      '/api/v1/values',
    ]);
  });

  type Described = Awaited<ReturnType<typeof description>>;
  type At = ReturnType<typeof operationsOf>[number];

  function operationsOf({ paths }: Described) {
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        method: method.toUpperCase(),
        operation,
      })),
    );
  }

  /** Fails unless an answer is one that is described. */
  function answersAreAs({ components }: Described) {
    const schemas = new Map<object, z.ZodType>();
    const schemaOf = (schema: object) => {
      const known =
        schemas.get(schema) ??
        z.fromJSONSchema({ ...schema, $defs: components.schemas } as z.core.JSONSchema.JSONSchema);
      schemas.set(schema, known);
      return known;
    };
    return (
      { path, method, operation }: At,
      { status, headers, body }: Awaited<ReturnType<App['ask']>>,
    ) => {
      const response = operation.responses[status];
      const type = headers.get('Content-Type') ?? '';
      const schema = response?.content?.[type]?.schema;
      const described = status === 204 ? response !== undefined : schema !== undefined;
      expect({ path, method, status, type, described }).toMatchObject({ described: true });
      for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'Location']) {
        if (headers.has(name))
          expect({ path, method, status, headers: response?.headers }).toHaveProperty([
            'headers',
            name,
          ]);
      }
      if (!schema) return;
      const said = type.startsWith('text/') || type === LINES ? body : JSON.parse(body);
      if (type === LINES) for (const line of body.trimEnd().split('\n')) JSON.parse(line);
      expect(schemaOf(schema).safeParse(said)).toMatchObject({ success: true });
    };
  }

  test('each route answers a valid request as it describes', async () => {
    const described = await description(setUp());
    const isAsDescribed = answersAreAs(described);
    const queries: Record<string, string> = {
      '/api/v1/values': '?names=hits,my-site/front-page',
      'DELETE /api/v1/counters': '?prefix=my-',
      'GET /api/v1/counters': '?sort=today&days=3',
    };
    const bodies: Record<string, object> = {
      'POST /api/v1/counters': { name: 'another/counter', value: 3, title: 'T', link: 'http://a' },
      'PATCH /api/v1/counters/{namespace}/{key}': { value: 5 },
      'PATCH /api/v1/default': { value: 5 },
      'POST /api/v1/import': {
        seen: 'counters',
        version: 1,
        moment: '2026-11-22T12:00:00.000Z',
        counters: 0,
      },
    };
    for (const at of operationsOf(described)) {
      const app = setUp();
      await make(app);
      const path = at.path.replace('{namespace}', 'my-site').replace('{key}', 'front-page');
      const query = queries[`${at.method} ${at.path}`] ?? queries[at.path] ?? '';
      const answer = await call(app, at.method, `${path}${query}`, {
        body: bodies[`${at.method} ${at.path}`],
        ...bearer(INSTALLATION),
      });
      expect({ ...at, ok: answer.status < 300 }).toMatchObject({ ok: true });
      isAsDescribed(at, answer);
    }
  });

  test('any request is answered as it describes, and never with 500', async () => {
    const described = await description(setUp());
    const isAsDescribed = answersAreAs(described);
    const word = fc.oneof(
      fc.constantFrom(
        'my-site',
        'front-page',
        'hits',
        '..',
        'a b',
        '%',
        'é',
        '',
        'x'.repeat(65),
        '__proto__',
      ),
      fc.string({ maxLength: 8 }),
    );
    const value = fc.oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.constantFrom(0, -1, 1.5, '1', null, 2 ** 53),
      fc.jsonValue(),
    );
    const body = fc.oneof(
      fc.record(
        {
          name: fc.oneof(fc.constantFrom('my-site/front-page', 'new/one', 'hits'), fc.string()),
          value,
        },
        { requiredKeys: [] },
      ),
      fc.record({ amount: value }),
      fc.record({ value }),
      fc.record(
        {
          title: fc.oneof(fc.string(), value),
          link: fc.oneof(fc.webUrl(), fc.string(), value),
          private: fc.oneof(fc.boolean(), value),
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    );
    const request = fc.record({
      operation: fc.constantFrom(...operationsOf(described)),
      words: fc.oneof(
        fc.constant<[string, string]>(['my-site', 'front-page']),
        fc.tuple(word, word),
      ),
      query: fc.oneof(
        fc.constantFrom(
          {},
          { names: 'hits,my-site/front-page' },
          { search: 'page', limit: '1' },
          { sort: 'total', limit: '1' },
          { sort: 'today', days: '90', after: '7:my-site/front-page' },
          { sort: 'created', order: 'asc', prefix: 'my-site/' },
          { prefix: 'my-' },
          { limit: '101' },
          { by: 'hour', zone: 'Asia/Tokyo', format: 'csv' },
        ),
        fc.dictionary(
          fc.constantFrom('names', 'search', 'after', 'limit', 'sort', 'days', 'prefix', 'more'),
          word,
          {
            maxKeys: 3,
          },
        ),
      ),
      body: fc.option(
        fc.oneof(
          body.map((thing) => JSON.stringify(thing)),
          fc.string(),
        ),
        { nil: undefined },
      ),
      type: fc.constantFrom(
        'application/json',
        'application/json',
        'application/json',
        'text/plain',
        '',
      ),
      token: fc.constantFrom(undefined, INSTALLATION, INSTALLATION, 'seen_x', 'a b'),
      key: fc.option(
        fc.string({ maxLength: 12 }).filter((text) => !/[^\u0020-\u007E]/.test(text)),
        { nil: undefined },
      ),
    });
    const limits = fc.record({
      requestsPerMinute: fc.constantFrom(0, 3, 100),
      newCountersPerDay: fc.constantFrom(0, 1, 100),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        limits,
        async (requests, quotas) => {
          const app = setUp(quotas);
          await make(app);
          for (const { operation: at, words, query, body: text, type, token, key } of requests) {
            const [first = '', second = ''] = words.map((part) => encodeURIComponent(part));
            const path = at.path.replace('{namespace}', first).replace('{key}', second);
            const answer = await app.ask(
              `${path}?${new URLSearchParams(query).toString()}`,
              {
                ...(type === '' ? {} : { 'Content-Type': type }),
                ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
                ...(key === undefined ? {} : { 'Idempotency-Key': key }),
              },
              at.method,
              at.method === 'GET' ? undefined : text,
            );
            expect(app.bugs).toEqual([]);
            // An empty or special part of a path may lead to another route, or to none.
            if (answer.status === 405 || answer.body.includes('route-missing')) continue;
            isAsDescribed(at, answer);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
