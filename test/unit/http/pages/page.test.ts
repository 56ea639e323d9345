/**
 * Pages as responses: their content without a script, their caching, and their stylesheet and
 * script.
 */
import { describe, expect, test } from 'bun:test';
import { BROWSER, setUp, textOf } from '../../../support/app.ts';

const browser = { Accept: BROWSER };

/** The URLs of the stylesheet and the script in a page. */
function linksIn(html: string): string[] {
  return [...html.matchAll(/(?:href|src)="(\/page\.[^"]+)"/g)].map(([, url = '']) => url);
}

describe('the page of a counter', () => {
  test('is only viewed, and never counts', async () => {
    const { ask } = setUp();
    await ask('/hit/my-site/front-page');
    for (let look = 0; look < 3; look++) {
      const { status, headers, body } = await ask('/c/my-site/front-page', browser);
      expect({ status, type: headers.get('Content-Type') }).toEqual({
        status: 200,
        type: 'text/html; charset=utf-8',
      });
      expect(textOf(body)).toContain('1 visit');
      expect(textOf(body)).toContain('Looking does not count.');
      expect(body).toContain('href="/new?counter=my-site/front-page#code"');
      expect(body).not.toContain('replica-7');
      expect(body).not.toContain('This is visit number');
    }
    expect((await ask('/get/my-site/front-page')).body).toBe('{"value":1}');
  });

  test('names its own address, with HTTPS behind a proxy with HTTPS', async () => {
    const { ask } = setUp();
    await ask('/hit/my-site/front-page');
    const addressFor = async (headers: Record<string, string>) => {
      const { body } = await ask('/c/my-site/front-page?lang=de', { ...browser, ...headers });
      return /property="og:url" content="([^"]*)"/.exec(body)?.[1];
    };
    const page = 'seen.test/c/my-site/front-page';
    expect(await addressFor({})).toBe(`http://${page}`);
    expect(await addressFor({ 'X-Forwarded-Proto': 'http' })).toBe(`http://${page}`);
    expect(await addressFor({ 'X-Forwarded-Proto': 'https' })).toBe(`https://${page}`);
    expect(await addressFor({ 'X-Forwarded-Proto': 'javascript' })).toBe(`http://${page}`);
  });

  test('is missing for a private or missing counter, and for an invalid name', async () => {
    const { ask } = setUp();
    const made = { name: 'my-site/secret', private: true };
    const json = { 'Content-Type': 'application/json' };
    expect((await ask('/api/v1/counters', json, 'POST', JSON.stringify(made))).status).toBe(201);
    const secret = await ask('/c/my-site/secret', browser);
    const none = await ask('/c/my-site/nothing', browser);
    expect([secret.status, none.status]).toEqual([404, 404]);
    // Nobody learns which of the two it is.
    expect(secret.body.replaceAll('secret', 'nothing')).toBe(none.body);
    expect([...secret.headers]).toEqual([...none.headers]);
    expect(none.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(none.headers.get('Cache-Control')).toBe('no-store');
    expect((await ask('/c/a/b', browser)).status).toBe(400);
    // A program is told in its own form.
    expect((await ask('/c/my-site/nothing')).headers.get('Content-Type')).toBe(
      'text/plain; charset=utf-8',
    );
    expect((await ask('/c/my-site/nothing', { Accept: 'application/json' })).body).toContain(
      '"code"',
    );
  });

  test('shows a name as text, never as HTML', async () => {
    const { ask } = setUp();
    const { status, body } = await ask('/c/%3Cscript%3E/x%22%27%26', browser);
    expect(status).toBe(400);
    expect(body).toContain('&#60;script&#62;');
    expect(body).not.toContain('<script>');
  });
});

