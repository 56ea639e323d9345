/**
 * HEAD over a port: it describes the body of GET, or says nothing about it, and counts nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { createOperations } from '../../../../src/http/operations.ts';
import { targetsOf } from '../../../adversary/targets.ts';
import { setUp } from '../../../support/app.ts';

const parts = setUp();
let server: Bun.Server<undefined>;
beforeAll(async () => {
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, peer) => parts.app.fetch(request, peer),
  });
  await parts.ask('/hit/my-site/page');
});
afterAll(() => server.stop(true));

/** The headers of an answer as they come over the connection, in lower case. */
async function headersOf(
  method: string,
  path: string,
  port: number | undefined,
  more = '',
  start = 'HTTP/1.1\r\nHost: a\r\n',
) {
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(port ?? 0, '127.0.0.1', () =>
      socket.write(`${method} ${path} ${start}${more}Connection: close\r\n\r\n`),
    );
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      // A stream does not end by itself.
      if (/\r\n\r\n/.test(text) && /text\/event-stream/i.test(text)) socket.destroy();
    });
    socket.on('close', () => resolve(text));
  });
  const [head = '', ...body] = answer.split('\r\n\r\n');
  const lines = head.split('\r\n').slice(1);
  const fields = new Map(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.replace(/^[^:]*: */, '')]),
  );
  return {
    status: head.slice(9, 12),
    length: fields.get('content-length'),
    chunked: fields.get('transfer-encoding') === 'chunked',
    type: fields.get('content-type'),
    body: body.join('\r\n\r\n'),
  };
}

describe('HEAD', () => {
  // Figures of the process differ from one request to the next, and so may their length. Calls of
  // owners fail without a token, and HEAD does not make them.
  const paths = targetsOf(parts.app.routes)
    .filter(
      ({ method, route }) =>
        method === 'GET' && !/\/(create|set|stats|healthcheck)\/|\/(down|set|reset)$/.test(route),
    )
    .map(({ path }) => path);

  test('returns the length of GET, or none, on every route', async () => {
    const totals = async () => (await parts.ask('/api/v1/values?names=hits,my-site/page')).body;
    for (const path of [
      ...paths,
      '/nothing',
      '/hit/a/b',
      '/countapi/hit/my-site/page?img',
      '/countapi/hit/my-site/page?callback=f',
    ]) {
      const before = await totals();
      const head = await headersOf('HEAD', path, server.port);
      expect({ path, body: head.body, totals: await totals() }).toEqual({
        path,
        body: '',
        totals: before,
      });
      const get = await headersOf('GET', path, server.port);
      expect({ path, ...head, length: head.chunked ? get.length : head.length }).toEqual({
        path,
        ...get,
        body: '',
        chunked: head.chunked,
      });
      // Never both (RFC 9112, section 6.2).
      expect({ path, both: head.chunked && head.length !== undefined }).toEqual({
        path,
        both: false,
      });
    }
  });

  test('returns the length of fixed files, compressed ones too', async () => {
    for (const path of [
      '/page.css',
      '/page.js',
      '/embed.js',
      '/openapi.json',
      '/api',
      '/abacus/',
    ]) {
      for (const more of ['', 'Accept-Encoding: gzip\r\n']) {
        const { length } = await headersOf('HEAD', path, server.port, more);
        expect({ path, more, length: Number(length) > 100 }).toEqual({ path, more, length: true });
        expect((await headersOf('GET', path, server.port, more)).length).toBe(length);
      }
    }
  });

  test('has the status of GET without a Host, and with an invalid one', async () => {
    for (const start of ['HTTP/1.0\r\n', 'HTTP/1.1\r\nHost: a b\r\n', 'HTTP/1.1\r\nHost: [\r\n']) {
      for (const path of [
        '/get/my-site/page',
        '/openapi.json',
        '/pixel/my-site/page.gif',
        '/nothing',
      ]) {
        const head = await headersOf('HEAD', path, server.port, '', start);
        const get = await headersOf('GET', path, server.port, '', start);
        expect({ start, path, status: head.status, body: head.body }).toEqual({
          start,
          path,
          status: get.status,
          body: '',
        });
        expect(head.status < '500').toBe(true);
      }
    }
    expect({ bugs: parts.bugs, underWay: parts.app.underWay() }).toEqual({
      bugs: [],
      underWay: 0,
    });
  });

  test('works works on the operations port, too', async () => {
    const app = createOperations({
      started: () => true,
      silent: () => ({ names: [], of: 1 }),
      unready: async () => 'the store is away',
      metrics: async () => 'figures\n',
      metricsContentType: 'text/plain',
    });
    const operations = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch });
    for (const path of ['/healthz', '/readyz', '/metrics', '/nothing']) {
      const { length, status } = await headersOf('HEAD', path, operations.port);
      const get = await headersOf('GET', path, operations.port);
      expect({ path, length, status }).toEqual({ path, length: get.length, status: get.status });
      expect(Number(length)).toBeGreaterThan(0);
    }
    await operations.stop(true);
  });
});
