/**
 * Several replicas on one machine, from the point of view of the person who starts and stops them.
 */
import { afterEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { version } from '../../package.json' with { type: 'json' };
import { sharesPorts } from '../../src/commands/compose/ports.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { exactly, load } from '../support/load.ts';
import { MAIN, Program, ROOT } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';

let program: Program;

afterEach(() => program?.[Symbol.asyncDispose]());

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** The process of one replica; nothing where there is none just now. */
const pidOf = async (name: string) =>
  (await Bun.$`pgrep -P ${program.process.pid} -f replica-name=${name}`.nothrow().text()).trim();
/** Resolves when a visit has come in that has no answer yet. */
const aVisitWaits = () =>
  until('a visit to wait', async () => {
    const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    return /^seen_waiting_hits\{.*\} [1-9]/m.test(metrics);
  });

describe('start', () => {
  test('the first lines say where the page and the counts are', async () => {
    program = await Program.start();
    await until('the lines', () => program.lines().length >= 3);
    const said = program.lines().map(({ msg }) => msg);
    expect(said[0]).toMatch(/^Seen .* counts: open http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(said[1]).toBe(`the counts are kept in ${program.database}`);
    expect(said[2]).toMatch(/^3 replicas; health and metrics on port \d+$/);
  });

  test('every line is a JSON object that names its replica', async () => {
    program = await Program.start({ SEEN_LOG_LEVEL: 'debug' });
    await program.stop();
    const lines = program.out.trim().split('\n');
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        replica: expect.stringMatching(/^test(-[123])?$/),
        msg: expect.any(String),
      });
    expect(new Set(program.lines().map(({ replica }) => replica))).toEqual(
      new Set(['test', 'test-1', 'test-2', 'test-3']),
    );
  });

  test('the warning about an unsafe Redis comes once, not once per replica', async () => {
    await using redis = await RedisServer.start({ ...SAFE, appendfsync: 'everysec' });
    program = await Program.start({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '2' });
    await until('the lines', () => program.lines().length >= 4);
    const warnings = program.lines().filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('appendfsync everysec'),
    ]);
  });

  test('a single replica needs no second process, and counts as well', async () => {
    program = await Program.start({ SEEN_REPLICAS: '1' });
    expect(await program.replicas()).toEqual([]);
    const { numbers } = await load({
      url: program.url,
      clients: 20,
      keepAlive: true,
      more: exactly(500),
    });
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    program.process.kill('SIGHUP');
    await until('the warning', () => program.out.includes('there is only one'));
    expect(await program.stop()).toBe(0);
  });

  test('only Linux distributes connections of a shared port fairly, so elsewhere there is one replica', () => {
    expect(sharesPorts('linux')).toBe(true);
    expect(sharesPorts('darwin')).toBe(false);
  });
});

describe('a replica that dies', () => {
  test('a replica that keeps dying is replaced each time, with growing pauses', async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
    for (let n = 0; n < 5; n++) {
      await until('the replica to be there', () => pidOf('test-2'));
      process.kill(Number(await pidOf('test-2')), 'SIGKILL');
      await until(
        'the death to be noticed',
        () => program.out.match(/test-2 ended by itself/g)?.length === n + 1,
      );
    }
    const pauses = [...program.out.matchAll(/"pauseMs":(\d+)/g)].map(([, pause]) => Number(pause));
    expect(pauses).toEqual([0, 100, 200, 400, 800]);
    expect(await program.visit()).toBe(1);
    expect(await program.stop()).toBe(0);
  });

  test('when the parent is killed no replica is left behind', async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
    const replicas = await program.replicas();
    program.process.kill('SIGKILL');
    await until('the replicas to be gone', () => !replicas.some(isAlive));
  });
});

