/** `GET /api`: the page about the API as a response. Its content: `test/unit/page/`. */
import { expect, test } from 'bun:test';
import { ERRORS } from '../../../../src/counter/errors.ts';
import { BROWSER, setUp } from '../../../support/app.ts';

/** About twice what it has: a page that grows past this should be looked at. */
const BYTES_MAX = 100_000;
const GZIP_BYTES_MAX = 12_000;

test('the page about the API is the same for every client, has a strict policy, and no script', async () => {
  const { ask } = setUp();
  const { status, headers, body } = await ask('/api', { Accept: BROWSER });
  expect(status).toBe(200);
  expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  expect(headers.get('Vary')).toBe('Accept-Encoding, Accept-Language');
  expect(body).not.toContain('<script');
  expect((await ask('/api')).body).toBe(body);
});

test('only the links at the end of the page are in the language of the reader', async () => {
  const { ask } = setUp();
  const english = (await ask('/api')).body;
  const german = (await ask('/api', { 'Accept-Language': 'de' })).body;
  const mainOf = (html: string) => html.slice(html.indexOf('<main>'), html.indexOf('</main>'));
  expect(mainOf(german)).toBe(mainOf(english));
  expect(mainOf(german)).toContain('<div lang="en">');
  expect(german).toContain('<html lang="de">');
  expect(german).toContain('Eigene Besuche');
});

test('its size is bounded, and clients that accept gzip get it compressed', async () => {
  const { app } = setUp();
  const asked = (headers: Record<string, string>) =>
    app.fetch(new Request('http://seen.test/api', { headers }), undefined as never);
  const plain = await (await asked({})).arrayBuffer();
  const zipped = await asked({ 'Accept-Encoding': 'gzip' });
  expect(zipped.headers.get('Content-Encoding')).toBe('gzip');
  const bytes = new Uint8Array(await zipped.arrayBuffer());
  expect(Bun.gunzipSync(bytes)).toEqual(new Uint8Array(plain));
  expect(plain.byteLength).toBeLessThan(BYTES_MAX);
  expect(bytes.byteLength).toBeLessThan(GZIP_BYTES_MAX);
});

test('it needs no store, and takes nothing from a limit', async () => {
  const { ask } = setUp({ requestsPerMinute: 1 });
  for (let times = 0; times < 3; times++) {
    const { status, headers } = await ask('/api');
    expect([status, headers.get('RateLimit')]).toEqual([200, null]);
  }
  const head = await ask('/api', {}, 'HEAD');
  expect(Number(head.headers.get('Content-Length'))).toBeGreaterThan(1000);
  const other = await ask('/api', {}, 'POST');
  expect([other.status, other.headers.get('Allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

test('it names every code with which a request can fail, and links the document', async () => {
  const { body } = await setUp().ask('/api');
  for (const [code, { http }] of Object.entries(ERRORS))
    expect({ code, named: body.includes(`<code>${code}</code>`) }).toEqual({
      code,
      named: http !== 500,
    });
  expect(body).toContain('href="/openapi.json"');
});

test('the pages and errors link to it', async () => {
  const { ask } = setUp();
  for (const path of ['/', '/c/my-site/nothing'])
    expect((await ask(path, { Accept: BROWSER })).body).toContain('<a href="/api">');
});
