/**
 * The limits on bodies over a port: nobody but the installation's owner can make a replica keep
 * more than 16 KiB, whichever route gets it and however it is sent.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { counterWithTotal } from '../../../../src/archive/item.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { ARRIVING_BYTES_MAX } from '../../../../src/http/request/body-limit.ts';
import { type Listening, listen } from '../../../../src/http/server.ts';
import { targetsOf } from '../../../adversary/targets.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';
import { until } from '../../../support/folder.ts';

const KIB = 1024;
const AUTH = `Authorization: Bearer ${INSTALLATION}\r\n`;
const parts = setUp();
let port: Listening;
beforeAll(() => {
  port = listen({
    host: '127.0.0.1',
    hostSetting: 'SEEN_HOST',
    port: 0,
    shared: false,
    handlerMs: 10_000,
    connectionsMax: 1000,
    busyPorts: () => [],
    bodyBytesMax: ARRIVING_BYTES_MAX,
    fetch: parts.app.fetch,
  });
});
afterAll(() => port.cutOff());

/** A client that has sent the head of a request. */
class Sender {
  answer = '';
  readonly closed: Promise<void>;
  readonly #socket;

  constructor(line: string, headers: string) {
    this.#socket = connect(port.port, '127.0.0.1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => {
      this.answer += bytes.toString('latin1');
    });
    this.closed = new Promise((resolve) => this.#socket.on('close', () => resolve()));
    this.#socket.write(`${line} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  }

  /** Sends chunks of 4 KiB until the connection is closed. Returns how many it sent. */
  async chunks(count: number): Promise<number> {
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    let sent = 0;
    for (; sent < count && !this.#socket.destroyed; sent++) {
      this.#socket.write(chunk);
      if (sent % 8 === 0) await Bun.sleep(1);
    }
    return sent;
  }

  send(bytes: string): void {
    this.#socket.write(bytes);
  }

  /** The status; empty when the connection was closed while this client was still sending. */
  async status(): Promise<string> {
    await until('a response', () => this.answer.includes('\r\n\r\n') || this.#socket.closed);
    return this.answer.slice(9, 12);
  }

  end(): void {
    this.#socket.destroy();
  }
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const withBody = targetsOf(parts.app.routes).filter(
  ({ method, body }) => body !== undefined && method !== 'PUT',
);

describe('a body of more than 16 KiB', () => {
  test('of stated length gets 413 on every route once it was sent, and its connection is closed', async () => {
    for (const { method, path, route } of withBody) {
      const sender = new Sender(`${method} ${path}`, `Content-Length: ${16 * KIB + 1}\r\n`);
      await Bun.sleep(10);
      // A response now would close the connection while the client sends.
      expect(sender.answer).toBe('');
      sender.send('x'.repeat(16 * KIB + 1));
      const status = await sender.status();
      await sender.closed;
      // An upload needs a token first.
      const wanted = route === '/api/v1/import' && method === 'POST' ? '401' : '413';
      expect({ method, path, status }).toEqual({ method, path, status: wanted });
      expect(sender.answer).toContain(wanted === '413' ? 'body-too-large' : 'token-missing');
    }
  });

  test('of unknown length is not kept on any route', async () => {
    for (const { method, path } of withBody) {
      const sender = new Sender(`${method} ${path}`, CHUNKED);
      await sender.chunks(40);
      expect(sender.answer).toBe('');
      sender.send(LAST_CHUNK);
      expect({ method, path, status: await sender.status() }).toEqual({
        method,
        path,
        status: expect.stringMatching(/^[34]\d\d$/),
      });
      sender.end();
    }
  });

  test('of unknown length that no handler reads is refused while the handler waits', async () => {
    const sender = new Sender('POST /api/v1/counters/my-site/page/hit', CHUNKED);
    await sender.chunks(40);
    sender.send(LAST_CHUNK);
    expect(await sender.status()).toBe('413');
    await sender.closed;
  });

  test('that does not arrive delays the response by some seconds only', async () => {
    const heads = [`Content-Length: ${16 * KIB + 1}\r\n`, CHUNKED];
    const senders = heads.map((head) => new Sender('POST /api/v1/counters', head));
    await senders[1]?.chunks(5);
    for (const sender of senders) {
      expect(await sender.status()).toBe('413');
      await sender.closed;
    }
  });
});

describe('a body of more than 1 MiB is not awaited', () => {
  test('when its length is stated', async () => {
    const sender = new Sender('POST /api/v1/counters', `Content-Length: ${KIB * KIB + 1}\r\n`);
    expect(await sender.status()).toBe('413');
    await sender.closed;
  });

  test('when its length is unknown', async () => {
    const sender = new Sender('POST /api/v1/counters', CHUNKED);
    // The connection is closed after 256 chunks, while the client is still sending.
    expect(await sender.chunks(1000)).toBeLessThan(1000);
    expect(await sender.status()).toMatch(/^(413)?$/);
  });
});

test('a request that is refused for another reason gets its response once its body was sent', async () => {
  const heads = ['POST /nothing/here/at/all', 'POST /', 'DELETE /api/v1/counters/my-site/page'];
  for (const head of heads) {
    const sender = new Sender(head, `Content-Length: ${10 * KIB}\r\nConnection: close\r\n`);
    await Bun.sleep(10);
    expect(sender.answer).toBe('');
    sender.send('x'.repeat(10 * KIB));
    expect({ head, status: await sender.status() }).toEqual({
      head,
      status: expect.stringMatching(/^4\d\d$/),
    });
    await sender.closed;
  }
});

test('a body of unknown length within the limit is read', async () => {
  const sender = new Sender(
    'POST /api/v1/counters',
    `Content-Type: application/json\r\n${CHUNKED}`,
  );
  sender.send('10\r\n{"name":"my-site\r\n');
  await Bun.sleep(20);
  sender.send('a\r\n/chunked"}\r\n0\r\n\r\n');
  expect(await sender.status()).toBe('201');
  sender.end();
});

test('with an invalid Host, a body of unknown length does no harm', async () => {
  const socket = connect(port.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1');
  });
  socket.write(
    `POST /api/v1/counters HTTP/1.1\r\nHost: a b\r\n${CHUNKED}Connection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  );
  await new Promise((resolve) => socket.on('close', resolve));
  expect(answer).toStartWith('HTTP/1.1 400');
  expect(parts.bugs).toEqual([]);
});

describe('an upload', () => {
  test('of unknown length is received whole, with the installation’s token only', async () => {
    const line = `${'my-site/page-'.padEnd(40, 'x')},1\r\n`;
    const comment = `${'#'.repeat(1022)}\r\n`;
    const wrong = new Sender('POST /api/v1/import', CHUNKED);
    wrong.send(LAST_CHUNK);
    expect(await wrong.status()).toBe('401');
    await wrong.closed;
    const sender = new Sender('POST /api/v1/import', `${AUTH}${CHUNKED}Connection: close\r\n`);
    for (let sent = 0; sent < 100; sent++) sender.send(`400\r\n${comment}\r\n`);
    sender.send(`${line.length.toString(16)}\r\n${line}\r\n0\r\n\r\n`);
    await sender.closed;
    expect(sender.answer).toStartWith('HTTP/1.1 200');
    expect(sender.answer).toContain('"done":true');
    expect(sender.answer).toContain('"imported":1');
  });

  test('of stated length that is too large gets 413 with advice, and not one byte is awaited', async () => {
    const sender = new Sender(
      'POST /api/v1/import',
      `${AUTH}Content-Length: ${64 * KIB * KIB + 1}\r\n`,
    );
    expect(await sender.status()).toBe('413');
    await sender.closed;
    expect(sender.answer).toContain('seen import FILE');
  });

  test('whose client leaves half-way leaves nothing, and the next may begin', async () => {
    const sender = new Sender('POST /api/v1/import', `${AUTH}Content-Length: 1000000\r\n`);
    sender.send('my-site/half,1\n');
    await Bun.sleep(20);
    sender.end();
    await sender.closed;
    let last = '';
    for (let tries = 0; tries < 100 && !last.includes('"done":true'); tries++) {
      await Bun.sleep(20);
      const response = await fetch(`http://127.0.0.1:${port.port}/api/v1/import`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${INSTALLATION}` },
        body: 'my-site/next,1',
      });
      last = await response.text();
    }
    expect(last).toContain('"done":true');
    expect(await parts.store.counting.read(['my-site/half', 'my-site/next'])).toEqual([
      undefined,
      1,
    ]);
    expect(parts.bugs).toEqual([]);
  });
});

