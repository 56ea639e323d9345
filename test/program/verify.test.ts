/** `seen verify`, run as users do: against Seen, and against services with one fault each. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';

const folder = temporaryFolder();
let seen: Program;

beforeAll(async () => {
  seen = await Program.start();
});

afterAll(async () => {
  await seen[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function begin(...words: readonly string[]) {
  return Bun.spawn([process.execPath, MAIN, 'verify', ...words], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function verify(...words: readonly string[]) {
  const program = begin(...words);
  const [out, error, status] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { status, said: out + error };
}

const verifyAThousand = ({ port }: { port?: number | undefined }) =>
  verify(`http://127.0.0.1:${port}`, '--visits', '1000', '--clients', '10');

/**
 * Resolves when the default counter is past `number`: a run begins with some looks, and then
 * visits.
 */
const isPast = (program: Program, number: number) =>
  until(`the counter to be past ${number}`, async () => (await hitsOf(program)) > number);

async function hitsOf(program: Program): Promise<number> {
  return JSON.parse(await program.get('/api/v1/values?names=hits')).values.hits;
}

const lineOf = (said: string, words: string) =>
  said.split('\n').find((line) => line.includes(words));

describe('Seen', () => {
  test('passes on GET /, with the replicas and their shares, and reads are reported as untested', async () => {
    const { status, said } = await verify(seen.url, '--visits', '2000');
    expect({ status, said }).toEqual({
      status: 0,
      said: expect.stringContaining('Held, as far as it was tested'),
    });
    expect(said).toMatch(/: 2,000 visits in /);
    for (const replica of ['test-1', 'test-2', 'test-3'])
      expect(said).toMatch(new RegExp(`${replica} seen/\\S+ .*\\d+ %`));
    expect(lineOf(said, 'never decreases')).toContain('untested');
  });

  test('passes on a counter that is read too, at a fixed rate', async () => {
    const { status, said } = await verify(
      seen.url,
      '--counter',
      'verify/rate',
      '--rate',
      '300',
      '--visits',
      '600',
    );
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('\nHeld.\n') });
    // Those, four that look where the counter stands before, and one after.
    expect(await seen.get('/get/verify/rate')).toBe('{"value":605}');
  });

  test('a recorded run gets the same verdict again, and its figures are available as data', async () => {
    const live = await verify(
      seen.url,
      '--visits',
      '500',
      '--history',
      'run.jsonl',
      '--json',
      'run.json',
    );
    const again = await verify('--check', 'run.jsonl');
    const findings = (said: string) =>
      said.split('\n').filter((line) => /^ {2}(held|BROKEN|untested)/.test(line));
    expect(findings(live.said)).toHaveLength(6);
    expect(findings(again.said)).toEqual(findings(live.said));
    expect(await Bun.file(join(folder.path, 'run.json')).json()).toMatchObject({
      held: true,
      answered: 500,
      failures: {},
      latencyMs: { p50: expect.any(Number), p99: expect.any(Number) },
    });
  });

  for (const [what, signal] of [
    ['Ctrl-C', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
  ] as const) {
    test(`${what} ends the visits; the verdict and the files are complete`, async () => {
      const before = await hitsOf(seen);
      const files = `--json ${signal}.json --history ${signal}.jsonl`.split(' ');
      await using program = begin(seen.url, '--for', '10m', ...files);
      await isPast(seen, before + 100);
      program.kill(signal);
      const said = await new Response(program.stdout).text();
      expect({ status: await program.exited, said }).toEqual({
        status: 0,
        said: expect.stringContaining('Held'),
      });
      expect(await Bun.file(join(folder.path, `${signal}.json`)).json()).toMatchObject({
        held: true,
      });
      expect(await verify('--check', `${signal}.jsonl`)).toMatchObject({ status: 0 });
    });
  }

  test('other clients’ visits are not reported as an error', async () => {
    const end = new AbortController();
    const others = (async () => {
      while (!end.signal.aborted) await seen.get();
    })();
    const { status, said } = await verify(seen.url, '--visits', '1000');
    end.abort();
    await others;
    expect({ status, said }).toEqual({
      status: 0,
      said: expect.stringContaining('others visit, or visits count twice'),
    });
  });
});

