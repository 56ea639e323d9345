/**
 * No request leaves more bytes than docs/capacity.md states, whatever its content: neither in the
 * store nor in the memory of the replica.
 *
 * A replica is served on a real port. Each route gets requests that all differ, with values of 14
 * kB in every header that the code reads, the longest allowed paths and queries, and bodies of 16
 * kB. The remaining bytes are measured after each round.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from '../support/app.ts';
import { ROOT } from '../support/program.ts';
import { HEADERS, JSON_BODIES, PARAMETERS } from './hostile.ts';
import { MeasuredReplica } from './replica.ts';
import { KEY, NAMESPACE, type Target, targetsOf } from './targets.ts';

/** Without the headers that fetch() writes itself. */
const WRITTEN = new Set(['content-length', 'host', 'transfer-encoding']);
const NAMES = Object.keys(HEADERS).filter((name) => !WRITTEN.has(name));
/**
 * How often each header is sent in a sweep: a sweep has enough requests that what a first one
 * needs does not matter.
 */
const TIMES = 6;
const HEADER_LENGTH = 14_000;
const URL_LENGTH = 1900;
const BODY_LENGTH = 16_000;
/**
 * What garbage collection has left of a request differs from sweep to sweep: the least of several
 * counts, for what is kept is kept in all of them.
 */
const TRIES = 40;
/** After so many targets that leave too much, no more are tried. */
const FINDINGS_MAX = 3;
/** So many requests are sent at once, which costs half as much as one after the other. */
const AT_ONCE = 10;

const STATED = readFileSync(join(ROOT, 'docs/capacity.md'), 'utf8');
const storeMax = Number(
  /request\s+leaves\s+at\s+most\s+([\d,]+)\s+bytes\s+in\s+SQLite/
    .exec(STATED)?.[1]
    ?.replace(',', ''),
);
if (Number.isNaN(storeMax))
  throw new Error('docs/capacity.md does not state what a request leaves');

const { routes } = setUp({ hosts: { 'countapi.test': 'countapi', 'abacus.test': 'abacus' } }).app;
/** HEAD is answered as GET is, and OPTIONS alike on all routes. */
const targets = targetsOf(routes).filter(
  ({ method }) => method !== 'HEAD' && method !== 'OPTIONS',
);
let replica: MeasuredReplica;
beforeAll(async () => {
  replica = await MeasuredReplica.start();
});
afterAll(() => replica[Symbol.asyncDispose]());