describe('replacing replicas', () => {
  test('a replica that dies while it is being replaced leaves no extra process', async () => {
    await using redis = await RedisServer.start();
    program = await Program.start({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '2' });
    const victim = Number(await pidOf('test-1'));
    // The new one waits for Redis, and the old one goes on.
    redis.pause();
    program.process.kill('SIGHUP');
    await until('the replacement to begin', async () => (await program.replicas()).length === 3);
    process.kill(victim, 'SIGKILL');
    await until('the death to be noticed', () => program.out.includes('test-1 ended by itself'));
    redis.resume();
    await until('all to be replaced', () => program.out.includes('test-2 is replaced'));
    await until('two replicas', async () => (await program.replicas()).length === 2);
    const replicas = await program.replicas();
    expect(await program.stop()).toBe(0);
    expect(replicas.some(isAlive)).toBe(false);
  });

  test('SIGHUP before the start is complete does nothing', async () => {
    await using redis = await RedisServer.start();
    redis.pause();
    program = await Program.prepare({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '2' });
    program.spawn();
    await until('the wait for Redis', () => program.out.includes('Trying again'));
    program.process.kill('SIGHUP');
    await Bun.sleep(100);
    redis.resume();
    await until('the program to be ready', () => program.ready());
    await until('the lines', () => program.out.includes('counts are kept'));
    expect((await program.replicas()).length).toBe(2);
    expect(await program.stop()).toBe(0);
  });

  test('a replacement does not create a new database when the file was moved away', async () => {
    program = await Program.start({ SEEN_WAIT_MS: '2000', SEEN_REPLICAS: '2' });
    for (let n = 1; n <= 3; n++) expect(await program.visit()).toBe(n);
    for (const end of ['', '-wal', '-shm'])
      await Bun.$`mv ${program.database}${end} ${program.database}${end}.away`.nothrow().quiet();
    const [victim] = await program.replicas();
    process.kill(victim!, 'SIGKILL');
    const { numbers } = await load({
      url: program.url,
      clients: 15,
      keepAlive: false,
      more: exactly(30),
    });
    expect(numbers).toEqual([]);
    expect(await Bun.file(program.database).exists()).toBe(false);
    // Its log first: whoever finds the file without one begins another.
    for (const end of ['-wal', '-shm', ''])
      await Bun.$`mv ${program.database}${end}.away ${program.database}${end}`.nothrow().quiet();
    await until('visits to be counted again', async () => (await program.visit()) >= 4);
  });
});