describe('a run is interrupted', () => {
  /** Answers so many visits, and then none. `silent` resolves with the first without an answer. */
  function silentAfter(answers: number) {
    const { promise: silent, resolve } = Promise.withResolvers<void>();
    const service = faulty((count) => {
      if (count <= answers) return { number: count };
      resolve();
      return new Promise<FaultyAnswer>(() => undefined);
    });
    return Object.assign(service, { silent });
  }

  test('before its first visit, while the service is silent', async () => {
    using service = silentAfter(1);
    await using program = begin(`http://127.0.0.1:${service.port}`);
    await service.silent;
    program.kill('SIGINT');
    expect(await new Response(program.stdout).text()).toContain('Nothing was tested');
    expect(await program.exited).toBe(130);
  });

  test('twice: it ends without the verdict', async () => {
    using service = silentAfter(10);
    await using program = begin(`http://127.0.0.1:${service.port}`, '--timeout', '10m');
    await service.silent;
    program.kill('SIGINT');
    // Two within half a second are one: npm passes on what the terminal has sent already.
    await Bun.sleep(1000);
    program.kill('SIGINT');
    await program.exited;
    expect(program.signalCode).toBe('SIGINT');
  });

  test('at a low rate, while its clients wait for their turn', async () => {
    let visits = 0;
    using service = faulty((count) => {
      visits = count;
      return { number: count };
    });
    const flags = '--rate 1 --clients 600 --for 30m'.split(' ');
    await using program = begin(`http://127.0.0.1:${service.port}`, ...flags);
    await until('the first visit', () => visits > 4);
    program.kill('SIGINT');
    expect(await new Response(program.stdout).text()).toContain('Held');
    expect(await program.exited).toBe(0);
  });
});

describe('--alone', () => {
  test('passes when nobody else visits', async () => {
    const { status, said } = await verify(
      seen.url,
      ...'--counter verify/alone --visits 500 --alone'.split(' '),
    );
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('\nHeld.\n') });
  });

  test('another client’s visit is an error, and without --alone only mentioned; so also from the recorded history', async () => {
    const end = new AbortController();
    const others = (async () => {
      while (!end.signal.aborted) await seen.get('/hit/verify/foreign');
    })();
    const flags = '--counter verify/foreign --visits 500'.split(' ');
    const told = await verify(seen.url, ...flags, '--history', 'foreign.jsonl');
    const strict = await verify(seen.url, ...flags, '--alone');
    end.abort();
    await others;
    expect(told).toEqual({ status: 0, said: expect.stringContaining('others visit too') });
    expect(strict).toEqual({ status: 1, said: expect.stringContaining('BROKEN: 1 of 6 checks') });
    expect(lineOf(strict.said, 'every answered visit was counted')).toContain('BROKEN');
    expect(await verify('--check', 'foreign.jsonl')).toMatchObject({ status: 0 });
    expect(await verify('--check', 'foreign.jsonl', '--alone')).toMatchObject({ status: 1 });
  });

  test('a visit that is counted after the end of the run is an error', async () => {
    // A visit that got no number counts after all, when four have looked where the counter stands
    // and 20 have visited.
    let late = 0;
    using service = faulty((count) => {
      if (count === 10) return { status: 503 };
      if (count === 23) setTimeout(() => (late = 1), 1000);
      return { number: count - (count > 10 ? 1 : 0) + late };
    });
    const flags = '--visits 20 --clients 1 --may-fail'.split(' ');
    const { status, said } = await verify(`http://127.0.0.1:${service.port}`, ...flags, '--alone');
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringContaining('a count came late'),
    });
  });
});

