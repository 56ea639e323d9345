/** `/new` as a response: its languages, what it says without a script, and no changes by GET. */
import { describe, expect, test } from 'bun:test';
import { LANGUAGES } from '../../../../src/languages/languages.ts';
import { BROWSER, setUp } from '../../../support/app.ts';

const browser = { Accept: BROWSER };

describe('/new', () => {
  test('is in the language of ?lang=, or else of the browser', async () => {
    const { ask } = setUp();
    for (const [tag, { new: words }] of Object.entries(LANGUAGES)) {
      const chosen = await ask(`/new?lang=${tag}`, { ...browser, 'Accept-Language': 'en' });
      const preferred = await ask('/new', { ...browser, 'Accept-Language': `xx, ${tag};q=0.5` });
      for (const { status, headers, body } of [chosen, preferred]) {
        expect({ tag, status }).toEqual({ tag, status: 200 });
        expect(body).toContain(`<html lang="${tag}">`);
        expect(body).toContain(`<h1 id="title" tabindex="-1">${words.title}</h1>`);
        expect(headers.get('Vary')).toBe('Accept-Language');
      }
    }
    expect((await ask('/new', browser)).body).toContain('<html lang="en">');
  });

  test('has its own script, and allows nothing inline and nothing from elsewhere', async () => {
    const { ask } = setUp();
    const { headers, body } = await ask('/new', browser);
    const policy = headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("img-src 'self' data:");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|sha256|nonce|\*|http/);
    expect(body).not.toMatch(
      /<style|\sstyle=|<script(?! type="module" src|\b[^>]*id="data")|\son\w+=/,
    );
    const [, script = ''] = /src="(\/new\.js\?v=[\w-]+)"/.exec(body) ?? [];
    const { status, headers: kept } = await ask(script);
    expect([status, kept.get('Cache-Control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
  });

  test('without a script says that it needs one, and shows a command', async () => {
    const { ask } = setUp();
    const { body } = await ask('/new', browser);
    const [, without = ''] = /<noscript>([\s\S]*?)<\/noscript>/.exec(body) ?? [];
    expect(without).toContain('This page needs JavaScript.');
    expect(without).toContain('curl http://seen.test/api/v1/counters');
    // Nothing else is there to be seen.
    for (const id of ['make', 'token', 'code'])
      expect(body).toMatch(new RegExp(`<section id="${id}"[^>]* hidden>`));
  });

  test('shows the field for the installation’s token only where that is needed', async () => {
    const open = await setUp().ask('/new', browser);
    const closed = await setUp({ closed: true }).ask('/new', browser);
    expect(open.body).toContain('<label hidden id="installation">');
    expect(closed.body).toContain('<label id="installation">');
    expect(closed.body).toContain('Authorization: Bearer $SEEN_TOKEN');
  });

  test('has no field for passwords, because browsers offer to keep these', async () => {
    const { body } = await setUp({ closed: true }).ask('/new', browser);
    expect(body).not.toContain('type="password"');
    expect(body.match(/<input name="token"[^>]*>/g)).toEqual([
      expect.stringContaining('class="secret"'),
      expect.stringContaining('class="secret"'),
    ]);
  });

  test('keeps the language of its URL in its links', async () => {
    const { ask } = setUp();
    const of = async (path: string) => {
      const { body } = await ask(path, browser);
      const [links = ''] = /<a id="statistics"[^\n]*/.exec(body) ?? [];
      return [...links.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    };
    expect(await of('/new')).toEqual(['/', '/manage', '/new']);
    expect(await of('/new?lang=de')).toEqual(['/?lang=de', '/manage?lang=de', '/new?lang=de']);
  });

  test('names the script for other pages by the path in the settings', async () => {
    const { body } = await setUp({ embedPath: '/my-numbers.js' }).ask('/new', browser);
    expect(body).toContain('"embedPath":"/my-numbers.js"');
  });

  test('behind a proxy with HTTPS its command uses HTTPS, so that no token is sent in the clear', async () => {
    const { ask } = setUp();
    const commandFor = async (headers: Record<string, string>) =>
      /curl (\S+)\/api/.exec((await ask('/new', { ...browser, ...headers })).body)?.[1];
    expect(await commandFor({})).toBe('http://seen.test');
    expect(await commandFor({ 'X-Forwarded-Proto': 'http' })).toBe('http://seen.test');
    expect(await commandFor({ 'X-Forwarded-Proto': 'https' })).toBe('https://seen.test');
    expect(await commandFor({ 'X-Forwarded-Proto': 'javascript' })).toBe('http://seen.test');
  });

  test('makes and counts nothing, whatever its URL says, and repeats none of it as HTML', async () => {
    const { ask, hits, store } = setUp();
    const hostile = '%3Cscript%3Ealert(1)%3C/script%3E"\'--%3E';
    for (const method of ['GET', 'HEAD']) {
      for (const query of [
        '?counter=my-site/page&value=7&private=true&create=yes',
        `?counter=${hostile}&lang=${hostile}`,
      ]) {
        const { status, body } = await ask(`/new${query}`, browser, method);
        expect(status).toBe(200);
        expect(body).not.toContain('<script>alert');
        expect(body).not.toContain('-->');
      }
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect((await ask('/new', browser, method)).status).toBe(405);
    expect(store.counting.asked.length).toBe(0);
    expect(await hits()).toBe(0);
    expect((await ask('/api/v1/counters/my-site/page')).status).toBe(404);
  });

  test('is smaller than 25 kB compressed, with its script', async () => {
    const { ask } = setUp();
    const sizes = await Promise.all(
      ['/new', '/new.js'].map(
        async (path) => Bun.gzipSync((await ask(path, browser)).body).length,
      ),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(25_000);
  });
});
