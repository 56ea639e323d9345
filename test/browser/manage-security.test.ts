/**
 * Attacks on the page for owners, tried in a real browser: the token must not leave the tab but as
 * a header, and nothing that others write becomes a script.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, Request } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { ask, createCounter, headed, INSTALLATION, said, signIn } from '../support/manage.ts';
import { Program } from '../support/program.ts';
import { Site } from '../support/site.ts';

let browser: Browser;
let program: Program;
let site: Site;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start({ SEEN_TOKEN: INSTALLATION })]);
  site = new Site('form-action *; frame-src *');
});
afterAll(async () => {
  site[Symbol.dispose]();
  await browser.close();
  await program[Symbol.asyncDispose]();
});

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();
/** All counters and their settings, as text. */
const all = async () => (await ask(program, '/api/v1/counters', INSTALLATION)).body;

describe('a token', () => {
  test('leaves the tab only as a header, whatever is done on the page', async () => {
    using folder = temporaryFolder();
    const list = join(folder.path, 'list.csv');
    writeFileSync(list, 'my-site/imported,7\n');
    const name = 'my-site/watched';
    const tokens = [INSTALLATION, await createCounter(program, { name, private: true })];
    await using watched = await openPage(browser);
    const { page, context } = watched;
    const sent: Request[] = [];
    context.on('request', (request) => sent.push(request));

    await signIn(page, program, INSTALLATION);
    await headed(page, 'All counters');
    await page.getByLabel('Search names').fill('watched');
    await press(page, 'Export all counters');
    await said(page, 'exported');
    await page.getByLabel('File').setInputFiles(list);
    await press(page, 'Check the file');
    await said(page, '1 counter would be imported.');
    await press(page, 'Import');
    await said(page, '1 counter imported.');
    await press(page, 'Forget the token');
    await page.getByLabel('Token').fill(tokens[1] ?? '');
    await press(page, 'Open');
    await headed(page, name);
    await page.locator('#visitors').waitFor();
    await page.getByLabel('Title').fill('Watched');
    await press(page, 'Save');
    await said(page, 'Saved.');
    await press(page, 'Download as CSV');
    await press(page, 'New token');
    await page.getByRole('dialog').getByRole('button', { name: 'New token' }).click();
    tokens.push(await page.getByRole('dialog').getByLabel('Token').inputValue());
    await press(page, 'Close');
    await page.getByLabel('New total').fill('9');
    await press(page, 'Set');
    await said(page, 'The number is set.');
    // To another page of Seen, and back.
    await page.getByRole('link', { name: 'Its page' }).click();
    await page.goBack();
    await headed(page, name);

    const traces = await page.evaluate<string>(
      'JSON.stringify([location.href, document.referrer, document.title, document.cookie, history.state, { ...localStorage }, performance.getEntries().map(({ name }) => name)])',
    );
    const cookies = JSON.stringify(await context.cookies());
    const headers = await Promise.all(sent.map((request) => request.allHeaders()));
    const used = new Set(
      headers.map(({ authorization }) => authorization?.replace('Bearer ', '')),
    );
    for (const token of tokens) {
      expect(used).toContain(token);
      expect(traces).not.toContain(token);
      expect(cookies).not.toContain(token);
      for (const [index, request] of sent.entries()) {
        const { authorization: _, ...others } = headers[index] ?? {};
        expect(request.url()).not.toContain(token);
        expect(request.postData() ?? '').not.toContain(token);
        expect(JSON.stringify(others)).not.toContain(token);
      }
    }
    const kept = await page.evaluate<string>('JSON.stringify(sessionStorage)');
    expect(Object.keys(JSON.parse(kept) as object)).toEqual(['seen_tokens']);
    // And nothing goes to anybody else.
    const urls = sent.map((request) => request.url()).filter((url) => !url.startsWith('data:'));
    expect(new Set(urls.map((url) => new URL(url).origin))).toEqual(new Set([program.url]));
  });

  test('is gone from the tab when it is forgotten', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await signIn(page, program, INSTALLATION);
    await headed(page, 'All counters');
    await press(page, 'Forget the token');
    await said(page, 'The token is forgotten.');
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(INSTALLATION);
    expect(await page.content()).not.toContain(INSTALLATION);
  });
});

