/**
 * Streams of totals behind a proxy that compresses responses, as Express does with `compression`.
 */
import { expect, test } from 'bun:test';
import { createServer, request as requestTo } from 'node:http';
import type { AddressInfo } from 'node:net';
import compression from 'compression';
import { setUp } from '../../../support/app.ts';

/** Answers the port of a proxy that compresses whatever it may, and how to close it. */
async function compressingProxy(port: number | undefined) {
  const compress = compression({ threshold: 0 });
  const proxy = createServer((request, response) => {
    compress(request, response, () => {
      const { url, method, headers } = request;
      const asked = requestTo(
        { host: '127.0.0.1', port, path: url, method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      response.on('close', () => asked.destroy());
      request.pipe(asked);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test('events pass through a compressing proxy immediately', async () => {
  const parts = setUp();
  await parts.ask('/hit/my-site/page');
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, peer) => parts.app.fetch(request, peer),
  });
  const proxy = await compressingProxy(server.port);
  const text = await fetch(`${proxy.url}/openapi.json`, {
    headers: { 'Accept-Encoding': 'gzip' },
  });
  expect(text.headers.get('Content-Encoding')).toBe('gzip');
  expect(await text.json()).toMatchObject({ openapi: '3.1.0' });
  for (const path of ['/live?counters=my-site/page', '/abacus/stream/my-site/page']) {
    const leave = new AbortController();
    const response = await fetch(`${proxy.url}${path}`, {
      headers: { 'Accept-Encoding': 'gzip', Accept: 'text/event-stream' },
      signal: leave.signal,
    });
    expect(response.headers.get('Cache-Control')).toBe('no-store, no-transform');
    expect({ path, coding: response.headers.get('Content-Encoding') }).toEqual({
      path,
      coding: null,
    });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let heard = '';
    const hears = async (words: string) => {
      while (!heard.includes(words)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${heard}`);
        heard += decoder.decode(value, { stream: true });
      }
    };
    await hears(':\n\n');
    for (let n = 0; n < 2; n++) {
      await parts.ask('/hit/my-site/page');
      await parts.clock.pass(250);
      await Bun.sleep(2);
      await parts.clock.pass(0);
      const { body } = await parts.ask('/get/my-site/page');
      await hears(`"value":${(JSON.parse(body) as { value: number }).value}`);
    }
    leave.abort();
  }
  proxy.close();
  await server.stop(true);
});
