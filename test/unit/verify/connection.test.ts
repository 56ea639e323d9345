/** Responses of other servers are parsed as HTTP defines them, completely or not at all. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Connection, readAnswer, Unanswered } from '../../../src/verify/connection.ts';
import { numberIn, targetOf } from '../../../src/verify/target.ts';
import { temporaryFolder } from '../../support/folder.ts';

const KINDS = {
  'with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Served-By: a b\r\n\r\nhello',
  'in chunks':
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-served-by:a b \r\n\r\n2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\n\r\n',
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

describe('a connection', () => {
  const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

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