test('the reported rate is the rate of sending, however long the last answer takes', async () => {
  let count = 0;
  using service = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async () => {
      const number = ++count;
      // The last of the visits, after those that look where the counter stands.
      if (number === 4 + 40) await Bun.sleep(6000);
      return new Response(`seen ${number} times`);
    },
  });
  const url = `http://127.0.0.1:${service.port}`;
  const flags = '--visits 40 --rate 20 --json slow.json --history slow.jsonl'.split(' ');
  const { status, said } = await verify(url, ...flags);
  expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('Held') });
  const { sendingMs, elapsedMs, answered } = await Bun.file(join(folder.path, 'slow.json')).json();
  expect(answered).toBe(40);
  expect(sendingMs).toBeLessThan(elapsedMs / 2);
  const rate = `40 visits in ${(sendingMs / 1000).toFixed(1)} s, ${Math.round(40_000 / sendingMs)} a second`;
  expect(said).toContain(rate);
  expect((await verify('--check', 'slow.jsonl')).said).toContain(rate);
});

test('a single thing is reported in the singular', async () => {
  using service = faulty((count) => ({ number: count === 5 ? 4 : count }));
  const { said } = await verify(
    `http://127.0.0.1:${service.port}`,
    '--visits',
    '1',
    '--clients',
    '1',
  );
  expect(said).toMatch(/: 1 visit in /);
  expect(said).toContain('(1 time)');
  expect(said).not.toMatch(/\b1 (visits|times|requests)\b/);
});

describe('--retry', () => {
  test('each visit is repeated with its key until it is answered, and counts once', async () => {
    await using proxy = await Proxy.start(Number(new URL(seen.url).port));
    let answers = 0;
    proxy.fault = { loseAnswer: () => ++answers % 20 === 0 };
    const url = proxy.url.replace('redis:', 'http:');
    const flags = '--counter verify/retry --visits 1000 --retry --clients 10 --rate 2000'.split(
      ' ',
    );
    const { status, said } = await verify(
      url,
      ...flags,
      '--history',
      'retry.jsonl',
      '--json',
      'retry.json',
    );
    expect({ status, said, cuts: proxy.cuts > 20 }).toEqual({
      status: 0,
      said: expect.stringContaining('\nHeld.\n'),
      cuts: true,
    });
    expect(lineOf(said, 'got the same number')).toContain('held');
    const { answered, tries, compared } = await Bun.file(join(folder.path, 'retry.json')).json();
    expect({ answered, compared }).toEqual({ answered: 1000, compared: 100 });
    expect(tries.closed).toBeGreaterThan(20);
    const again = await verify('--check', 'retry.jsonl');
    expect({ status: again.status, said: again.said }).toEqual({
      status: 0,
      said: expect.stringContaining('\nHeld.\n'),
    });
  });

  test('the requests for the total before and after are repeated, too', async () => {
    await using proxy = await Proxy.start(Number(new URL(seen.url).port));
    let answers = 0;
    proxy.fault = { loseAnswer: () => ++answers % 2 === 0 };
    const url = proxy.url.replace('redis:', 'http:');
    const { status, said } = await verify(
      url,
      ...'--counter verify/insist --visits 20 --retry --clients 2'.split(' '),
    );
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('\nHeld.\n') });
  });

  test('an unanswered request is given up early enough to be repeated', async () => {
    using service = withKeys((known, tries) => (known || tries > 1 ? 'answer' : 'be silent'), 20);
    const url = `http://127.0.0.1:${service.port}`;
    const { status, said } = await verify(
      url,
      ...'--visits 200 --retry --timeout 2s --rate 1000'.split(' '),
    );
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('Held') });
    expect(said).toMatch(/\d+ requests failed and were sent again: \d+ timeout/);
  });

  test('a service that refuses a request that it answered before is detected, also from its history', async () => {
    using service = withKeys((known) => (known ? 'refuse' : 'answer'), 1);
    const url = `http://127.0.0.1:${service.port}`;
    const flags = '--visits 200 --retry --rate 1000 --history refused.jsonl'.split(' ');
    const { status, said } = await verify(url, ...flags);
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringContaining('again: status 409'),
    });
    expect(lineOf(said, 'got the same number')).toContain('untested');
    expect(await verify('--check', 'refused.jsonl')).toMatchObject({ status: 1 });
  });

  test('a rate limit is not reported as an error: the report gives advice', async () => {
    await using limited = await Program.start({ SEEN_REPLICAS: '1', SEEN_KEYS_PER_DAY: '50' });
    const { status, said } = await verify(
      limited.url,
      ...'--visits 100 --retry --rate 1000 --timeout 1s'.split(' '),
    );
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringContaining('status 429 rate-limited'),
    });
    expect(said).toContain('The service limited this address (status 429)');
    expect(said).toContain('SEEN_KEYS_PER_DAY=0');
    expect((await verify(seen.url, '--visits', '50')).said).not.toContain('SEEN_KEYS_PER_DAY');
  });

  test('a service that ignores keys is detected', async () => {
    using service = faulty((count) => ({ number: count }));
    const { status, said } = await verify(
      `http://127.0.0.1:${service.port}`,
      ...'--visits 200 --retry --rate 1000'.split(' '),
    );
    expect(status).toBe(1);
    expect(lineOf(said, 'got the same number')).toMatch(/BROKEN.*was repeated and got/);
    expect(lineOf(said, 'every answered visit was counted')).toContain('BROKEN');
  });
});