describe('a page', () => {
  test('allows nothing inline and nothing from elsewhere', async () => {
    const { ask } = setUp();
    await ask('/hit/my-site/page');
    for (const path of [
      '/',
      '/api',
      '/own-visits',
      '/c/my-site/page',
      '/c/my-site/nothing',
      '/nothing',
    ]) {
      const { headers, body } = await ask(path, browser);
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|sha256|nonce|\*|http/);
      expect(body).not.toMatch(
        /<style|style=|<script(?! type="(module" src|application\/json" id)=)|\son\w+=/,
      );
    }
  });

  test('of a visit may be kept for the back button, and must be requested again otherwise', async () => {
    const { ask } = setUp();
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask('/', browser, method);
      expect(headers.get('Cache-Control')).toBe('private, no-cache');
      expect(headers.get('Vary')).toBe('Accept, Accept-Language');
      expect(headers.get('ETag')).toBeNull();
    }
  });

  test('shows errors to people as a page', async () => {
    const { ask, store } = setUp();
    store.counting.steps.push('bug');
    const { status, headers, body } = await ask('/', browser);
    expect({ status, kept: headers.get('Cache-Control') }).toEqual({
      status: 500,
      kept: 'no-store',
    });
    expect(textOf(body)).toContain('That did not work');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    const prefetch = await ask('/', { ...browser, 'Sec-Purpose': 'prefetch' });
    expect([prefetch.status, prefetch.headers.get('Retry-After')]).toEqual([503, '1']);
  });
});

describe('stylesheet and script', () => {
  test('are cached forever under their own hash; any other hash gets the current file, uncached', async () => {
    const { ask, store } = setUp();
    const links = linksIn((await ask('/', browser)).body);
    expect(links.map((link) => link.replace(/=.*/, ''))).toEqual(['/page.css?v', '/page.js?v']);
    const asked = store.counting.asked.length;
    for (const link of links) {
      const kept = await ask(link);
      expect(kept.status).toBe(200);
      expect(kept.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
      expect(kept.headers.get('Vary')).toBe('Accept-Encoding');
      for (const other of [link.replace(/=.*/, '=anotherhash'), link.replace(/\?.*/, '')]) {
        const { status, headers, body } = await ask(other);
        expect([status, headers.get('Cache-Control')]).toEqual([200, 'no-store']);
        expect(body).toBe(kept.body);
      }
      const head = await ask(link, {}, 'HEAD');
      expect([head.status, head.body, head.headers.get('Content-Type')]).toEqual([
        200,
        '',
        kept.headers.get('Content-Type'),
      ]);
    }
    expect(store.counting.asked.length).toBe(asked);
  });

  test('are compressed only for clients that accept gzip', async () => {
    const { ask, app } = setUp();
    for (const link of linksIn((await ask('/', browser)).body)) {
      const plain = await ask(link);
      for (const [accept, zipped] of [
        ['gzip, deflate, br', true],
        ['br;q=1, gzip;q=0.5', true],
        ['*', true],
        ['gzip;q=0', false],
        ['br', false],
        ['', false],
      ] as const) {
        const request = new Request(`http://seen.test${link}`, {
          headers: { 'Accept-Encoding': accept },
        });
        const response = await app.fetch(request, { requestIP: () => null });
        expect({ accept, encoding: response.headers.get('Content-Encoding') }).toEqual({
          accept,
          encoding: zipped ? 'gzip' : null,
        });
        const bytes = new Uint8Array(await response.arrayBuffer());
        const text = new TextDecoder().decode(zipped ? Bun.gunzipSync(bytes) : bytes);
        expect(text).toBe(plain.body);
      }
    }
  });

  test('are at most 60 kB together with the page', async () => {
    const { ask } = setUp();
    const { body } = await ask('/', browser);
    const files = await Promise.all(linksIn(body).map((link) => ask(link)));
    const bytes = files.reduce((sum, file) => sum + Bun.gzipSync(file.body).length, body.length);
    expect(bytes).toBeLessThan(60_000);
  });

  test('are not limited, because they need no store', async () => {
    const { ask } = setUp({ requestsPerMinute: 1 });
    for (let time = 0; time < 3; time++) expect((await ask('/page.css')).status).toBe(200);
  });
});