/** Reads an export to its end; `onPiece` is called after each piece. */
async function readExport(onPiece: () => void = () => undefined) {
  const response = await fetch(`http://127.0.0.1:${port.port}/api/v1/export`, {
    headers: { Authorization: `Bearer ${INSTALLATION}` },
  });
  const decoder = new TextDecoder();
  let [text, broke] = ['', false];
  try {
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece);
      onPiece();
    }
  } catch {
    broke = true;
  }
  return { broke, ends: text.includes('"seen":"end"'), last: text.trimEnd().split('\n').at(-1) };
}

describe('an export that fails', () => {
  test('ends with the error, and its connection breaks', async () => {
    const name = 'many/unreadable';
    const wrong = {
      ...counterWithTotal(name, 1),
      rules: { ...RULES, lowest: 5, highest: 1 },
    };
    await parts.store.archive.importAll([wrong], { source: 'test', existing: 'keep' });
    expect(await readExport()).toEqual({
      broke: true,
      ends: false,
      last: expect.stringMatching(
        /^\{"error":".*many\/unreadable.*","code":"counter-unreadable"\}$/,
      ),
    });
    expect(parts.failures).toHaveLength(1);
    expect(parts.bugs).toEqual([]);
    await parts.store.registry.delete([name]);
    expect(await readExport()).toMatchObject({ broke: false, ends: true });
  });
});