describe('stopping', () => {
  test('Ctrl-C under npm start is one stop, although npm forwards the signal a second time', async () => {
    program = await Program.prepare({ SEEN_REPLICAS: '2' });
    const run = Bun.spawn(['setsid', '--wait', 'npm', 'start'], {
      cwd: ROOT,
      env: { ...process.env, ...program.environment },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
    });
    await until('the program to be ready', () => program.ready());
    const visits = load({
      url: program.url,
      clients: 10,
      keepAlive: true,
      comesBack: false,
      more: () => true,
      pauseMs: 5,
    });
    await Bun.sleep(200);
    process.kill(-run.pid, 'SIGINT');
    const { failed, refused } = await visits;
    expect({ refused: [...refused], failed: [...failed] }).toEqual({ refused: [], failed: [] });
    expect(await new Response(run.stdout).text()).toContain(
      'stopped: every answered visit is stored',
    );
    await run.exited;
  });

  test('Ctrl-C during the start is a stop like any other', async () => {
    for (const afterMs of [350, 600, 850]) {
      program = await Program.prepare({}, ['setsid', '--wait']);
      program.spawn();
      await Bun.sleep(afterMs);
      await until('a group of its own', () => process.kill(-program.process.pid, 0));
      process.kill(-program.process.pid, 'SIGINT');
      const status = await program.process.exited;
      // Before the program listens to signals the system ends it; after that it stops in order.
      expect([0, 130]).toContain(status);
      expect(program.err).toBe('');
      await program[Symbol.asyncDispose]();
    }
  });

  test('a client that has sent half a request does not delay the stop', async () => {
    // Seen waits 5 s for the rest of a body, and so longer than this stop may take.
    program = await Program.start({
      SEEN_REPLICAS: '1',
      SEEN_DRAIN_MS: '1000',
      SEEN_STOP_MS: '3500',
    });
    const type = (name: string) => `Host: a\r\nContent-Type: application/${name}\r\n`;
    const json = type('json');
    const form = type('x-www-form-urlencoded');
    const halves = [
      'GET / HTTP/1.1\r\nX-Half: ',
      `POST /own-visits HTTP/1.1\r\n${form}Content-Length: 100\r\n\r\nvis`,
      `POST /api/v1/counters HTTP/1.1\r\n${json}Content-Length: 100\r\n\r\n{"na`,
      `POST /api/v1/counters HTTP/1.1\r\n${json}Transfer-Encoding: chunked\r\n\r\n5\r\n{"na`,
      `POST /api/v1/counters/my-site/page/hit HTTP/1.1\r\n${json}Content-Length: 100\r\n\r\n`,
      `PATCH /api/v1/counters/my-site/page HTTP/1.1\r\n${json}Content-Length: 100\r\n\r\n{`,
      `POST /abacus/create/my-site/page HTTP/1.1\r\n${json}Content-Length: 100\r\n\r\n{`,
      `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`,
    ];
    const sockets = [program.url, program.operationsUrl].flatMap((url) =>
      halves.map((half) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(half));
        socket.on('error', () => undefined);
        return socket;
      }),
    );
    await Bun.sleep(500);
    expect(await program.stop()).toBe(0);
    expect(program.out).not.toContain('"level":"error"');
    for (const socket of sockets) socket.destroy();
  });

  test('SIGTERM and Ctrl-C end all processes with status 0, at once when nobody visits', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using other = await Program.start({
        SEEN_REPLICAS: '2',
        // Longer than the limit of a test, into which a stop that drained to the end would run.
        SEEN_DRAIN_MS: '400000',
        SEEN_STOP_MS: '800000',
      });
      const replicas = await other.replicas();
      expect(await other.stop(signal)).toBe(0);
      expect(replicas.some(isAlive)).toBe(false);
      expect(other.lines().at(-1)?.msg).toContain('stopped');
    }
  });

  test('Ctrl-C that reaches the whole process group is one stop', async () => {
    program = await Program.prepare({ SEEN_REPLICAS: '2' }, ['setsid', '--wait']);
    await program.start();
    const visits = load({
      url: program.url,
      clients: 10,
      keepAlive: true,
      comesBack: false,
      more: () => true,
      pauseMs: 5,
    });
    await Bun.sleep(200);
    // setsid made it the leader of a group of its own, as a shell does.
    process.kill(-program.process.pid, 'SIGINT');
    expect(await program.process.exited).toBe(0);
    const { failed, refused } = await visits;
    expect({ refused: [...refused], failed: [...failed] }).toEqual({ refused: [], failed: [] });
  });

  test('a second signal ends all processes at once, with the signal’s status', async () => {
    await using redis = await RedisServer.start();
    program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: '2',
      SEEN_WAIT_MS: '50000',
      SEEN_STOP_MS: '60000',
    });
    const replicas = await program.replicas();
    redis.pause();
    // A visit that cannot be answered keeps the stop from ending.
    const visit = fetch(program.url).catch(() => undefined);
    await aVisitWaits();
    program.process.kill('SIGTERM');
    await until('the stop to begin', () => program.out.includes('SIGTERM'));
    // Two at once are one: see the test with npm.
    await Bun.sleep(600);
    expect(await program.stop('SIGTERM')).toBe(143);
    await until('the replicas to be gone', () => !replicas.some(isAlive));
    await visit;
  });

  test('a stop that takes too long is cut off, with status 75 and a message', async () => {
    await using redis = await RedisServer.start();
    for (const replicas of ['1', '2']) {
      program = await Program.start({
        SEEN_REPLICAS: replicas,
        SEEN_STORE_URL: redis.url,
        SEEN_WAIT_MS: '50000',
        SEEN_DRAIN_MS: '100',
        SEEN_STOP_MS: '500',
      });
      redis.pause();
      const visit = fetch(program.url).catch(() => undefined);
      await aVisitWaits();
      expect(await program.stop()).toBe(75);
      expect(program.err).toContain('within 500 ms');
      redis.resume();
      await visit;
      await program[Symbol.asyncDispose]();
    }
  });

  test('closing the terminal stops the program', async () => {
    program = await Program.prepare();
    using folder = temporaryFolder();
    const transcript = join(folder.path, 'transcript');
    // script(1) runs the program on a terminal of its own, which is gone when script is.
    const run = Bun.spawn(
      [
        'script',
        '--quiet',
        '--flush',
        '--return',
        '-c',
        `${process.execPath} ${MAIN} serve`,
        transcript,
      ],
      {
        env: {
          ...process.env,
          SEEN_STORE_URL: `sqlite:${program.database}`,
          SEEN_HOST: '127.0.0.1',
          SEEN_REPLICAS: '2',
          SEEN_PORT: new URL(program.url).port,
          SEEN_OPERATIONS_PORT: new URL(program.operationsUrl).port,
        },
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      },
    );
    await until('the program to be ready', () => program.ready());
    await until('the lines', async () =>
      (await Bun.file(transcript).text()).includes('the counts are kept in'),
    );
    expect(await Bun.file(transcript).text()).not.toContain('{"level"');
    run.kill('SIGKILL');
    await until('the port to be free', () =>
      fetch(program.url).then(
        () => false,
        () => true,
      ),
    );
    await until('the operations port to be free', () =>
      fetch(program.operationsUrl).then(
        () => false,
        () => true,
      ),
    );
  });

  test('closing the terminal stops the program also when its log goes to a file', async () => {
    program = await Program.prepare();
    const folder = dirname(program.database);
    const log = Bun.file(join(folder, 'log'));
    const run = Bun.spawn(
      ['script', '--quiet', '-c', `${process.execPath} ${MAIN} serve > log`, '/dev/null'],
      {
        cwd: folder,
        env: { ...program.environment, SEEN_REPLICAS: '2' },
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      },
    );
    await until('the program to be ready', () => program.ready());
    await until('the lines', async () => (await log.text()).includes('the counts are kept in'));
    run.kill('SIGKILL');
    await until('it to stop', async () =>
      (await log.text()).includes('stopped: every answered visit is stored'),
    );
  });
});

