/**
 * Seen behind nginx and Caddy, with the files of deploy/proxy/. Updates under load are in
 * test/stack/proxies.test.ts.
 */
import { afterEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { BODY_BYTES_MAX, UPLOAD_BYTES_MAX } from '../../src/http/request/body-limit.ts';
import { Listener } from '../support/event-source.ts';
import { freePort, until } from '../support/folder.ts';
import { numberIn, Program, ROOT } from '../support/program.ts';
import { Caddy, Nginx, PROXIES, type Proxy } from '../support/proxies.ts';

/** A name that only serves the calls of another service. */
const COUNTAPI = 'countapi.test';

let seen: Program;
let proxy: Proxy;

afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await seen?.[Symbol.asyncDispose]();
});

const ask = (path: string, init: BunFetchRequestInit = {}) =>
  fetch(`${proxy.url}${path}`, {
    keepalive: false,
    redirect: 'manual',
    tls: { ca: proxy.ca },
    ...init,
  });

/** What curl shows; it speaks HTTP/2, and finds other names here too. */
async function curl(...flags: readonly string[]): Promise<string> {
  const { port } = new URL(proxy.url);
  await Bun.write(`${seen.database}.ca`, proxy.ca);
  const here = ['--connect-to', `::localhost:${port}`, '--cacert', `${seen.database}.ca`];
  return Bun.$`curl -sS ${here} ${flags}`.text();
}

interface Logged {
  readonly client: string;
  readonly url: string;
}

/** The client of a request, as Seen sees it. */
async function clientOf(path: string): Promise<string> {
  let client = '';
  await until('the line in the log', () => {
    const lines = seen.out.split('\n').filter((line) => line.includes('"answered"'));
    const found = lines
      .map((line) => JSON.parse(line) as Logged)
      .find(({ url }) => url.endsWith(path));
    client = found?.client ?? '';
    return found;
  });
  return client;
}

