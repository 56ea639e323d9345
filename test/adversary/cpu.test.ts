/**
 * No content of a request costs the app more than 2 ms of CPU time. Parsing by Bun is not
 * included.
 *
 * Each route of the routing table gets hostile values of 15 kB in every header that the code
 * reads, in its path, its query and its body. Each is compared with the ordinary request to the
 * same route, measured in the same run.
 *
 * To add a header, add a row in `hostile.ts`. The first test fails for a header that the code
 * reads and that has no row.
 */
import { describe, expect, test } from 'bun:test';
import { PROXY, setUp } from '../support/app.ts';
import { ROOT } from '../support/program.ts';
import { Adversary, type Change, CPU_US_MAX } from './cost.ts';
import {
  ANYWHERE,
  FORM_BODIES,
  HEADERS,
  type Hostile,
  JSON_BODIES,
  MULTIPART_BODIES,
  PARAMETERS,
  PATHS,
} from './hostile.ts';
import { type Target, targetsOf } from './targets.ts';

/** Request line and headers may have 16 KiB together: what is left for one header. */
const HEADER_LENGTH = 15_000;
/** Bodies may have 16 KiB. */
const BODY_LENGTH = 16 * 1024;
/** URLs may have 2,048 characters; longer ones are refused, and that must be cheap, too. */
const URL_LENGTH = 1900;

const adversary = new Adversary();
const targets = targetsOf(adversary.app.routes);
/** The requests whose query is read. */
const handled = targets.filter(
  ({ method, route }) => method === 'GET' || (method === 'POST' && /set|create/.test(route)),
);

/** Tries all changes on all targets; fails with those that are too dear. */
async function expectCheap(
  on: readonly Target[],
  changes: (target: Target) => [string, Hostile, Use][],
) {
  const dear: Record<string, string> = {};
  for (const target of on) {
    for (const [what, make, use] of changes(target)) {
      const us = await adversary.excess(target, (attempt) => use(target, make, attempt));
      if (us > CPU_US_MAX)
        dear[`${target.method} ${target.path}: ${what} ${make(60)}`] = `${us} µs`;
    }
  }
  expect(dear).toEqual({});
  expect(adversary.bugs).toEqual([]);
}

/** Puts a hostile value into a request. */
type Use = (target: Target, make: Hostile, attempt: number) => Change;

const inHeader =
  (name: string): Use =>
  // Shorter each time, because user agents are remembered.
  (_, make, attempt) => ({ headers: { [name]: make(HEADER_LENGTH - 40 * attempt) } });
const inPath =
  (length: number): Use =>
  ({ path }, make, attempt) => ({
    path: path.replace(/\?.*/, '').replace(/[^/]*$/, '') + make(length - attempt),
  });
const inParameter =
  (name: string): Use =>
  ({ path }, make, attempt) => {
    const [before, ...more] = path.split('?');
    const others = new URLSearchParams(more.join('?'));
    others.delete(name);
    const begin = `${before}?${others.size > 0 ? `${others.toString()}&` : ''}${name}=`;
    return {
      path: begin + encodeURI(make(URL_LENGTH - attempt)).slice(0, URL_LENGTH - begin.length),
    };
  };
const inBody =
  (type?: string): Use =>
  (_, make, attempt) => ({
    body: make(BODY_LENGTH - attempt),
    ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
  });

