/**
 * A list of attacks, with the tests that try each of them, and the tests on the started program
 * that are nowhere else. Requests are sent as raw bytes, because HTTP clients correct what an
 * attacker would send.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { Program, ROOT } from '../support/program.ts';
import type { Database } from '../support/stores/database.ts';
import { forEachStore } from '../support/stores/stores.ts';

/** Where each attack is tried. */
const ATTACKS: Readonly<Record<string, readonly (readonly [file: string, name: string])[]>> = {
  'another’s counter is set': [
    [
      'unit/http/api/api.test.ts',
      'another’s counter cannot be set, hit by more than 1, or deleted',
    ],
    [
      'program/owners.test.ts',
      'let their owners make and set a counter, and nobody with another token or none',
    ],
    ['unit/http/compat/countapi.test.ts', 'does not change a counter that does not allow it'],
    [
      'program/security.test.ts',
      'another’s counter does not change, whatever is sent instead of its token',
    ],
  ],
  'a token is read': [
    [
      'program/owners.test.ts',
      'appear in no log, no other response, no list of processes and no database',
    ],
    ['program/owners.test.ts', 'do nothing in a URL, under any parameter name'],
    [
      'unit/http/api/api.test.ts',
      'a token is stored as a hash, and appears only in the answer that makes the counter',
    ],
  ],
  'a token leaves the browser of its owner': [
    [
      'browser/manage-security.test.ts',
      'leaves the tab only as a header, whatever is done on the page',
    ],
    ['browser/manage-security.test.ts', 'is gone from the tab when it is forgotten'],
  ],
  'cross-site request forgery (CSRF)': [
    [
      'browser/manage-security.test.ts',
      'forms of a foreign page change no counter, while a token is in the browser',
    ],
    ['browser/manage-security.test.ts', 'no GET changes a counter, with a token and without'],
  ],
  'cross-site scripting (XSS) by title, link, label and name': [
    [
      'browser/manage-security.test.ts',
      'by title, link, label and name runs nothing, even from a store that somebody else has written',
    ],
    ['browser/manage-security.test.ts', 'is not possible by a title or link that the API takes'],
    [
      'browser/manage-security.test.ts',
      'has no HTML to be written into: the policy requires trusted types',
    ],
  ],
  clickjacking: [
    [
      'browser/manage-security.test.ts',
      'clickjacking: no page of another site shows it in a frame',
    ],
  ],
  'a token is guessed by how long a comparison takes': [
    [
      'program/security.test.ts',
      'secrets are compared as digests of equal length, in constant time, in one place',
    ],
  ],
  'a header is injected': [
    [
      'program/security.test.ts',
      'input never becomes a response header, a line of the log, or a bug',
    ],
    ['unit/http/compat/countapi.test.ts', 'a forged Origin or Referer makes no invalid name'],
  ],
  'a name is injected': [
    ['program/security.test.ts', 'an invalid name never reaches the store, however it is encoded'],
    [
      'program/security.test.ts',
      'a name that looks like something else is a counter like any other',
    ],
    ['unit/counter/name.test.ts', 'any other part is refused, and the message says which one'],
  ],
  'a script is put into a callback’s name': [
    [
      'unit/http/compat/countapi.test.ts',
      'an invalid function name is refused, and nothing is counted',
    ],
  ],
  'X-Forwarded-For is forged': [
    ['unit/http/visit/client-address.test.ts', 'is never one that only an untrusted peer reports'],
    ['unit/http/api/past.test.ts', 'are identified by X-Forwarded-For only from a trusted proxy'],
    ['program/limits.test.ts', 'a forged X-Forwarded-For does not get around a limit'],
  ],
  'a flood of new names': [
    [
      'program/limits.test.ts',
      'a flood of new counters is stopped by a quota that three replicas share, and existing counters count on',
    ],
    [
      'program/limits.test.ts',
      'by default one address can make 1,000 counters and use 5,000 keys, and another address still can',
    ],
    [
      'program/limits.test.ts',
      'without the quota a flood of new counters ends at SEEN_COUNTERS_MAX, and existing counters count on',
    ],
    [
      'program/deploy.test.ts',
      'all that visits can make fits below 80 % of Redis’ memory, from which on nothing new is stored',
    ],
  ],
  'one address opens all streams': [
    [
      'program/limits.test.ts',
      'by default one address cannot use up the streams, and another can still listen',
    ],
  ],
  'a flood of idempotency keys': [
    [
      'program/limits.test.ts',
      'by default one address can make 1,000 counters and use 5,000 keys, and another address still can',
    ],
    [
      'program/security.test.ts',
      'a flood of idempotency keys ends at SEEN_KEYS_MAX, while visits and earlier keys still work',
    ],
    [
      'contract/counting-contract.ts',
      'no more keys are stored than the limit allows; known keys and hits without a key still work',
    ],
  ],
  'a flood of requests': [
    [
      'program/limits.test.ts',
      'a flood of requests from one address does not prevent another from counting',
    ],
  ],
};