for (const { name, start } of PROXIES) {
  const begin = async (env: Readonly<Record<string, string>> = {}) => {
    seen = await Program.start({
      SEEN_TRUSTED_PROXIES: '127.0.0.1',
      SEEN_REPLICAS: '1',
      ...env,
    });
    proxy = await start({ port: Number(new URL(seen.url).port), names: [COUNTAPI] });
  };

  describe(`behind ${name}`, () => {
    test('visits count over HTTPS and HTTP/2, and http:// leads there without a count', async () => {
      await begin();
      expect(numberIn(await (await ask('/hit/my-site/page')).text())).toBe(1);
      const { port } = new URL(proxy.url);
      const said = await curl(
        '-w',
        ' %{http_version}',
        `https://localhost:${port}/hit/my-site/page`,
      );
      expect(said).toBe('{"value":2} 2');
      const redirect = await fetch(`${proxy.httpUrl}/hit/my-site/page`, { redirect: 'manual' });
      expect(redirect.status).toBe(308);
      expect(redirect.headers.get('Location')).toMatch(
        /^https:\/\/localhost(:\d+)?\/hit\/my-site\/page$/,
      );
      expect(numberIn(await (await ask('/get/my-site/page')).text())).toBe(2);
    });

    test('the client’s address is the one that reached the proxy, whatever the client claims', async () => {
      await begin({ SEEN_LOG_LEVEL: 'debug' });
      await ask('/get/my-site/real');
      await ask('/get/my-site/forged', {
        headers: { 'X-Forwarded-For': '198.51.100.7', Forwarded: 'for=198.51.100.7' },
      });
      const real = await clientOf('/get/my-site/real');
      expect(real).toMatch(/^(127\.0\.0\.1|::1)$/);
      expect(await clientOf('/get/my-site/forged')).toBe(real);
    });

    test('limits are those of each client, and not of the proxy', async () => {
      await begin({ SEEN_REQUESTS_PER_MINUTE: '3' });
      const through = async (source: string) => {
        const { port } = new URL(proxy.url);
        const url = `https://localhost:${port}/get/any/name`;
        return curl('-4', '--interface', source, '-o', '/dev/null', '-w', '%{http_code}', url);
      };
      const first = [];
      for (let n = 1; n <= 4; n++) first.push(await through('127.0.0.2'));
      expect(first).toEqual(['404', '404', '404', '429']);
      expect(await through('127.0.0.3')).toBe('404');
    });

    test('a name of another service serves its calls, and pages and forms have the public name', async () => {
      await begin({ SEEN_HOSTS: `${COUNTAPI}=countapi` });
      const { port, host } = new URL(proxy.url);
      expect(await curl(`https://${COUNTAPI}:${port}/hit/my-site/page`)).toBe('{"value":1}');
      expect(await curl(`https://${COUNTAPI}:${port}/get/my-site/page`)).toBe('{"value":1}');
      expect(await curl(`https://${COUNTAPI}:${port}/new`)).not.toContain('<html');
      const page = await (await ask('/new', { headers: { Accept: 'text/html' } })).text();
      expect(page).toContain(`curl https://${host}/api/v1/counters`);
      const choose = (origin: string) =>
        ask('/own-visits', {
          method: 'POST',
          headers: { Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded' },
          body: 'visits=out',
        });
      const own = await choose(`https://${host}`);
      expect([own.status, own.headers.get('Set-Cookie')]).toEqual([
        303,
        expect.stringContaining('Secure'),
      ]);
      expect((await choose('https://elsewhere.test')).status).toBe(400);
    });

    test('the proxy’s headers say nothing that Seen’s would not, and errors come from Seen', async () => {
      await begin();
      const { status, headers } = await ask('/hit/my-site/page');
      expect(status).toBe(200);
      expect(headers.get('X-Served-By')).toStartWith('test seen/');
      expect(headers.get('Server') ?? '').not.toMatch(/\d/);
      expect(headers.has('Via')).toBe(false);
      const missing = await ask('/nothing/here/at/all');
      expect([missing.status, missing.headers.get('X-Served-By')]).toEqual([
        404,
        expect.stringMatching(/^test seen\//),
      ]);
      const long = await ask(`/hit/my-site/page?${'x'.repeat(3000)}`);
      expect(long.status).toBe(414);
    });

    test('bodies have Seen’s limits: small ones for everybody, files for the installation’s owner', async () => {
      await begin({ SEEN_TOKEN: 'the-installation-s-own-token' });
      const post = (path: string, body: string, token?: string) =>
        ask(path, {
          method: 'POST',
          body,
          headers: {
            'Content-Type': 'application/json',
            ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          },
        });
      expect(
        (await post('/api/v1/counters', JSON.stringify({ name: 'my-site/made' }))).status,
      ).toBe(201);
      const large = JSON.stringify({ name: 'my-site/large', title: 'x'.repeat(17 * 1024) });
      expect((await post('/api/v1/counters', large)).status).toBe(413);
      const list = Array.from({ length: 20_000 }, (_, n) => `old-site/page-${n},${n + 1}\n`);
      const text = list.join('');
      expect((await post('/api/v1/import', text.slice(0, 100))).status).toBe(401);
      expect((await post('/api/v1/import', text)).status).toBe(401);
      const imported = await post('/api/v1/import', text, 'the-installation-s-own-token');
      expect([imported.status, await imported.text()]).toEqual([
        200,
        expect.stringContaining('"imported":20000'),
      ]);
      expect(numberIn(await (await ask('/get/old-site/page-19999')).text())).toBe(20_000);
    });

    test('streams arrive at once, and while Seen and the proxy are reloaded clients reconnect', async () => {
      await begin({ SEEN_REPLICAS: '2' });
      await using listener = new Listener(`${proxy.url}/live?counters=my-site/page`, proxy.ca);
      for (let n = 1; n <= 3; n++) {
        await ask('/hit/my-site/page');
        await until(`the total ${n}`, () => listener.totals.at(-1) === n);
      }
      expect(listener.servedBy).toHaveLength(1);
      seen.process.kill('SIGHUP');
      await until('all replicas to be replaced', () => seen.out.includes('test-2 is replaced'));
      await until('the listener to be back', () => listener.servedBy.length > 1);
      await proxy.reload();
      await ask('/hit/my-site/page');
      await until('the next total', () => listener.totals.at(-1) === 4);
      expect({ ends: new Set(listener.ends), refused: listener.refused }).toEqual({
        ends: new Set(['ended']),
        refused: undefined,
      });
      // It said what it had, and was told nothing twice.
      expect(listener.totals.filter((total) => total > 0)).toEqual([1, 2, 3, 4]);
    });

    test('what was sent once is not sent again, on a new connection or on one that was kept', async () => {
      seen = await Program.prepare();
      const port = await freePort();
      await using backend = await BreakingBackend.start(port);
      proxy = await start({ port });
      const statuses: number[] = [];
      for (let n = 1; n <= 5; n++) {
        statuses.push((await ask('/kept')).status);
        statuses.push((await ask(`/break-${n}`)).status);
      }
      expect(statuses).toEqual([200, 502, 200, 502, 200, 502, 200, 502, 200, 502]);
      expect(backend.requests.filter((path) => path.startsWith('/break'))).toEqual(
        [1, 2, 3, 4, 5].map((n) => `/break-${n}`),
      );
    });
  });
}

test('behind nginx connections to Seen are kept, which saves CPU time', async () => {
  seen = await Program.prepare();
  const port = await freePort();
  await using backend = await BreakingBackend.start(port);
  proxy = await Nginx.start({ port });
  const before = backend.connections;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let n = 1; n <= 20; n++) await ask('/kept');
    }),
  );
  expect(backend.connections - before).toBeLessThan(40);
});

test('while Seen is away visits wait behind Caddy, and get 502 from nginx', async () => {
  seen = await Program.start({ SEEN_TRUSTED_PROXIES: '127.0.0.1', SEEN_REPLICAS: '1' });
  const port = Number(new URL(seen.url).port);
  await using nginx = await Nginx.start({ port });
  proxy = await Caddy.start({ port });
  expect(await seen.stop()).toBe(0);
  const visit = ask('/hit/my-site/page');
  const refused = await fetch(`${nginx.url}/hit/my-site/page`, { tls: { ca: nginx.ca } });
  expect(refused.status).toBe(502);
  await seen.start();
  expect(numberIn(await (await visit).text())).toBe(1);
});

test('nginx refuses bodies of the same size as Seen', () => {
  const site = readFileSync(join(ROOT, 'deploy/proxy/nginx.conf'), 'utf8');
  const sizes = [...site.matchAll(/client_max_body_size (\S+);/g)].map(([, size]) => size);
  expect(sizes).toEqual([`${BODY_BYTES_MAX / 1024}k`, `${UPLOAD_BYTES_MAX / 1024 ** 2}m`]);
});

/** A server that answers any path, and closes the connection after a request of `/break…`. */
class BreakingBackend implements AsyncDisposable {
  readonly requests: string[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(port: number): Promise<BreakingBackend> {
    const backend = new BreakingBackend();
    await new Promise<void>((resolve) => {
      backend.#server.listen(port, '127.0.0.1', resolve);
    });
    return backend;
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const [, path = ''] = received.split(' ', 2);
        received = received.slice(end + 4);
        this.requests.push(path);
        if (path.startsWith('/break')) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