/**
 * A right counter that knows keys, and does with every `one in`th of them what `does` says:
 * whether it was answered before, and how often it was asked for.
 */
function withKeys(
  does: (known: boolean, tries: number) => 'answer' | 'be silent' | 'refuse',
  oneIn: number,
) {
  const numbers = new Map<string, number>();
  const asked = new Map<string, number>();
  let count = 0;
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const key = request.headers.get('Idempotency-Key') ?? crypto.randomUUID();
      const tries = (asked.get(key) ?? 0) + 1;
      asked.set(key, tries);
      const what = asked.size % oneIn === 0 ? does(numbers.has(key), tries) : 'answer';
      if (what === 'be silent') await new Promise(() => undefined);
      if (what === 'refuse') return new Response('', { status: 409 });
      const number = numbers.get(key) ?? ++count;
      numbers.set(key, number);
      return new Response(`seen ${number} times`);
    },
  });
}

type FaultyAnswer = { number: number } | { status: number };

/**
 * A counter that does what `answer` says: from the number of the request, the number that it
 * answers or a status.
 */
function faulty(answer: (count: number) => FaultyAnswer | Promise<FaultyAnswer>) {
  let count = 0;
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async () => {
      const what = await answer(++count);
      return 'number' in what
        ? new Response(`seen ${what.number} times`)
        : new Response('', { status: what.status });
    },
  });
}

/** Some hundred hits, as Redis writes them. */
const UNWRITTEN_BYTES = 50_000;