const TOKEN = 'the-installation-s-own-token';
const KEYS_MAX = 40;

test('each listed attack has an existing test', () => {
  for (const [attack, tests] of Object.entries(ATTACKS)) {
    for (const [file, name] of tests) {
      const text = readFileSync(join(ROOT, 'test', file), 'utf8');
      expect({ attack, name, there: text.includes(`test('${name}'`) }).toEqual({
        attack,
        name,
        there: true,
      });
    }
  }
});

test('secrets are compared as digests of equal length, in constant time, in one place', async () => {
  // In a process of its own, in which the function that compares notes down what it is given.
  const script = `
import { mock } from 'bun:test';
import * as crypto from 'node:crypto';
const compared = [];
const { timingSafeEqual } = crypto;
mock.module('node:crypto', () => ({
...crypto,
timingSafeEqual: (a, b) => { compared.push([a.length, b.length]); return timingSafeEqual(a, b); },
}));
const { issueToken, Owners } = await import(${JSON.stringify(join(ROOT, 'src/http/visit/owners.ts'))});
const { token, owner } = issueToken();
const owners = new Owners('the-installation-s-own-token');
const answers = [token, token.slice(0, -1), token + 'x', 's', 'x'.repeat(5000), 'the-installation-s-own-token'].map((sent) => {
compared.length = 0;
const headers = new Headers({ Authorization: 'Bearer ' + sent });
let allowed = true;
try { owners.requireOwner(headers, { owner }); } catch { allowed = false; }
const installation = owners.isInstallation(headers);
return { allowed, installation, compared: [...compared] };
});
console.log(JSON.stringify(answers));
`;
  const { stdout } = await Bun.$`${process.execPath} -e ${script}`.quiet();
  const answers = JSON.parse(stdout.toString()) as {
    allowed: boolean;
    installation: boolean;
    compared: unknown[];
  }[];
  expect(answers.map(({ allowed }) => allowed)).toEqual([true, false, false, false, false, true]);
  expect(answers.map(({ installation }) => installation)).toEqual([
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
  // The digest of a token that is sent, and that of the installation, the owner, the installation
  // again.
  const whole = [43, 43];
  // The installation's token needs no look at the owner's.
  for (const { installation, compared } of answers) {
    expect(compared).toEqual(installation ? [whole, whole] : [whole, whole, whole]);
  }

  const files = [...new Bun.Glob('**/*.ts').scanSync(join(ROOT, 'src'))];
  const texts = files.map(
    (file) => [file, readFileSync(join(ROOT, 'src', file), 'utf8')] as const,
  );
  expect(
    texts.filter(([, text]) => text.includes('timingSafeEqual')).map(([file]) => file),
  ).toEqual(['http/visit/owners.ts']);
  const owners = texts.find(([file]) => file === 'http/visit/owners.ts')?.[1] ?? '';
  expect(owners.match(/\S+ [!=]==? (?!undefined)\S+/g)).toEqual(['a.length === b.length']);
  // A store asks whether a counter that is to be made was made by the same request before: whose
  // token nobody has sent. And in the transaction of a change whether the owner is still the one
  // whose token was compared before.
  const allowed = [
    '(condition.owner === undefined || owner === condition.owner) &&',
    "return { answer: before.owner === owner ? 'created' : 'exists', changed: false };",
    // The same for a change: it is the hash of a token that Seen has just made.
    'const isRepeated = owner !== undefined && owner === before.owner;',
  ];
  const comparisons = texts.flatMap(([, text]) =>
    text
      .split('\n')
      .filter((line) =>
        /\b(owner|token|installation|hash)\)? [!=]==? (?!undefined|null|'')/i.test(line),
      ),
  );
  expect(comparisons.map((line) => line.trim().replace(/^if \(before\) /, ''))).toEqual(allowed);
});

forEachStore((newDatabase) => {
  let database: Database;
  let program: Program;

  beforeAll(async () => {
    database = await newDatabase();
    program = await Program.start({
      SEEN_STORE_URL: database.url,
      SEEN_TOKEN: TOKEN,
      SEEN_KEYS_MAX: `${KEYS_MAX}`,
      SEEN_LOG_LEVEL: 'debug',
      SEEN_LOG_FORMAT: 'json',
    });
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** Sends a request as it stands; answers status, headers by lines, and body. */
  function send(target: string, headers: readonly string[] = [], method = 'GET', body = '') {
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: seen.test',
      'Connection: close',
      ...headers,
    ];
    if (body !== '')
      head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
    return new Promise<{ status: number; headers: string[]; body: string }>((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(program.url).port), '127.0.0.1', () =>
        socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')),
      );
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', reject);
      socket.on('close', () => {
        const [top = '', rest = ''] = answer.split(/\r\n\r\n([\s\S]*)/, 2);
        const [line = '', ...lines] = top.split('\r\n');
        resolve({ status: Number(line.split(' ')[1]), headers: lines, body: rest });
      });
    });
  }

  const bearer = (token: string) => `Authorization: Bearer ${token}`;
  const value = async (path: string) => JSON.parse((await send(path)).body).value as number;

  test('another’s counter does not change, whatever is sent instead of its token', async () => {
    const make = async (name: string) => {
      const { body } = await send(
        '/api/v1/counters',
        [],
        'POST',
        JSON.stringify({ name, value: 41 }),
      );
      return (JSON.parse(body) as { token: string }).token;
    };
    const own = await make('my-site/mine');
    const other = await make('my-site/theirs');
    const hash = new Bun.CryptoHasher('sha256').update(own).digest('base64url');
    const path = '/api/v1/counters/my-site/mine';
    const attempts = [
      [],
      [bearer(other)],
      [bearer(`${own}x`)],
      [bearer(own.slice(0, -1))],
      [bearer(own.toUpperCase())],
      // What the store keeps opens nothing.
      [bearer(hash)],
      [bearer('undefined')],
      [`Authorization: ${own}`],
      [`Authorization: Basic ${btoa(`seen:${own}`)}`],
      [`Authorization: Bearer ${own} ${own}`],
      [`Cookie: token=${own}`],
      [`X-Seen-Token: ${own}`],
    ];
    for (const headers of attempts) {
      const answers = await Promise.all([
        send(path, headers, 'PATCH', '{"value":0}'),
        send(path, headers, 'DELETE'),
        send(`${path}/hit`, headers, 'POST', '{"amount":-41}'),
        send(path, [...headers, 'X-HTTP-Method-Override: DELETE'], 'POST'),
        send('/countapi/set/my-site/mine?value=0', headers),
        send('/countapi/update/my-site/mine?amount=-41', headers),
      ]);
      const statuses = answers.map(({ status }) => status);
      expect({ headers, statuses }).toEqual({
        headers,
        statuses: [401, 401, 401, 405, 403, 403],
      });
    }
    expect(await value('/get/my-site/mine')).toBe(41);
    expect((await send(path, [bearer(own)], 'PATCH', '{"value":42}')).status).toBe(200);
    expect((await send(path, [bearer(TOKEN)], 'PATCH', '{"value":43}')).status).toBe(200);
  });

  test('an invalid name never reaches the store, however it is encoded', async () => {
    const before = (await database.counters()).toSorted();
    const bad = [
      '..',
      '%2e%2e',
      '%2e%2e%2f%2e%2e%2fetc',
      '..%5c..%5cetc',
      'abc%00',
      'abc%0d%0aSET%20hits%201',
      'abc%0a',
      'abc%20def',
      // Decoded once, and not again.
      '%2561bc',
      'abc%252fdef',
      '%25%36%31bc',
      '%c0%ae%c0%ae',
      '%ff%fe%fd',
      '%u0061bc',
      'abc%E2%80%AEdef',
      '%EF%BC%A1%EF%BC%A2%EF%BC%A3',
      'caf%C3%A9',
      'abc*',
      'seen:total:abc',
      '[a-z]%7B3%7D',
      '%25a%2B',
      "abc';DROP%20TABLE%20counters;--",
      'abc%22%20OR%20%221%22=%221',
      '$%7Babc%7D',
      '%7Babc%7D',
      'x'.repeat(65),
    ];
    for (const part of bad) {
      for (const name of [`${part}/good`, `good/${part}`]) {
        // A path that walks up to /countapi/create/ asks for a counter with a name of its own.
        const walks = /^(\.\.|%2e%2e)$/.test(part);
        const create = walks ? [] : ['/countapi/create/'];
        for (const path of ['/hit/', '/get/', '/api/v1/counters/', '/countapi/hit/', ...create]) {
          const { status } = await send(`${path}${name}`);
          expect({ path, name, status: status === 400 || status === 404 }).toEqual({
            path,
            name,
            status: true,
          });
        }
        expect([400, 404]).toContain(
          (await send(`/api/v1/counters/${name}/hit`, [], 'POST')).status,
        );
      }
    }
    const named = bad
      .map((part) => `${part}/good`)
      .concat('hits', 'good', 'good/good/good', '/good', 'good/', '');
    for (const name of named) {
      expect((await send('/api/v1/counters', [], 'POST', JSON.stringify({ name }))).status).toBe(
        400,
      );
    }
    expect((await database.counters()).toSorted()).toEqual(before);
    // The same letters, encoded once.
    expect((await send('/hit/%67ood/n%61me')).body).toBe('{"value":1}');
    expect(await value('/get/good/name')).toBe(1);
  });

  test('a name that looks like something else is a counter like any other', async () => {
    const visits = Number(/\d+/.exec((await send('/')).body)?.[0]);
    const names = [
      '__proto__/constructor',
      'constructor/prototype',
      '---/---',
      '.../...',
      'hits/hits',
      'seen/names',
      'NaN/null',
    ];
    for (const name of names) {
      for (const number of [1, 2])
        expect({ name, value: await value(`/hit/${name}`) }).toEqual({ name, value: number });
      expect(await value(`/get/${name}`)).toBe(2);
    }
    const { body } = await send(
      `/api/v1/values?names=${names.slice(0, 2).join(',')},constructor/toString`,
    );
    expect(Object.entries(JSON.parse(body).values as object)).toEqual([
      ['__proto__/constructor', 2],
      ['constructor/prototype', 2],
      ['constructor/toString', null],
    ]);
    expect(await database.counters()).toEqual(expect.arrayContaining(names));
    expect((await send('/')).body).toContain(` ${visits + 1} times`);
  });

  test('input never becomes a response header, a line of the log, or a bug', async () => {
    const known =
      /^(access-control-\S+|allow|cache-control|connection|content-(length|security-policy|type)|cross-origin-resource-policy|date|etag|location|ratelimit(-policy)?|retry-after|transfer-encoding|vary|www-authenticate|x-content-type-options|x-path|x-seen-(error|token)|x-served-by): [ -~]*$/i;
    const evil = fc.constantFrom(
      '%0d%0aX-Evil:%201',
      '%0aX-Evil:%201%0a%0a<script>',
      '%E5%98%8D%E5%98%8AX-Evil:1',
      '\u0000',
      '\u0001',
      '\u00ff',
      '%00',
      '"',
      '{"level":"error"}',
    );
    const text = fc
      .oneof(evil, fc.string({ maxLength: 12, unit: 'binary-ascii' }))
      .map((word) => word.replaceAll(/[\r\n ]/g, ''));
    const target = fc
      .tuple(
        fc.constantFrom(
          '/',
          '/hit/',
          '/get/',
          '/countapi/hit/',
          '/countapi/create/',
          '/countapi/hit/:HOST:/:PATHNAME:?x=',
          '/countapi/hit/abc?callback=',
          '/countapi/hit/abc?callback=f&x=',
          '/api/v1/values?names=',
          '/embed.js?',
          '/badge/hits.svg?label=',
          '/badge/',
        ),
        text,
        text,
      )
      .map(([path, one, two]) => `${path}${one}/${two}`);
    const headers = fc
      .tuple(
        fc.constantFrom(
          'Referer',
          'Origin',
          'Accept',
          'Idempotency-Key',
          'X-Forwarded-For',
          'User-Agent',
          'Authorization',
          'X-Evil',
        ),
        text,
      )
      .map(([name, said]) => [`${name}: ${said.replaceAll('\u0000', '')}`]);
    // 505 is Bun's, for bytes that are no path.
    const answered = [200, 201, 400, 401, 403, 404, 405, 409, 503, 505];
    await fc.assert(
      fc.asyncProperty(target, headers, async (path, sent) => {
        const answer = await send(path, sent);
        // Bun closes without a word on bytes that no request may have.
        if (Number.isNaN(answer.status)) return;
        expect(answered).toContain(answer.status);
        for (const line of answer.headers) expect(line).toMatch(known);
      }),
      { numRuns: 600 },
    );
    for (const line of program.out.split('\n').slice(0, -1))
      expect(JSON.parse(line)).toHaveProperty('msg');
    expect(program.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a flood of idempotency keys ends at SEEN_KEYS_MAX, while visits and earlier keys still work', async () => {
    const keyed = (key: string) => send('/hit/of-keys/page', [`Idempotency-Key: ${key}`]);
    const keys = Array.from({ length: 5 * KEYS_MAX }, () => crypto.randomUUID());
    const day = new Date().getUTCDate();
    const flood = await Promise.all(keys.map(keyed));
    const counted = keys.filter((_, at) => flood[at]?.status === 200);
    const refused = flood.filter(({ status }) => status !== 200);
    // Some of the room was taken by the test before this one, and a new day makes more.
    expect(counted.length).toBeGreaterThan(0);
    if (new Date().getUTCDate() === day) expect(counted.length).toBeLessThanOrEqual(KEYS_MAX);
    expect(
      new Set(refused.map(({ status, body }) => `${status} ${JSON.parse(body).code}`)),
    ).toEqual(new Set(['503 keys-full']));
    expect(refused[0]?.headers).toContain('Retry-After: 3600');
    const again = await Promise.all(counted.map(keyed));
    expect(again.map(({ body }) => body)).toEqual(
      flood.filter(({ status }) => status === 200).map(({ body }) => body),
    );
    expect(await value('/hit/of-keys/page')).toBe(counted.length + 1);
  });
});
