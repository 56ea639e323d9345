/** The script for other sites over HTTP: its size, its path, and how long browsers cache it. */
import { describe, expect, test } from 'bun:test';
import { setUp } from '../../../support/app.ts';

/** Asks for the script; its body as bytes. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  embedPath?: string,
) {
  const { app } = setUp(embedPath === undefined ? {} : { embedPath });
  const peer = { requestIP: () => null };
  const response = await app.fetch(
    new Request(`http://seen.test${path}`, { headers, method }),
    peer,
  );
  return {
    status: response.status,
    headers: response.headers,
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

const textOf = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);

describe('embed.js', () => {
  test('is smaller than 2 kB uncompressed, and needs nothing from other hosts', async () => {
    const { status, headers, body } = await ask('/embed.js');
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
    expect(body.length).toBeLessThan(2000);
    expect(body.length).toBeGreaterThan(500);
    expect(textOf(body)).not.toMatch(/https?:|\bimport\b|\beval\b|\brequire\b/);
  });

  test('can be loaded by every page, and cached for an hour', async () => {
    const { headers } = await ask('/embed.js');
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    });
    expect(headers.get('Set-Cookie')).toBeNull();
  });

  test('is not sent again to a browser that has it', async () => {
    const etag = (await ask('/embed.js')).headers.get('ETag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{12}"$/);
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const { status, headers, body } = await ask('/embed.js', { 'If-None-Match': known });
      expect({ known, status, length: body.length }).toEqual({ known, status: 304, length: 0 });
      expect(headers.get('ETag')).toBe(etag);
      expect(headers.get('Cache-Control')).toBe('public, max-age=3600');
    }
    expect((await ask('/embed.js', { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  test('is compressed for clients that accept it', async () => {
    const plain = textOf((await ask('/embed.js')).body);
    for (const taken of ['gzip', 'br, gzip;q=0.5', 'gzip, deflate, br, zstd', '*']) {
      const { headers, body } = await ask('/embed.js', { 'Accept-Encoding': taken });
      expect({ taken, coding: headers.get('Content-Encoding') }).toEqual({
        taken,
        coding: 'gzip',
      });
      expect(textOf(Bun.gunzipSync(body))).toBe(plain);
      expect(body.length).toBeLessThan(plain.length);
    }
    for (const taken of ['', 'br', 'identity', 'gzip;q=0', 'gzip; q=0.0', 'xgzip']) {
      const { headers, body } = await ask('/embed.js', { 'Accept-Encoding': taken });
      expect({ taken, coding: headers.get('Content-Encoding') }).toEqual({ taken, coding: null });
      expect(textOf(body)).toBe(plain);
    }
  });

  test('is at the path in the settings, and nowhere else', async () => {
    expect((await ask('/my-numbers.js', {}, 'GET', '/my-numbers.js')).status).toBe(200);
    expect((await ask('/embed.js', {}, 'GET', '/my-numbers.js')).status).toBe(404);
    expect((await ask('/my-numbers.js')).status).toBe(404);
  });

  test('answers HEAD, and counts nothing', async () => {
    const { ask: send, hits } = setUp();
    const { status, body } = await send('/embed.js', {}, 'HEAD');
    expect({ status, body }).toEqual({ status: 200, body: '' });
    expect((await send('/embed.js', {}, 'POST')).status).toBe(405);
    expect(await hits()).toBe(0);
  });
});
