/** Bad input to the started program: each kind gets a clear answer, and no visit is lost. */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Crowd, HABITS } from '../support/crowd.ts';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { MAIN, Program, ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

describe('requests', () => {
  let program: Program;
  let visits = 0;

  beforeAll(async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
  });
  afterAll(() => program[Symbol.asyncDispose]());

  /**
   * Sends bytes on a connection of their own; answers all that comes back until it is closed or
   * `quietMs` pass.
   */
  const raw = (bytes: string, quietMs = 15_000): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(Number(new URL(program.url).port), '127.0.0.1', () =>
        socket.write(bytes),
      );
      socket.setTimeout(quietMs, () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });

  const countIs = async () => expect(await program.visit()).toBe(++visits);

  test('a valid request counts: the others are compared with it', async () => {
    expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain(
      'seen 1 times',
    );
    visits = 1;
    await countIs();
  });

  test('malformed requests get 400 and do not count', async () => {
    const malformed = [
      'NONSENSE\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/9.9\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      // What several programs on the way may read differently (RFC 9112, sections 3.2, 5.2, 6 and
      // 7.1).
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nX-Folded: one\r\n two\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nX-Cut: one\rtwo\r\n\r\n',
      'GET / HTTP/1.1\nHost: a\n\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/v1/default/hit HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n',
      'POST /api/v1/default/hit HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n',
      'POST /api/v1/default/hit HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'POST /api/v1/default/hit HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ];
    const answers = await Promise.all(
      malformed.map(async (bytes) => ({ bytes, answer: (await raw(bytes)).slice(0, 12) })),
    );
    for (const { bytes, answer } of answers) {
      expect({ bytes, answer }).toEqual({
        bytes,
        answer: expect.stringMatching(/^HTTP\/1\.1 (400|505)$/),
      });
    }
    await countIs();
  });

  test('an invalid Host does no harm', async () => {
    const answer = await raw(
      'GET /%zz%00 HTTP/1.1\r\nHost: a b<script>\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toContain('HTTP/1.1 404');
    await countIs();
  });

  test('a request without a Host counts; one with an invalid Host gets an error where it matters', async () => {
    expect(await raw('GET /hit/my-site/old HTTP/1.0\r\n\r\n')).toContain('{"value":1}');
    expect(await raw('GET / HTTP/1.0\r\n\r\n')).toContain(`seen ${++visits} times`);
    for (const host of ['h:99999', '[::1', 'a b', '']) {
      const ask = (path: string) =>
        raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(await ask('/hit/my-site/old')).toContain('HTTP/1.1 200');
      for (const path of [
        '/countapi/get/my-site/old',
        '/countapi/get/no',
        '/abacus/get/my-site/old',
        '/badge/hits.svg?count=no',
      ]) {
        expect({ host, path, answer: await ask(path) }).not.toMatchObject({
          answer: expect.stringContaining('HTTP/1.1 500'),
        });
      }
    }
    expect(program.out).not.toContain('a bug');
    await countIs();
  });

  test('a URL that is too long gets 414, headers that are too large get 431', async () => {
    expect(
      await raw(`GET /?${'x'.repeat(4000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
    ).toContain('HTTP/1.1 414');
    expect(
      await raw(`GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`),
    ).toContain('HTTP/1.1 431');
    expect(await raw(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toContain(
      'HTTP/1.1 431',
    );
    await countIs();
  });

  describe('with half a body', () => {
    const JSON_TYPE = 'Content-Type: application/json\r\n';
    const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded\r\n';
    /** Every route that reads a body. */
    const READERS = [
      `POST /own-visits HTTP/1.1\r\nHost: a\r\n${FORM_TYPE}`,
      `POST /own-visits HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n`,
      `POST /api/v1/counters HTTP/1.1\r\nHost: a\r\n${JSON_TYPE}`,
      `POST /api/v1/counters/my-site/page/hit HTTP/1.1\r\nHost: a\r\n${JSON_TYPE}`,
      `PATCH /api/v1/counters/my-site/page HTTP/1.1\r\nHost: a\r\n${JSON_TYPE}`,
    ];
    const HALVES = [
      'Content-Length: 100\r\n\r\n{"na',
      'Transfer-Encoding: chunked\r\n\r\n5\r\n{"na',
    ];

    test('get 408 after some seconds, and their connections are closed', async () => {
      const answers = await Promise.all(
        READERS.flatMap((head) => HALVES.map((half) => raw(`${head}${half}`))),
      );
      for (const answer of answers) {
        expect(answer).toStartWith('HTTP/1.1 408');
        expect(answer).toMatch(/^connection: close\r$/im);
        expect(answer).toContain('body-incomplete');
      }
      await countIs();
    });

    test('are not logged as bugs or errors when their clients leave; nor is a body that is too large or broken', async () => {
      const aborted = async () => {
        const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
        const series = /^seen_request_seconds_count\{.*route="\/own-visits".*\} (\d+)$/gm;
        const counts = [...metrics.matchAll(series)].map(([, count]) => Number(count));
        return { metrics, count: counts.reduce((sum, count) => sum + count, 0) };
      };
      const before = await aborted();
      const large = `Transfer-Encoding: chunked\r\n\r\n${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(6)}`;
      const broken = 'Transfer-Encoding: chunked\r\n\r\nZZ\r\n';
      await Promise.all(
        READERS.flatMap((head) =>
          [...HALVES, large, broken].flatMap((rest) =>
            [0, 20, 200].map(
              (leavesAfterMs) =>
                new Promise<void>((resolve) => {
                  const socket = connect(Number(new URL(program.url).port), '127.0.0.1', () => {
                    socket.write(`${head}${rest}`, () =>
                      setTimeout(() => socket.destroy(), leavesAfterMs),
                    );
                  });
                  socket.on('error', () => undefined);
                  socket.on('close', () => resolve());
                }),
            ),
          ),
        ),
      );
      // Two readers there get each of four bodies three times. What reaches no handler, because
      // its client left at once or its chunk is broken, is not recorded.
      let metrics = '';
      await until('them to be recorded', async () => {
        const now = await aborted();
        metrics = now.metrics;
        return now.count >= before.count + 12;
      });
      expect(metrics).not.toContain('status="500"');
      expect(program.out).not.toContain('"level":"error"');
      await countIs();
    });

    test('are handled when the other half arrives', async () => {
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(program.url).port), '127.0.0.1', () => {
          socket.write(
            `POST /api/v1/counters HTTP/1.1\r\nHost: a\r\n${JSON_TYPE}Content-Length: 24\r\n\r\n{"name":"my-app/`,
          );
          setTimeout(() => socket.write('half-a"}'), 500);
        });
        socket.once('data', (bytes) => {
          resolve(bytes.toString());
          socket.destroy();
        });
      });
      expect(answer).toStartWith('HTTP/1.1 201');
    });
  });

  test('a body just within the limit is ignored, a larger one gets 413', async () => {
    const post = async (length: number) =>
      (await fetch(program.url, { method: 'POST', body: 'x'.repeat(length) })).status;
    expect(await post(16 * 1024)).toBe(405);
    expect(await post(16 * 1024 + 1)).toBe(413);
    await countIs();
  });

  test('pipelined requests are closed without answers, and counted within the bounds', async () => {
    const answer = await raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3), 1000);
    const answered = [...answer.matchAll(/seen (\d+) times/g)].length;
    await program.settled();
    const total = await program.visit();
    expect(total - 1 - visits).toBeGreaterThanOrEqual(answered);
    expect(total - 1 - visits).toBeLessThanOrEqual(3);
    visits = total;
  });

  test('clients that send slowly, or nothing, are disconnected and do not prevent others from counting', async () => {
    const port = Number(new URL(program.url).port);
    const closed = Array.from({ length: 50 }, (_, index) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      const drip = index % 2 === 0 ? setInterval(() => socket.write('x'), 500) : undefined;
      socket.write(index % 2 === 0 ? 'GET / HTTP/1.1\r\nX-Slow: ' : '');
      return new Promise((resolve) =>
        socket.on('close', () => {
          clearInterval(drip);
          resolve('closed');
        }),
      );
    });
    for (let n = 0; n < 20; n++) await countIs();
    expect(new Set(await Promise.all(closed))).toEqual(new Set(['closed']));
    await countIs();
  });

  test('a visit counts even if its client leaves before the answer', async () => {
    await Promise.all(
      Array.from(
        { length: 50 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(new URL(program.url).port), '127.0.0.1', () => {
              socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n', () =>
                setTimeout(() => socket.destroy(), 20),
              );
            });
            socket.on('close', () => resolve());
          }),
      ),
    );
    visits += 50;
    await until('all to be counted', async () => {
      const answer = await fetch(`${program.url}/api/v1/values?names=hits`);
      return (await answer.text()) === `{"values":{"hits":${visits}}}`;
    });
    await countIs();
  });

  test('above the limit on connections idle ones are closed, and up to it none', async () => {
    const small = await Program.prepare({ SEEN_REPLICAS: '1', SEEN_CONNECTIONS_MAX: '100' });
    await small.start();
    /** Clients that have visited once and keep their connections. */
    const keep = (count: number) =>
      Array.from({ length: count }, () => {
        const socket = connect(Number(new URL(small.url).port), '127.0.0.1');
        socket.on('error', () => undefined);
        // Without a reader a socket does not notice that the other side has closed.
        socket.resume();
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        return socket;
      });
    const few = keep(90);
    await Bun.sleep(1000);
    expect(few.filter((socket) => socket.closed)).toEqual([]);
    const many = [...few, ...keep(200)];
    await until('all to be answered', () => many.every((socket) => socket.bytesRead > 0));
    await until(
      'idle connections to be closed',
      () => many.filter((socket) => !socket.closed).length <= 100,
    );
    await small.settled();
    expect(await small.visit()).toBe(291);
    for (const socket of many) socket.destroy();
    await small[Symbol.asyncDispose]();
  });

  describe('with fewer descriptors than clients, none of whom leaves', () => {
    for (const [what, habit] of Object.entries(HABITS)) {
      test(`clients that ${what} do not prevent others from counting`, async () => {
        await using small = await Program.prepare({ SEEN_REPLICAS: '1' }, [
          'prlimit',
          '--nofile=200:200',
        ]);
        await small.start();
        using crowd = new Crowd(Number(new URL(small.url).port), 400, [habit]);
        // Enough for all descriptors to be taken, with most habits more than once.
        const sentAway = what === 'never send anything' ? 200 : 400;
        await until('connections to be closed', () => crowd.sentAway > sentAway);
        for (let n = 1; n <= 3; n++) expect(await small.visit()).toBe(n);
        expect((await fetch(`${small.operationsUrl}/healthz`)).status).toBe(200);
      });
    }

    test('4,000 clients of all kinds on 1,024 descriptors do not prevent others from counting, and store and log keep working', async () => {
      await using redis = await RedisServer.start();
      await using small = await Program.prepare(
        { SEEN_REPLICAS: '1', SEEN_STORE_URL: redis.url },
        ['prlimit', '--nofile=1024:1024'],
      );
      await small.start();
      using crowd = new Crowd(Number(new URL(small.url).port), 4000, Object.values(HABITS));
      await until('connections to be closed', () => crowd.sentAway > 4000, 60_000);
      expect(await small.visit()).toBe(1);
      // Seen has to connect anew.
      await redis.kill();
      await redis.start();
      await until('visits to be counted again', async () => (await small.visit()) > 1);
      expect((await fetch(`${small.operationsUrl}/readyz`)).status).toBe(200);
    });

    test('clients that hold the operations port do not block it for others, on a parent or a replica alone', async () => {
      for (const replicas of ['1', '2']) {
        await using small = await Program.prepare({ SEEN_REPLICAS: replicas }, [
          'prlimit',
          '--nofile=200:200',
        ]);
        await small.start();
        using crowd = new Crowd(
          Number(new URL(small.operationsUrl).port),
          400,
          Object.values(HABITS),
        );
        await until('connections to be closed', () => crowd.sentAway > 400);
        for (const path of ['/healthz', '/readyz', '/metrics'])
          expect((await fetch(`${small.operationsUrl}${path}`)).status).toBe(200);
        expect(await small.visit()).toBe(1);
      }
    });

    test('waiting visits and streams are not closed for it, and leave descriptors for health checks', async () => {
      await using redis = await RedisServer.start();
      await using small = await Program.prepare(
        {
          SEEN_REPLICAS: '1',
          SEEN_STORE_URL: redis.url,
          SEEN_WAIT_MS: '20000',
          SEEN_STORE_TIMEOUT_MS: '15000',
        },
        ['prlimit', '--nofile=400:400'],
      );
      await small.start();
      const aborting = new AbortController();
      const streams = await Promise.all(
        Array.from({ length: 50 }, () =>
          fetch(`${small.url}/live?counters=hits`, { signal: aborting.signal }),
        ),
      );
      expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
      redis.pause();
      const waiting = Array.from({ length: 50 }, () => small.visit());
      using crowd = new Crowd(Number(new URL(small.url).port), 800, Object.values(HABITS));
      await until('connections to be closed', () => crowd.sentAway > 1000);
      expect((await fetch(`${small.operationsUrl}/healthz`)).status).toBe(200);
      redis.resume();
      const numbers = await Promise.all(waiting);
      expect(numbers.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
      const metrics = await (await fetch(`${small.operationsUrl}/metrics`)).text();
      expect(metrics).not.toContain('status="500"');
      for (const { body } of streams) {
        const { value } = await body!.getReader().read();
        expect(new TextDecoder().decode(value)).toContain(':');
      }
      aborting.abort();
    });
  });
});