test('with SEEN_LOG_LEVEL=debug the log names each request and its client, as a trusted proxy names it', async () => {
  const logged = async (trusted: string) => {
    await using seen = await Program.start({
      SEEN_LOG_LEVEL: 'debug',
      SEEN_TRUSTED_PROXIES: trusted,
      SEEN_REPLICAS: '1',
    });
    await seen.get('/hit/my-site/page', { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7' });
    const answered = () => seen.out.split('\n').find((line) => line.includes('"answered"'));
    await until('the line', answered);
    return JSON.parse(answered() ?? '') as Record<string, unknown>;
  };
  expect(await logged('127.0.0.0/8')).toMatchObject({
    client: '198.51.100.7',
    method: 'GET',
    url: expect.stringMatching(/\/hit\/my-site\/page$/),
    status: 200,
  });
  expect(await logged('10.98.98.0/24')).toMatchObject({ client: '127.0.0.1' });
});

describe('the operations port', () => {
  test('one port reports health, readiness and metrics of all replicas', async () => {
    program = await Program.start();
    await load({ url: program.url, clients: 30, keepAlive: false, more: exactly(300) });
    await fetch(`${program.url}/nothing/here/${'x'.repeat(100)}`);
    await program.settled();
    expect(await (await fetch(`${program.operationsUrl}/healthz`)).text()).toBe('alive\n');
    const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    const hits = [...metrics.matchAll(/^seen_hits_total\{replica="(test-\d)"\} (\d+)/gm)];
    expect(hits.map(([, replica]) => replica)).toEqual(['test-1', 'test-2', 'test-3']);
    expect(hits.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(300);
    for (const name of [
      'batch_hits',
      'commit_seconds',
      'commit_retries_total',
      'request_seconds',
      'waiting_hits',
      'store_up',
    ]) {
      expect(metrics).toContain(`seen_${name}`);
    }
    expect(metrics).toContain('process_cpu_seconds_total{replica="test-1"}');
    expect(metrics).toContain(
      `seen_build_info{version="${version}",store="sqlite",replica="test-1"} 1`,
    );
    expect(metrics).toContain('route="other",status="404"');
    expect(metrics).not.toContain('xxx');
    expect((await fetch(`${program.operationsUrl}/else`)).status).toBe(404);
  });

  test('metrics are available even while the store does not answer', async () => {
    await using redis = await RedisServer.start();
    program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: '2',
      SEEN_STORE_TIMEOUT_MS: '30000',
    });
    redis.pause();
    // On a busy machine a replica may be left out for once.
    await until('the figures', async () => {
      const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
      return metrics.includes('seen_hits_total{replica="test-2"}');
    });
    await until('it not to be ready', async () => {
      const ready = await fetch(`${program.operationsUrl}/readyz`);
      return (
        ready.status === 503 && (await ready.text()) === 'not ready: the store does not answer\n'
      );
    });
    redis.resume();
    await until('it to be ready again', () => program.ready());
  });

  test('while Seen drains it is alive and not ready', async () => {
    await using redis = await RedisServer.start();
    program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: '2',
      SEEN_WAIT_MS: '50000',
      SEEN_STOP_MS: '60000',
    });
    redis.pause();
    // A visit that cannot be answered keeps the stop from ending.
    const visit = program.visit();
    await aVisitWaits();
    program.process.kill('SIGTERM');
    await until('the stop to begin', () => program.out.includes('SIGTERM'));
    const ready = await fetch(`${program.operationsUrl}/readyz`);
    expect({ status: ready.status, said: await ready.text() }).toEqual({
      status: 503,
      said: 'not ready: draining\n',
    });
    expect((await fetch(`${program.operationsUrl}/healthz`)).status).toBe(200);
    redis.resume();
    expect(await visit).toBe(1);
    expect(await program.process.exited).toBe(0);
  });
});
