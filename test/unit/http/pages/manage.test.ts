/** The page for owners as a response: the same for everybody, in their language, and harmless. */
import { describe, expect, test } from 'bun:test';
import { BROWSER, INSTALLATION, setUp } from '../../../support/app.ts';

const browser = { Accept: BROWSER };

describe('the page for owners', () => {
  test('is the same for everybody, and needs neither a token nor the store', async () => {
    const { ask, store, hits } = setUp();
    const plain = await ask('/manage', browser);
    const authorized = await ask('/manage', {
      ...browser,
      Authorization: `Bearer ${INSTALLATION}`,
    });
    expect(plain.status).toBe(200);
    expect(plain.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(authorized.body).toBe(plain.body);
    expect(plain.body).not.toContain(INSTALLATION);
    expect(store.counting.asked).toEqual([]);
    expect(await hits()).toBe(0);
  });

  test('is in the language of the browser, or the one in the URL', async () => {
    const { ask } = setUp();
    const of = async (path: string, language: string) =>
      (await ask(path, { ...browser, 'Accept-Language': language })).body;
    expect(await of('/manage', 'de-AT,en;q=0.5')).toContain('<html lang="de">');
    expect(await of('/manage', 'de')).toContain(
      '<h1 id="title" tabindex="-1">Zähler verwalten</h1>',
    );
    expect(await of('/manage?lang=ja', 'de')).toContain('<html lang="ja">');
    expect(await of('/manage?lang=xx', 'zh-TW')).toContain('<html lang="zh-Hant">');
    expect((await ask('/manage', browser)).headers.get('Vary')).toContain('Accept-Language');
  });

  test('has the policy of all pages, no form, and no script but its own', async () => {
    const { ask } = setUp();
    const { headers, body } = await ask('/manage', browser);
    const policy = headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|sha256|nonce|\*|http/);
    expect(body).not.toMatch(/<form|<input|<style|style=|\son\w+=/);
    expect(body.match(/<script[^>]*>/g)).toEqual([
      expect.stringMatching(/^<script type="module" src="\/manage\.js\?v=[\w-]+">$/),
      '<script type="application/json" id="data">',
    ]);
  });
});