/** How a request differs from the plain one of its target. */
interface Change {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

async function ask({ method, ...target }: Target, change: Change): Promise<void> {
  const body = change.body ?? target.body;
  const response = await fetch(`${replica.url}${change.path ?? target.path}`, {
    method,
    headers: { ...target.headers, ...change.headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  });
  if (response.headers.get('Content-Type') === 'text/event-stream') await response.body?.cancel();
  else await response.arrayBuffer();
}

/** Sends `count` requests, each with a change of its own. */
async function sweep(
  target: Target,
  count: number,
  change: (target: Target, time: number) => Change,
): Promise<void> {
  let next = 0;
  const some = async () => {
    // Each change is made when it is sent, so that this test keeps none.
    for (let time = next++; time < count; time = next++) await ask(target, change(target, time));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

/** Text that was never sent before. */
const fresh = () => randomBytes(12).toString('base64url');

/** Sweeps all targets; fails with those of which each request leaves too much. */
async function expectLittleLeft(
  on: readonly Target[],
  /**
   * How many requests, and by how many bytes each would grow the memory on average if one of their
   * values was kept.
   */
  [count, kept]: readonly [number, number],
  change: (target: Target, time: number) => Change,
) {
  const memoryMax = kept * 0.7;
  const much: Record<string, string> = {};
  // What is there after a sweep is what the next one begins with: collecting garbage takes long.
  let latest = await replica.memoryBytes();
  for (const target of on) {
    let memory = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES && memory > memoryMax; tries++) {
      const storeBefore = replica.storeBytes();
      await sweep(target, count, change);
      const store = (replica.storeBytes() - storeBefore) / count;
      const before = latest;
      latest = await replica.memoryBytes();
      memory = Math.min(memory, (latest - before) / count);
      if (store > storeMax)
        much[`${target.method} ${target.path}`] = `${store} bytes of the store`;
    }
    if (memory > memoryMax) much[`${target.method} ${target.path}`] = `${memory} bytes of memory`;
    // What is kept everywhere shows in few targets, and each of them takes all tries.
    if (Object.keys(much).length >= FINDINGS_MAX) break;
  }
  expect(much).toEqual({});
}

describe('no request leaves more memory in use than is stated', () => {
  test('with a value of 14 kB in any header', async () => {
    await expectLittleLeft(
      targets,
      [TIMES * NAMES.length, HEADER_LENGTH / NAMES.length],
      (_, time) => {
        const name = NAMES[time % NAMES.length] ?? '';
        const values = HEADERS[name] ?? [];
        const value =
          values[Math.floor(time / NAMES.length) % values.length]?.(HEADER_LENGTH - 20) ?? '';
        return { headers: { [name]: fresh() + value } };
      },
    );
  });

  test('with the longest path and query that are accepted', async () => {
    await expectLittleLeft(targets, [50, URL_LENGTH / 2], ({ path }, time) => {
      const [before = ''] = path.split('?');
      const name = ['names', 'counters', 'label', 'callback'][Math.floor(time / 2) % 4];
      const value = encodeURI(PARAMETERS[time % PARAMETERS.length]?.(URL_LENGTH) ?? '');
      const changed =
        time % 2 === 0 ? `${before}?${name}=${fresh()}${value}` : `${before}${fresh()}${value}`;
      return { path: changed.slice(0, URL_LENGTH) };
    });
  });

  test('with a body of 16 kB', async () => {
    const withBody = targets.filter(({ body }) => body !== undefined);
    await expectLittleLeft(withBody, [50, BODY_LENGTH], (_, time) => {
      const body = JSON_BODIES[time % JSON_BODIES.length]?.(BODY_LENGTH) ?? '';
      // Also in the middle of what is a text in it.
      return { body: body.replace(/"a|^/, (begin) => begin + fresh()) };
    });
  });

  test('with everything that is stored at once: a new counter with the longest name, a new visitor, a new address, a key', async () => {
    const all = ({ route, path }: Target): Change => {
      const [namespace, key] = [fresh().padEnd(64, 'n'), fresh().padEnd(64, 'k')];
      const [a, b] = randomBytes(2);
      return {
        path: path.replaceAll(`${NAMESPACE}/${KEY}`, `${namespace}/${key}`),
        headers: {
          'idempotency-key': randomUUID().padEnd(60, 'x'),
          'user-agent': `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 ${fresh()}`,
          'x-forwarded-for': `198.51.${a}.${b}`,
        },
        ...(route === '/api/v1/counters' ? { body: longest(`${namespace}/${key}`) } : {}),
      };
    };
    /** A new counter with the longest title and link. */
    const longest = (name: string) => {
      const title = fresh() + '\u{1F600}'.repeat(84);
      const link = `https://my-site.example/${fresh()}`.padEnd(500, 'x');
      return JSON.stringify({ name, title, link });
    };
    const withoutBody = (target: Target) => ({ ...all(target), body: undefined });
    const bytes = new Map<string, number>();
    for (const target of targets.filter(({ method }) => method === 'GET' || method === 'POST')) {
      const before = replica.storeBytes();
      await sweep(target, 300, target.method === 'GET' ? withoutBody : all);
      bytes.set(`${target.method} ${target.path}`, (replica.storeBytes() - before) / 300);
    }
    // It is read from the document.
    expect(storeMax).toBeGreaterThan(0);
    expect([...bytes].filter(([, each]) => each > storeMax)).toEqual([]);
    // The bound is what is measured, not a guess far above it.
    expect(Math.max(...bytes.values())).toBeGreaterThan(storeMax * 0.7);
  });
});
