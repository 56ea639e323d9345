/**
 * Tokens stay secret: owners and guessing clients use the started program, and then the test
 * searches its data for the tokens.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { temporaryFolder, until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const INSTALLATION = 'the-installation-s-own-token';
const ONE = '/api/v1/counters/my-site/front-page';
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const folder = temporaryFolder();
let program: Program;
/** The counter's token, and the one answer that tells it. */
let own = '';
/** All other answers, headers and bodies. */
const answers: string[] = [];

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Asks, keeps what is answered, and answers the status and the body. */
async function ask(method: string, path: string, { headers = {}, body }: Asked = {}) {
  const response = await fetch(`${program.url}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: JSON.stringify([...response.headers]),
    text: await response.text(),
  };
}

/** The status of an answer that must not tell a token. */
async function statusOf(method: string, path: string, asked: Asked = {}): Promise<number> {
  const { status, headers, text } = await ask(method, path, asked);
  answers.push(`${headers}${text}`);
  return status;
}

beforeAll(async () => {
  const file = join(folder.path, 'token');
  writeFileSync(file, `${INSTALLATION}\n`);
  program = await Program.start({
    SEEN_TOKEN_FILE: file,
    SEEN_COUNTERS: 'closed',
    SEEN_LOG_LEVEL: 'debug',
  });
});

afterAll(async () => {
  await program?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('tokens', () => {
  test('let their owners make and set a counter, and nobody with another token or none', async () => {
    const draft = { name: 'my-site/front-page', value: 41 };
    expect(await statusOf('POST', '/api/v1/counters', { body: draft })).toBe(401);
    expect(
      await statusOf('POST', '/api/v1/counters', { body: draft, headers: bearer('wrong') }),
    ).toBe(401);
    const made = await ask('POST', '/api/v1/counters', {
      body: draft,
      headers: bearer(INSTALLATION),
    });
    expect(made.status).toBe(201);
    own = (JSON.parse(made.text) as { token: string }).token;
    answers.push(made.headers, made.text.replace(own, ''));

    const set = (value: number, headers: Readonly<Record<string, string>> = {}) =>
      statusOf('PATCH', ONE, { body: { value }, headers });
    expect(await set(42, bearer(own))).toBe(200);
    expect(await set(43, bearer(INSTALLATION))).toBe(200);
    for (const wrong of [`${own}x`, own.slice(0, -1), INSTALLATION.toUpperCase(), 'wrong']) {
      expect(await set(44, bearer(wrong))).toBe(401);
    }
    expect(await set(44)).toBe(401);
    expect(await statusOf('GET', '/api/v1/counters', { headers: bearer(own) })).toBe(401);
    expect(await statusOf('GET', '/api/v1/counters', { headers: bearer(INSTALLATION) })).toBe(200);
    expect(await statusOf('GET', ONE)).toBe(200);
    expect(answers.at(-1)).toContain('"value":43');
  });

  test('do nothing in a URL, under any parameter name', async () => {
    for (const token of [own, INSTALLATION]) {
      for (const name of ['token', 'access_token', 'authorization']) {
        const query = `?${name}=${token}`;
        expect(await statusOf('PATCH', `${ONE}${query}`, { body: { value: 1 } })).toBe(401);
        expect(await statusOf('DELETE', `${ONE}${query}`)).toBe(401);
        expect(await statusOf('GET', `/api/v1/counters${query}`)).toBe(400);
        expect(await statusOf('GET', `/${query}`)).toBe(200);
      }
      expect(await statusOf('GET', `/api/v1/counters?search=${token}`)).toBe(401);
    }
    expect(await statusOf('GET', ONE)).toBe(200);
    expect(answers.at(-1)).toContain('"value":43');
  });

  test('appear in no log, no other response, no list of processes and no database', async () => {
    const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    const processes = [program.process.pid, ...(await program.replicas())];
    expect(processes).toHaveLength(4);
    const commands = processes.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    const place = dirname(program.database);
    const stored = () =>
      readdirSync(place)
        .filter((name) => name.startsWith(basename(program.database)))
        .map((name) => readFileSync(join(place, name), 'latin1'))
        .join('\n');
    await until('the log to have the last request', () => program.out.includes(`${ONE}"`));

    const places = {
      log: () => `${program.out}${program.err}`,
      answers: () => answers.join('\n'),
      metrics: () => metrics,
      commands: () => commands.join('\n'),
      database: stored,
    };
    // What is searched is what was written.
    const hash = new Bun.CryptoHasher('sha256').update(own).digest('base64url');
    const known = {
      log: '/api/v1/counters',
      answers: '"value":43',
      metrics: '/api/v1/counters',
      commands: 'replica-name=test-3',
      database: hash,
    };
    for (const [name, read] of Object.entries(places)) {
      expect(read()).toContain(known[name as keyof typeof known]);
      for (const token of [own, INSTALLATION]) {
        expect({ name, told: read().includes(token) }).toEqual({ name, told: false });
      }
    }
    expect(await program.stop()).toBe(0);
    for (const read of [places.log, places.database]) {
      for (const token of [own, INSTALLATION]) expect(read()).not.toContain(token);
    }
  });
});