describe('cross-site request forgery', () => {
  test('forms of a foreign page change no counter, while a token is in the browser', async () => {
    const name = 'my-site/forged';
    const token = await createCounter(program, { name, value: 3 });
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await signIn(page, program, INSTALLATION);
    await headed(page, 'All counters');
    const before = await all();
    const json = '{"name":"my-site/made-by-a-form","value":0,"private":true}';
    const field = (text: string) => {
      const [start, end] = [text.slice(0, -1), text.slice(-1)];
      return `<input name='${start},"x":"' value='"${end}'>`;
    };
    const one = `/api/v1/counters/${name}`;
    const forms = [
      ['/api/v1/counters', 'text/plain', field(json)],
      [
        '/api/v1/counters',
        'application/x-www-form-urlencoded',
        '<input name="name" value="my-site/made">',
      ],
      [one, 'text/plain', field('{"value":0}')],
      [`${one}?_method=PATCH`, 'text/plain', field('{"value":0}')],
      [`${one}?_method=DELETE`, 'application/x-www-form-urlencoded', ''],
      [`${one}/token`, 'application/x-www-form-urlencoded', ''],
      ['/api/v1/counters?prefix=my-site&_method=DELETE', 'text/plain', ''],
      ['/api/v1/import', 'multipart/form-data', '<input name="file" value="my-site/forged,99">'],
      ['/api/v1/import', 'text/plain', '<textarea name="my-site/forged,99&#10;x">y</textarea>'],
    ] as const;
    const foreign = await context.newPage();
    for (const [path, type, fields] of forms) {
      const url = site.put(
        '/attack',
        `<form method="post" action="${program.url}${path}" enctype="${type}">${fields}<button>Win</button></form>`,
      );
      await foreign.goto(url);
      const [answer] = await Promise.all([
        foreign.waitForResponse((response) => response.url().startsWith(program.url)),
        press(foreign, 'Win'),
      ]);
      expect({ path, refused: answer.status() >= 400 }).toEqual({ path, refused: true });
    }
    expect(await all()).toBe(before);
    expect((await ask(program, one, token)).status).toBe(200);
  });

  test('no GET changes a counter, with a token and without', async () => {
    const name = 'my-site/only-read';
    await createCounter(program, { name, value: 3 });
    const before = await all();
    const one = `/api/v1/counters/${name}`;
    for (const path of [
      '/manage',
      `/manage?token=${INSTALLATION}&delete=${name}`,
      `${one}?value=0&private=true`,
      `${one}?_method=DELETE`,
      `${one}/token`,
      `${one}/delete`,
      '/api/v1/counters?prefix=my-site/',
      '/api/v1/import',
      '/api/v1/export',
      `${one}/history?format=csv`,
    ]) {
      for (const token of [undefined, INSTALLATION]) await ask(program, path, token);
    }
    expect(await all()).toBe(before);
  });
});

describe('cross-site scripting', () => {
  const SCRIPT = '"><img src=x onerror=alert(1)><script>alert(2)</script>';

  test('by title, link, label and name runs nothing, even from a store that somebody else has written', async () => {
    const name = 'my-site/attacked';
    await createCounter(program, { name, title: 'A title', link: 'https://my-site.example/' });
    using db = new Database(program.database);
    db.run('PRAGMA busy_timeout = 5000');
    db.run('UPDATE labels SET title = ?, link = ? WHERE counter = ?', [
      SCRIPT,
      'javascript:alert(document.domain)',
      name,
    ]);
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page, errors } = watched;
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await signIn(page, program, INSTALLATION);
    await page.locator('.counters small').first().waitFor();
    expect(await page.locator('.counters small').allTextContents()).toContain(SCRIPT);
    // By the label of a confirmation, which has what was typed.
    await press(page, 'Delete many counters');
    await page.getByRole('dialog').getByLabel('Beginning of the names').fill(SCRIPT);
    await press(page, 'Continue');
    await said(page, 'No name begins like this.');
    await press(page, 'Cancel');
    // By title and link.
    await page.getByRole('link', { name }).click();
    await headed(page, name);
    await until('the title', async () =>
      (await page.locator('.about').textContent())?.includes(SCRIPT),
    );
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    expect(await page.locator('.about').textContent()).toContain('javascript:alert');
    expect(await page.getByLabel('Title').inputValue()).toBe(SCRIPT);
    // By the name in the URL, and its language.
    await page.goto(`${program.url}/manage?lang=${encodeURIComponent(SCRIPT)}#${SCRIPT}`);
    await page.locator('.bar').waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(dialogs).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('is not possible by a title or link that the API takes', async () => {
    for (const link of ['javascript:alert(1)', 'data:text/html,x', ' javascript:alert(1)', 'x']) {
      const made = createCounter(program, { name: 'my-site/by-link', link });
      expect(await made.catch(String)).toContain('request-invalid');
    }
  });

  test('has no HTML to be written into: the policy requires trusted types', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/manage`);
    const failure = await page.evaluate<string>(
      `(() => { try { document.body.innerHTML = '<b>x</b>'; return ''; } catch (error) { return error.message; } })()`,
    );
    expect(failure).toContain('TrustedHTML');
  });
});

test('clickjacking: no page of another site shows it in a frame', async () => {
  await using watched = await openPage(browser);
  const { page } = watched;
  await page.goto(site.put('/frame', `<iframe src="${program.url}/manage"></iframe>`));
  await until('the frame to be refused', () =>
    page.frames().some((frame) => frame.url().startsWith('chrome-error:')),
  );
  const { headers } = await fetch(`${program.url}/manage`);
  expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'");
  expect(headers.get('Content-Security-Policy')).toContain("form-action 'self'");
});