describe('starting', () => {
  /** Starts the program, which is expected to end by itself. */
  async function endOf(env: Record<string, string>, wrap: readonly string[] = []) {
    const program = await Program.prepare({ SEEN_START_MS: '300', ...env }, wrap);
    program.spawn();
    const status = await program.process.exited;
    await Bun.sleep(20);
    await program[Symbol.asyncDispose]();
    return { status, said: program.err };
  }

  test('wrong settings are all named at once: exit 2', async () => {
    const { status, said } = await endOf({
      SEEN_PORT: 'http',
      SEEN_REPLICA: '3',
      SEEN_WAIT_MS: '1',
    });
    expect(status).toBe(2);
    expect(said).toContain('SEEN_PORT is not a whole number');
    expect(said).toContain('Did you mean SEEN_REPLICA');
    expect(said).toContain('SEEN_WAIT_MS is less than 10');
  });

  test('an unreachable store is named: exit 69', async () => {
    const { status, said } = await endOf({
      SEEN_STORE_URL: `redis://:secret@127.0.0.1:${await freePort()}`,
    });
    expect(status).toBe(69);
    expect(said).toMatch(/Redis at redis:\/\/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
    expect(said).not.toContain('secret');
  });

  test('a start waits for a store that starts later', async () => {
    const redis = await RedisServer.start();
    await redis.kill();
    const program = await Program.prepare({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '2' });
    program.spawn();
    await Bun.sleep(1500);
    await until('it to have looked for the store', () =>
      program.out.includes('cannot be reached'),
    );
    await until('the operations port to be open', () => fetch(`${program.operationsUrl}/healthz`));
    // Not alive yet: an orchestrator would send visits to a port that nobody listens on.
    for (const path of ['/healthz', '/readyz']) {
      expect((await fetch(`${program.operationsUrl}${path}`)).status).toBe(503);
    }
    await redis.start();
    await until('it to be ready', () => program.ready());
    // The first replica that listens makes it ready, the last makes it healthy.
    await until(
      'it to be healthy',
      async () => (await fetch(`${program.operationsUrl}/healthz`)).ok,
    );
    expect(await program.visit()).toBe(1);
    expect(program.lines().filter(({ msg }) => msg.includes('cannot be reached'))).toHaveLength(1);
    await program[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  test('a server that is not Redis: exit 78', async () => {
    using web = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('web') });
    const { status, said } = await endOf({ SEEN_STORE_URL: `redis://127.0.0.1:${web.port}` });
    expect(status).toBe(78);
    expect(said).toContain('is not Redis');
  });

  test('a wrong password is not shown: exit 69', async () => {
    await using redis = await RedisServer.start({ requirepass: 'right' });
    const { status, said } = await endOf({ SEEN_STORE_URL: redis.url.replace('//', '//:wrong@') });
    expect(status).toBe(69);
    expect(said).toContain('WRONGPASS');
    expect(said).not.toContain('wrong@');
  });

  test('a start waits for a password that Redis accepts a moment later', async () => {
    await using redis = await RedisServer.start({ requirepass: 'old' });
    await using program = await Program.prepare({
      SEEN_STORE_URL: redis.url.replace('//', '//:new@'),
      SEEN_REPLICAS: '1',
    });
    program.spawn();
    await until('it to say so', () => program.out.includes('WRONGPASS'));
    await redis.cli('--no-auth-warning', '-a', 'old', 'CONFIG', 'SET', 'requirepass', 'new');
    await until('it to be ready', () => program.ready());
    expect(await program.visit()).toBe(1);
  });

  test('the store’s URL can come from a file, as secrets do', async () => {
    await using redis = await RedisServer.start({ requirepass: 'right' });
    using folder = temporaryFolder();
    const file = join(folder.path, 'url');
    writeFileSync(file, `${redis.url.replace('//', '//:right@')}\n`);
    const program = await Program.prepare({ SEEN_STORE_URL_FILE: file, SEEN_REPLICAS: '2' });
    await program.start();
    expect(await program.visit()).toBe(1);
    expect(program.out).not.toContain('right');
    await program[Symbol.asyncDispose]();
  });

  test('a damaged, a foreign and a newer database are not changed: exit 78', async () => {
    using folder = temporaryFolder();
    const make: Record<string, (path: string) => void> = {
      'is not a database': (path) => writeFileSync(path, 'no database at all. '.repeat(500)),
      'another program': (path) => {
        const other = new Database(path);
        other.run('CREATE TABLE theirs (x)');
        other.close();
      },
      'newer Seen': (path) => {
        const newer = new Database(path);
        newer.run(
          'CREATE TABLE counters (x); PRAGMA application_id = 1936024942; PRAGMA user_version = 99;',
        );
        newer.close();
      },
    };
    for (const [words, prepare] of Object.entries(make)) {
      const path = join(folder.path, `${words}.db`);
      prepare(path);
      const before = await Bun.file(path).bytes();
      const { status, said } = await endOf({ SEEN_STORE_URL: `sqlite:${path}` });
      expect({ status, said }).toEqual({ status: 78, said: expect.stringContaining(words) });
      expect(await Bun.file(path).bytes()).toEqual(before);
    }
  });

  test('a database without write permission: exit 78', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const program = await Program.start({ SEEN_STORE_URL: `sqlite:${path}`, SEEN_REPLICAS: '1' });
    await program.visit();
    await program.stop();
    await program[Symbol.asyncDispose]();
    chmodSync(path, 0o444);
    chmodSync(folder.path, 0o555);
    // Root may write everything; others are what this is about.
    const asNobody =
      process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
    const { status, said } = await endOf({ SEEN_STORE_URL: `sqlite:${path}` }, asNobody);
    expect({ status, said }).toEqual({
      status: 78,
      said: expect.stringContaining('may not be written'),
    });
    chmodSync(folder.path, 0o755);
  });

  test('a folder that cannot be created: exit 78', async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'file'), '');
    const { status, said } = await endOf({
      SEEN_STORE_URL: `sqlite:${join(folder.path, 'file', 'seen.db')}`,
    });
    expect({ status, said }).toEqual({
      status: 78,
      said: expect.stringMatching(
        /The folder \S+file cannot be created: .+ --store-url sqlite:PATH\.$/m,
      ),
    });
  });

  test('a port that another program or another Seen uses: exit 69', async () => {
    const first = await Program.start({ SEEN_REPLICAS: '1' });
    const port = new URL(first.url).port;
    const second = await endOf({ SEEN_PORT: port });
    expect(second).toEqual({
      status: 69,
      said: expect.stringContaining(`Port ${port} on 127.0.0.1 cannot be opened`),
    });
    const third = await endOf({ SEEN_OPERATIONS_PORT: new URL(first.operationsUrl).port });
    expect(third).toEqual({ status: 69, said: expect.stringContaining('--operations-port') });
    expect(await first.visit()).toBe(1);
    await first[Symbol.asyncDispose]();
  });

  describe('on a kernel without IPv6', () => {
    const withoutIpv6 = [process.execPath, join(ROOT, 'test/support/without-ipv6.ts')];

    test('all addresses means all IPv4 addresses, on both ports, and the log says so', async () => {
      for (const replicas of ['1', '2']) {
        await using program = await Program.prepare(
          { SEEN_HOST: '::', SEEN_OPERATIONS_HOST: '::', SEEN_REPLICAS: replicas },
          withoutIpv6,
        );
        await program.start();
        expect(await program.visit()).toBe(1);
        await until('the log', () => program.lines().length >= 5);
        const warnings = program.lines().filter(({ level }) => level === 'warn');
        expect(warnings.map(({ msg }) => msg)).toEqual([
          'this system has no IPv6, so visits use IPv4 only (SEEN_HOST is ::; 0.0.0.0 is used instead)',
          'this system has no IPv6, so health and metrics use IPv4 only (SEEN_OPERATIONS_HOST is ::; 0.0.0.0 is used instead)',
        ]);
        expect(await program.stop()).toBe(0);
      }
    });

    test('an IPv6 address is refused with the name of the setting: exit 69', async () => {
      for (const name of ['SEEN_HOST', 'SEEN_OPERATIONS_HOST']) {
        expect(await endOf({ [name]: '::1' }, withoutIpv6)).toEqual({
          status: 69,
          said: expect.stringMatching(
            new RegExp(
              `on ::1 cannot be opened: this system has no IPv6. Set ${name} to an IPv4 address`,
            ),
          ),
        });
      }
    });
  });

  test('an unknown command and a misspelt flag: exit 2, with the existing ones', async () => {
    const seen = async (...words: string[]) => {
      const run = Bun.spawn([process.execPath, MAIN, ...words], {
        stdout: 'pipe',
        stderr: 'pipe',
      });
      const said = await new Response(run.stderr).text();
      return { status: await run.exited, said };
    };
    expect(await seen('count')).toEqual({
      status: 2,
      said: expect.stringContaining('seen serve'),
    });
    expect(await seen('serve', '--oper', '1')).toEqual({
      status: 2,
      said: expect.stringContaining('Did you mean --operations-host?'),
    });
    expect(await seen('serve', '--prot', '80')).toEqual({
      status: 2,
      said: 'seen: --prot is not a flag of Seen. Did you mean --port?\n',
    });
    expect(await seen('replica')).toEqual({
      status: 2,
      said: expect.stringContaining('seen serve'),
    });
  });

  test('a folder in place of a database: exit 78', async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, 'seen.db'));
    const { status, said } = await endOf({
      SEEN_STORE_URL: `sqlite:${join(folder.path, 'seen.db')}`,
    });
    expect({ status, said }).toEqual({
      status: 78,
      said: expect.stringContaining('cannot be opened'),
    });
  });

  test('a name of replicas that is too long with their numbers is refused: exit 2', async () => {
    const { status, said } = await endOf({
      SEEN_REPLICA_NAME: 'x'.repeat(127),
      SEEN_REPLICAS: '2',
    });
    expect({ status, said }).toEqual({
      status: 2,
      said: 'seen: SEEN_REPLICA_NAME has 127 characters. Use up to 126 with SEEN_REPLICAS=2, because each replica adds its number, as in -2.\n',
    });
    await using program = await Program.start({
      SEEN_REPLICA_NAME: 'x'.repeat(126),
      SEEN_REPLICAS: '2',
    });
    expect(await program.visit()).toBe(1);
  });
});