describe('a faulty service is detected', () => {
  const FAULTS = {
    'that gives a number twice': [
      'two visits',
      (count: number) => ({ number: count % 100 === 0 ? count - 1 : count }),
    ],
    'that counts a visit twice': [
      'are counted',
      (count: number) => ({ number: count + Math.floor(count / 100) }),
    ],
    'that loses what it has counted': [
      /1000 visits got a number, and \d+ are counted/,
      (count: number) => ({ number: count > 600 ? count - 300 : count }),
    ],
    'that goes backwards': [
      'began',
      (count: number) => ({ number: count % 200 === 0 ? count - 150 : count }),
    ],
    'that refuses visits': [
      'status 503',
      (count: number) => (count % 100 === 0 ? { status: 503 } : { number: count }),
    ],
  } as const;

  for (const [what, [evidence, answer]] of Object.entries(FAULTS)) {
    test(what, async () => {
      using service = faulty(answer);
      const { status, said } = await verifyAThousand(service);
      expect({ status, said }).toEqual({
        status: 1,
        said: expect.stringMatching(/BROKEN: \d of 6 checks/),
      });
      expect(said).toMatch(evidence);
    });
  }

  test('that increments again after a lost connection to Redis, as most do', async () => {
    await using redis = await RedisServer.start();
    await using proxy = await Proxy.start(redis.port);
    let answers = 0;
    proxy.fault = {
      loseAnswer: (bytes) => bytes.toString().startsWith(':') && ++answers % 50 === 0,
    };
    const increment = async (): Promise<number> => {
      const client = new Bun.RedisClient(proxy.url, { autoReconnect: false });
      try {
        await client.connect();
        return await client.incr('hits');
      } catch {
        return increment();
      } finally {
        client.close();
      }
    };
    using service = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async () => new Response(`seen ${await increment()} times`),
    });
    const { status, said } = await verifyAThousand(service);
    expect({ status, cuts: proxy.cuts > 10 }).toEqual({ status: 1, cuts: true });
    // Each visit got a number of its own, in order, and none failed: only the total tells.
    expect(said).toContain('BROKEN: 1 of 6 checks');
    expect(said).toMatch(/1000 visits got a number and 0 did not, and 10\d\d are counted/);
  });

  test('whose Redis syncs only every second on a slow disk, when Redis is killed: numbers repeat', async () => {
    await using redis = await RedisServer.start({ ...SAFE, appendfsync: 'everysec' });
    await using program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: '1',
    });
    await using going = begin(program.url, ...'--for 10m --clients 10 --rate 500'.split(' '));
    await isPast(program, 100);
    // Redis does not even write while it waits for a sync, for up to two seconds.
    const trace = `strace -f -p ${redis.pid} -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_exit=3s`;
    const slow = Bun.spawn(trace.split(' '), {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await until('hits to wait for being written', async () => {
      const [, bytes] =
        /aof_buffer_length:(\d+)/.exec(await redis.cli('INFO', 'persistence')) ?? [];
      return Number(bytes) > UNWRITTEN_BYTES;
    });
    await redis.kill();
    slow.kill('SIGKILL');
    await slow.exited;
    await redis.start();
    await isPast(program, (await hitsOf(program)) + 1000);
    going.kill('SIGINT');
    const said = await new Response(going.stdout).text();
    expect(await going.exited).toBe(1);
    expect(lineOf(said, 'no number was given to two visits')).toContain('BROKEN');
  });

  test('that stops in the middle: the verdict says how requests failed', async () => {
    const service = faulty((count) => {
      if (count === 100) void service.stop(true);
      return { number: count };
    });
    const { status, said } = await verifyAThousand(service);
    expect(status).toBe(1);
    expect(lineOf(said, 'every request got its number')).toMatch(/BROKEN.*refused/);
    expect(lineOf(said, 'every answered visit was counted')).toContain(
      'the counter did not answer at the end',
    );
  });

  test('that stops in the middle, while requests may fail: the run does not pass', async () => {
    const service = faulty((count) => {
      if (count === 100) void service.stop(true);
      return { number: count };
    });
    const { status, said } = await verify(
      `http://127.0.0.1:${service.port}`,
      ...'--visits 1000 --clients 10 --may-fail --history stopped.jsonl'.split(' '),
    );
    const unknown = expect.stringContaining('UNKNOWN: the counter did not answer at the end');
    expect({ status, said }).toEqual({ status: 1, said: unknown });
    expect(await verify('--check', 'stopped.jsonl')).toEqual({ status: 1, said: unknown });
  });

  test('that answers no visit at all: nothing was tested, and the run does not pass', async () => {
    using service = faulty((count) => (count > 4 ? { status: 503 } : { number: count }));
    const { status, said } = await verify(
      `http://127.0.0.1:${service.port}`,
      '--visits',
      '50',
      '--may-fail',
    );
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringContaining('Nothing was tested'),
    });
  });

  test('that refuses visits, which is allowed: the verdict mentions it, and nothing is an error', async () => {
    using service = faulty((count) => (count % 100 === 0 ? { status: 503 } : { number: count }));
    const url = `http://127.0.0.1:${service.port}`;
    const { status, said } = await verify(
      url,
      '--visits',
      '500',
      '--may-fail',
      '--history',
      'may.jsonl',
    );
    expect({ status, said }).toEqual({
      status: 0,
      said: expect.stringContaining('Held, as far as'),
    });
    expect(lineOf(said, 'every request got its number')).toMatch(
      /untested .*requests may fail, and did: \d status 503/,
    );
    expect((await verify('--check', 'may.jsonl')).status).toBe(0);
  });
});