describe('an export over a port', () => {
  /** Counters with years of visitors: more text than the system's buffers hold. */
  const MANY = 1500;
  const DAYS = 800;

  beforeAll(async () => {
    const visitors = new Map(Array.from({ length: DAYS }, (_, day) => [15_000 + day, 1]));
    const counters = Array.from({ length: MANY }, (_, index) => ({
      ...counterWithTotal(`many/page-${index}`, index),
      past: { hours: [], days: [], visitors },
    }));
    await parts.store.archive.importAll(counters, { source: 'many', existing: 'keep' });
  });

  test('whose client leaves frees the place for the next', async () => {
    const sender = new Sender('GET /api/v1/export', AUTH);
    await sender.status();
    sender.end();
    await sender.closed;
    let status = 429;
    for (let tries = 0; tries < 100 && status === 429; tries++) {
      await Bun.sleep(20);
      const response = await fetch(`http://127.0.0.1:${port.port}/api/v1/export`, {
        headers: { Authorization: `Bearer ${INSTALLATION}` },
      });
      ({ status } = response);
      await response.text();
    }
    expect(status).toBe(200);
  });

  test('is read no faster than the client reads', async () => {
    let read = 0;
    const { archive } = parts.store;
    const readAll = archive.readAll.bind(archive);
    archive.readAll = async function* (after) {
      for await (const archived of readAll(after)) {
        read++;
        yield archived;
      }
    };
    const socket = connect(port.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET /api/v1/export HTTP/1.1\r\nHost: a\r\n${AUTH}\r\n`);
    const readSoFar = () => read;
    // Until nothing more is read.
    for (let before = -1; before !== readSoFar() || before === 0; await Bun.sleep(500))
      before = readSoFar();
    expect(read).toBeLessThan(MANY);
    socket.destroy();
    archive.readAll = readAll;
  });

  test('that stops half-way is not complete: it has no end, and its connection breaks', async () => {
    const stopped = await readExport(() => parts.transfers.end());
    expect(stopped).toEqual({
      broke: true,
      ends: false,
      last: expect.stringContaining('"code":"draining"'),
    });
  });
});
