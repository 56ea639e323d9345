/** Responses of other servers are parsed as HTTP defines them, completely or not at all. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Connection, Unanswered } from '../../../src/verify/connection.ts';
import { readAnswer } from '../../../src/verify/response.ts';
import { numberIn, targetOf } from '../../../src/verify/target.ts';
import { temporaryFolder } from '../../support/folder.ts';

const KINDS = {
  'with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Served-By: a b\r\n\r\nhello',
  'in chunks':
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-served-by:a b \r\n\r\n2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\n\r\n',
  'in chunks, with trailers':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Served-By: a b\r\n\r\n5\r\nhello\r\n0 \r\nA: 1\r\nB: 2\r\n\r\n',
  'after interim responses':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Served-By: a b\r\n\r\nhello',
} as const;

describe('an answer', () => {
  for (const [kind, text] of Object.entries(KINDS)) {
    test(`${kind} is complete with its last byte, and what follows is left`, () => {
      for (let end = 0; end < text.length; end++)
        expect(readAnswer(text.slice(0, end), false)).toBeUndefined();
      expect(readAnswer(`${text}HTTP/1.1 503`, false)).toEqual({
        answer: { status: 200, body: 'hello', servedBy: 'a b', last: false },
        length: text.length,
      });
    });
  }

  test('without a length ends with its connection', () => {
    const text = 'HTTP/1.0 200 OK\r\n\r\nhello';
    expect(readAnswer(text, false)).toBeUndefined();
    expect(readAnswer(text, true)?.answer).toEqual({
      status: 200,
      body: 'hello',
      servedBy: undefined,
      last: true,
    });
  });

  test('with status 204 or 304 has no body, whatever its headers say', () => {
    for (const [status, header] of [
      [204, ''],
      [304, 'Content-Length: 9\r\n'],
      [204, 'Transfer-Encoding: chunked\r\n'],
    ] as const) {
      const text = `HTTP/1.1 ${status} x\r\n${header}\r\n`;
      expect(readAnswer(`${text}HTTP/1.1 200`, false)).toMatchObject({
        answer: { status, body: '' },
        length: text.length,
      });
    }
  });

  test('whose chunk has a wrong size fails', () => {
    for (const size of ['', 'xyz', '-2', '0x2', '2 2', '; a=1']) {
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nhe\r\n`;
      expect(() => readAnswer(text, false)).toThrow('bad chunk size');
    }
  });

  test('that closes its connection is reported so', () => {
    const closing = KINDS['with a length'].replace('\r\n', '\r\nConnection: close\r\n');
    expect(readAnswer(closing, false)?.answer.last).toBe(true);
  });
});

test('the number of a visit is found, in text and in JSON', () => {
  expect(numberIn('Hello World! I have been seen 6 times.\n')).toBe(6);
  expect(numberIn('{"counter":"hits2","value":6}')).toBe(6);
  expect(numberIn('{"value": 6, "id": 9}')).toBe(6);
  expect(numberIn('7')).toBe(7);
  expect(numberIn('no number')).toBeUndefined();
  expect(numberIn('99999999999999999999')).toBeUndefined();
});

test('a target is a URL, with or without a counter', () => {
  expect(targetOf('http://localhost:8000/a?b=c', undefined)).toMatchObject({
    port: 8000,
    hitPath: '/a?b=c',
    readPath: undefined,
  });
  expect(targetOf('https://example.org', 'my-site/page')).toMatchObject({
    port: 443,
    tls: true,
    hitPath: '/hit/my-site/page',
    readPath: '/get/my-site/page',
  });
  expect(targetOf('http://[::1]:8000', undefined)).toMatchObject({
    hostname: '::1',
    host: '[::1]:8000',
  });
  for (const wrong of ['localhost:8000', 'ftp://localhost', ''])
    expect(() => targetOf(wrong, undefined)).toThrow('is not a URL');
  for (const wrong of ['page', 'my-site/page/more', '/'])
    expect(() => targetOf('http://localhost', wrong)).toThrow('is not a valid name');
});

test('a URL with a password is refused, and no message has the password', () => {
  for (const url of [
    'https://user:secret@localhost/',
    'http://:secret@localhost',
    'http:secret@localhost',
    ' https://user:secret@localhost/',
    'https://user:secret@bad host/',
    'user:secret@localhost:8000',
  ]) {
    const refusal = (() => {
      try {
        return targetOf(url, undefined);
      } catch (error) {
        return String(error);
      }
    })();
    expect(refusal).toContain('sends no user name and no password');
    expect(refusal).not.toContain('secret');
  }
  expect(targetOf('http://localhost/@page?a@b', undefined)).toMatchObject({
    hitPath: '/@page?a@b',
  });
});

test('a counter at a URL with a path is refused, instead of leaving out the path', () => {
  for (const url of ['http://localhost:8000/sub', 'http://localhost:8000/?a=b'])
    expect(() => targetOf(url, 'my-site/page')).toThrow('without a path: http://localhost:8000.');
  expect(targetOf('http://localhost:8000/', 'my-site/page')).toMatchObject({
    hitPath: '/hit/my-site/page',
  });
});

describe('a connection', () => {
  const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

  test('ends with a response that cannot be read', async () => {
    using server = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket) {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n7\r\n');
        },
      },
    });
    const connection = await Connection.open(
      targetOf(`http://127.0.0.1:${server.port}`, undefined),
      10_000,
    );
    const failure: unknown = await connection
      .ask(request, 10_000)
      .catch((error: unknown) => error);
    expect(String(failure)).toContain('bad chunk size');
    expect(connection.open).toBe(false);
  });

  test('over TLS sends its first request after the handshake, whoever made the certificate', async () => {
    using folder = temporaryFolder();
    await Bun.$`openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 2 -subj /CN=x`
      .cwd(folder.path)
      .quiet();
    using server = Bun.serve({
      port: 0,
      fetch: () => new Response('7'),
      tls: {
        key: Bun.file(join(folder.path, 'key')),
        cert: Bun.file(join(folder.path, 'crt')),
      },
    });
    const target = targetOf(`https://localhost:${server.port}`, undefined);
    const connection = await Connection.open(target, 10_000);
    for (let n = 0; n < 3; n++)
      expect(await connection.ask(request, 10_000)).toMatchObject({ status: 200, body: '7' });
    connection.close();
  });

  test('over TLS to a port without TLS gets no answer, and does not wait for one', async () => {
    using server = Bun.serve({ port: 0, fetch: () => new Response('7') });
    const target = targetOf(`https://localhost:${server.port}`, undefined);
    const asking = Connection.open(target, 10_000).then((connection) =>
      connection.ask(request, 10_000),
    );
    const failure: unknown = await asking.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Unanswered);
    expect(String(failure)).not.toContain('timeout');
  });
});