describe('bad input', () => {
  for (const [words, expected] of [
    [[], 'Name a URL'],
    [['http://a', 'http://b'], 'Name a URL'],
    [['localhost:8000'], 'is not a URL'],
    [['http://127.0.0.1:1'], 'does not count: refused'],
    [['http://a', '--visits', '0'], '--visits is not a whole number above 0'],
    [['http://a', '--for', '60'], '--for is not a duration such as'],
    [['http://a', '--for', '720h'], '--for is at most 576h (24 days)'],
    [['http://a', '--timeout', '600h'], '--timeout is at most 576h (24 days)'],
    [['http://a', '--clients', '99999999999'], '--clients is at most 10,000'],
    [['http://a', '--rate', '1000001'], '--rate is at most 1,000,000'],
    [['http://a', '--visits', '9999999999999'], '--visits is at most 999,999,999,999'],
    [['http://a', '--speed', '9'], 'seen verify --help'],
    [['--check', 'missing.jsonl'], 'cannot be read'],
    [['http://a', '--history', 'no/such/folder'], '--history names a file that cannot be written'],
    [['http://a', '--json', 'no/such/folder'], '--json names a file that cannot be written'],
  ] as const) {
    test(`${words.join(' ') || 'nothing'}: exit 2, with the correct usage`, async () => {
      const { status, said } = await verify(...words);
      expect({ status, said }).toEqual({ status: 2, said: expect.stringContaining(expected) });
    });
  }

  test('a mistake in the command line leaves the files as they are', async () => {
    const file = join(folder.path, 'kept.json');
    for (const [words, expected] of [
      [['localhost:8000'], 'is not a URL'],
      [[seen.url, '--clients', '0'], '--clients is not a whole number above 0'],
      [[seen.url, '--history', './kept.json'], '--json and --history name the same file'],
      [[seen.url, '--history', 'no/such/folder'], '--history names a file that cannot be written'],
    ] as const) {
      writeFileSync(file, 'kept');
      const { status, said } = await verify(...words, '--json', 'kept.json');
      expect({ status, said }).toEqual({ status: 2, said: expect.stringContaining(expected) });
      expect(await Bun.file(file).text()).toBe('kept');
    }
  });

  test('a full disk: exit 2, with the report and the files that are not complete', async () => {
    const said = await verify(seen.url, '--visits', '10', '--history', '/dev/full');
    expect(said).toEqual({
      status: 2,
      said: expect.stringMatching(
        /: 10 visits in [^]*seen: The file of --history is not complete: ENOSPC: [^\n]+\n$/,
      ),
    });
    const both = '--visits 10 --history whole.jsonl --json /dev/full'.split(' ');
    expect(await verify(seen.url, ...both)).toEqual({
      status: 2,
      said: expect.stringMatching(
        /: 10 visits in [^]*seen: The file of --json is not complete: ENOSPC: [^\n]+\n$/,
      ),
    });
    expect(await verify('--check', 'whole.jsonl')).toEqual({
      status: 0,
      said: expect.stringContaining(': 10 visits in '),
    });
  });

  test('a history that is damaged: exit 2, with the line', async () => {
    const good =
      '{"type":"hit","connection":1,"start":0,"end":1,"number":6}\n{"type":"frame","before":5,"after":7,"others":false}\n';
    const judge = async (text: string) => {
      writeFileSync(join(folder.path, 'h.jsonl'), text);
      return verify('--check', 'h.jsonl');
    };
    expect((await judge(good)).status).toBe(0);
    for (const [text, expected] of [
      [`${good}{`, 'line 3, is not JSON'],
      [good.replace('"end":1', '"end":-1'), 'line 1,'],
      [good.replace(',"number":6', ''), 'either a number or a failure'],
      [good.split('\n')[0] ?? '', 'has no line with "type":"frame"'],
    ] as const) {
      expect(await judge(text)).toEqual({ status: 2, said: expect.stringContaining(expected) });
    }
  });
});