describe('the table of hostile headers', () => {
  test('names every header that the code reads', async () => {
    const inSource = new Set<string>();
    for await (const path of new Bun.Glob('src/**/*.ts').scan(ROOT)) {
      const text = await Bun.file(`${ROOT}/${path}`).text();
      for (const [, name = ''] of text.matchAll(
        /(?:headers\.(?:get|has)|req\.header)\(\s*['"]([\w-]+)['"]/g,
      )) {
        inSource.add(name.toLowerCase());
      }
    }
    // What pages read of responses.
    for (const name of ['retry-after', 'x-seen-counters']) inSource.delete(name);
    // Headers that the code reads from its own responses.
    for (const name of ['content-type', 'transfer-encoding', 'access-control-expose-headers']) {
      inSource.delete(name);
    }
    expect([...inSource].filter((name) => !(name in HEADERS))).toEqual([]);
    expect(inSource.size).toBeGreaterThan(8);
  });

  test('names every header that any route looks up', async () => {
    const { app } = setUp({ requestsPerMinute: 1e9, hosts: { 'countapi.test': 'countapi' } });
    const asked = new Set<string>();
    for (const { method, path, headers, body } of targets) {
      const request = new Request(`http://seen.test${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      for (const name of ['get', 'has'] as const) {
        const read = request.headers[name].bind(request.headers) as (header: string) => never;
        const value = (header: string) => {
          asked.add(header.toLowerCase());
          return read(header);
        };
        Object.defineProperty(request.headers, name, { value });
      }
      const response = await app.fetch(request, PROXY);
      await response.body?.cancel();
    }
    expect([...asked].filter((name) => !(name in HEADERS))).toEqual([]);
    expect(asked.size).toBeGreaterThan(12);
  });
});

describe('no request costs more than 2 ms of CPU time', () => {
  test('as an ordinary request', async () => {
    const dear: Record<string, string> = {};
    for (const target of targets) {
      const us = await adversary.plain(target);
      if (us > CPU_US_MAX) dear[`${target.method} ${target.path}`] = `${us} µs`;
    }
    expect(dear).toEqual({});
  });

  test('with a hostile value in any header', async () => {
    const own = Object.entries(HEADERS).flatMap(([name, values]) =>
      values.map((make): [string, Hostile, Use] => [name, make, inHeader(name)]),
    );
    const anywhere = Object.keys(HEADERS).flatMap((name) =>
      ANYWHERE.map((make): [string, Hostile, Use] => [name, make, inHeader(name)]),
    );
    await expectCheap(targets, ({ method }) => (method === 'GET' ? [...own, ...anywhere] : own));
  });

  test('with a hostile path', async () => {
    await expectCheap(targets, () =>
      [URL_LENGTH, HEADER_LENGTH].flatMap((length) =>
        PATHS.map((make): [string, Hostile, Use] => [`path of ${length}`, make, inPath(length)]),
      ),
    );
  });

  test('with a hostile value in any parameter of the query', async () => {
    const { ofApi, ofOthers } = await parameters();
    expect(ofApi.length).toBeGreaterThan(7);
    expect(ofOthers.length).toBeGreaterThan(25);
    await expectCheap(handled, ({ route }) =>
      (route.startsWith('/api/') ? ofApi : ofOthers).flatMap((name) =>
        PARAMETERS.map((make): [string, Hostile, Use] => [name, make, inParameter(name)]),
      ),
    );
  });

  test('with a hostile body', async () => {
    await expectCheap(
      targets.filter(({ body }) => body !== undefined),
      () => [
        ...JSON_BODIES.map((make): [string, Hostile, Use] => ['body', make, inBody()]),
        ...FORM_BODIES.map((make): [string, Hostile, Use] => [
          'form',
          make,
          inBody('application/x-www-form-urlencoded'),
        ]),
        ...MULTIPART_BODIES.map((make): [string, Hostile, Use] => [
          'form',
          make,
          inBody('multipart/form-data; boundary=x'),
        ]),
      ],
    );
  });
});

/** The names of all parameters: of the API by its description, of all others by the source. */
async function parameters(): Promise<{ ofApi: string[]; ofOthers: string[] }> {
  const ofApi = new Set(['unknown']);
  const ofOthers = new Set<string>();
  const description = await adversary.app.fetch(
    new Request('http://seen.test/openapi.json'),
    PROXY,
  );
  const { paths } = (await description.json()) as {
    paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
  };
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    for (const { in: place, name } of operation.parameters ?? [])
      if (place === 'query') ofApi.add(name);
  }
  for await (const path of new Bun.Glob('src/http/**/*.ts').scan(ROOT)) {
    const text = await Bun.file(`${ROOT}/${path}`).text();
    for (const [, name = ''] of text.matchAll(
      /(?:query\.(?:get|has)|req\.query|parameter|wholeNumberIn|booleanIn)\((?:(?:call\.)?query, )?'([\w-]+)'/g,
    )) {
      ofOthers.add(name);
    }
    const schema = /(images\/request|moe-counter\/look)\.ts$/.test(path) ? text : '';
    for (const [, name = ''] of schema.matchAll(/^ {2}(\w+)(?:: |,$)/gm)) ofOthers.add(name);
  }
  return { ofApi: [...ofApi], ofOthers: [...ofOthers] };
}
