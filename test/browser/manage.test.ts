/**
 * The page for owners in a real browser, on the program that users start: one counter from its
 * creation to its end, and what is said when something fails. All counters:
 * `manage-list.test.ts`.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { ask, createCounter, headed, INSTALLATION, said, signIn } from '../support/manage.ts';
import { Program } from '../support/program.ts';

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([
    launch(),
    Program.start({ SEEN_TOKEN: INSTALLATION, SEEN_WAIT_MS: '500' }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

const path = (name: string) => `/api/v1/counters/${name}`;
const total = (page: Page) => page.locator('.total').textContent();
const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();

describe('an owner', () => {
  test('creates a counter, puts the badge on a page, sees it move, makes it private, looks at its history, replaces its token, and deletes it', async () => {
    const name = 'my-site/front-page';
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page, context, errors } = watched;
    await signIn(page, program, INSTALLATION);
    await headed(page, 'All counters');

    // Creates it.
    await press(page, 'New counter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('Start value').fill('41000');
    await press(page, 'Create');
    const first = await dialog.getByLabel('Token').inputValue();
    expect(first).toMatch(/^seen_[\w-]{43}~my-site\/front-page$/);
    await press(page, 'Close');
    await headed(page, name);

    // From here on with the counter's own token.
    await press(page, 'Forget the token');
    await said(page, 'The token is forgotten.');
    await page.getByLabel('Token').fill(first);
    await press(page, 'Open');
    await headed(page, name);
    await until('the total', async () => (await total(page)) === '41,000');

    // Puts the badge on a page, and sees it move.
    const site = await context.newPage();
    await site.setContent(`<img src="${program.url}/badge/${name}.svg" alt="visits">`);
    await until('the visit to be shown', async () => (await total(page)) === '41,001');
    await site.close();

    // Title and link; then private.
    await page.getByLabel('Title').fill('My <b>site</b>');
    await page.getByLabel('Link').fill('https://my-site.example');
    await page.getByLabel('Private').check();
    await press(page, 'Save');
    await said(page, 'Saved.');
    expect((await ask(program, path(name))).status).toBe(401);
    expect(JSON.parse((await ask(program, path(name), first)).body)).toMatchObject({
      value: 41_001,
      private: true,
      title: 'My <b>site</b>',
      link: 'https://my-site.example/',
    });
    expect(await page.locator('.about').textContent()).toContain('My <b>site</b>');
    expect(await page.locator('.about a').first().getAttribute('href')).toBe(
      'https://my-site.example/',
    );

    // Its history and visitors, with the token.
    await page.locator('#history summary').click();
    const cells = page.locator('#table tbody tr td:nth-of-type(1)');
    await until('the visit to be in the table', async () =>
      (await cells.allTextContents()).includes('1'),
    );
    await press(page, 'Days');
    await until('days', async () => (await cells.count()) === 30);
    expect(await page.locator('[data-figure="today"]').textContent()).toBe('1');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      press(page, 'Download as CSV'),
    ]);
    expect(file.suggestedFilename()).toBe('my-site-front-page-days.csv');
    expect(readFileSync(await file.path(), 'utf8')).toMatch(
      /^time,person,program,proxy,bot,visitors\r\n[\d-]{10},1,0,0,0,1\r\n$/,
    );

    // Replaces its token.
    await press(page, 'New token');
    await dialog.getByRole('button', { name: 'New token' }).click();
    const second = await dialog.getByLabel('Token').inputValue();
    expect(second).not.toBe(first);
    await press(page, 'Copy');
    await until(
      'an answer',
      async () => (await dialog.getByRole('status').textContent())?.trim() !== '',
    );
    await press(page, 'Close');
    expect((await ask(program, path(name), first)).status).toBe(401);
    expect((await ask(program, path(name), second)).status).toBe(200);

    // The page goes on with the new one.
    await page.getByLabel('New total').fill('50000');
    await press(page, 'Set');
    await said(page, 'The number is set.');
    expect(await total(page)).toBe('50,000');

    // Deletes it, but not without its name.
    await press(page, 'Delete this counter');
    await press(page, 'Delete');
    await said(page, 'That is not the same.');
    await dialog.getByLabel(`Type ${name} to confirm`).fill('my-site/front');
    await press(page, 'Delete');
    await said(page, 'That is not the same.');
    expect((await ask(program, path(name), second)).status).toBe(200);
    await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
    await press(page, 'Delete');
    await said(page, `${name} is deleted.`);
    expect((await ask(program, path(name), second)).status).toBe(404);
    expect(await page.getByLabel('Token').isVisible()).toBe(true);
    expect(errors).toEqual([]);
  });

  test('changes only what was edited, while visits go on', async () => {
    const name = 'my-site/edited';
    const token = await createCounter(program, { name, value: 5, window: 60 });
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    await signIn(page, program, token);
    await headed(page, name);
    expect(await page.getByLabel('Reloads').locator('option:checked').textContent()).toBe(
      '1 minute',
    );
    await program.visit(`/hit/${name}`);
    await page.getByLabel('Title').fill('Edited');
    await press(page, 'Save');
    await said(page, 'Saved.');
    expect(JSON.parse((await ask(program, path(name))).body)).toMatchObject({
      value: 6,
      window: 60,
      title: 'Edited',
      private: false,
    });
    await press(page, 'Save');
    await said(page, 'There was nothing to save.');
    await page.getByLabel('Title').fill('');
    await page.getByLabel('Reloads').selectOption({ label: '1 hour' });
    await press(page, 'Save');
    await said(page, 'Saved.');
    expect(JSON.parse((await ask(program, path(name))).body)).toMatchObject({
      title: null,
      window: 3600,
    });
  });

  test('follows a link to a counter, goes back, and finds the token again after a reload, but not in another tab', async () => {
    const token = await createCounter(program, { name: 'my-site/linked' });
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await page.goto(`${program.url}/manage#my-site/linked`);
    await headed(page, 'my-site/linked');
    await page.getByLabel('Token').fill(token);
    await press(page, 'Open');
    await until('its total', async () => (await total(page)) === '0');
    await page.reload();
    await until('its total', async () => (await total(page)) === '0');
    await page.getByRole('link', { name: 'Another token' }).click();
    await headed(page, 'Manage counters');
    await page.goBack();
    await headed(page, 'my-site/linked');
    expect(await page.getByRole('link', { name: 'Its page' }).getAttribute('href')).toBe(
      '/c/my-site/linked',
    );
    expect(await page.getByRole('link', { name: 'Put it' }).getAttribute('href')).toBe(
      '/new?counter=my-site%2Flinked#code',
    );
    // Where the URL names a language, the links do, too.
    await page.goto(`${program.url}/manage?lang=de#my-site/linked`);
    const links = page.locator('.about a');
    await until('the links', async () => (await links.count()) === 2);
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual(
      ['/c/my-site/linked?lang=de', '/new?counter=my-site%2Flinked&lang=de#code'],
    );
    const other = await context.newPage();
    await other.goto(`${program.url}/manage#my-site/linked`);
    await headed(other, 'my-site/linked');
    expect(await other.getByLabel('Token').isVisible()).toBe(true);
  });

  test('of the installation sets and names the counter of GET /, but cannot hide or delete it', async () => {
    await program.visit();
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page, errors } = watched;
    await signIn(page, program, INSTALLATION, 'hits');
    await headed(page, 'hits');
    await until('its total', async () => (await total(page)) === '1');
    await page.locator('#visitors').waitFor();
    await page.getByLabel('Title').fill('The front page');
    await press(page, 'Save');
    await said(page, 'Saved.');
    await page.getByLabel('New total').fill('1000');
    await press(page, 'Set');
    await said(page, 'The number is set.');
    expect(JSON.parse((await ask(program, '/api/v1/default')).body)).toMatchObject({
      value: 1000,
      title: 'The front page',
    });
    expect(await page.getByLabel('Private').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Delete this counter' }).count()).toBe(0);
    // To look at its page would count.
    expect(await page.getByRole('link', { name: 'Its page' }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test('of an older token is asked for the name of its counter', async () => {
    const name = 'my-site/older';
    await createCounter(program, { name });
    const old = 'seen_an-older-token-without-a-name-of-a-counter0';
    using db = new Database(program.database);
    db.run('PRAGMA busy_timeout = 5000');
    db.run('UPDATE counters SET owner = ? WHERE name = ?', [
      new Bun.CryptoHasher('sha256').update(old).digest('base64url'),
      name,
    ]);
    await using watched = await openPage(browser);
    const { page } = watched;
    await signIn(page, program, old);
    const field = page.getByLabel('Name of the counter');
    await field.waitFor();
    await until('the focus', () => field.evaluate((input) => input.matches(':focus')));
    // Not when another token is pasted, which may be the installation's.
    await page.getByLabel('Token').fill(INSTALLATION);
    expect(await field.isVisible()).toBe(false);
    await page.getByLabel('Token').fill(old);
    await press(page, 'Open');
    await field.fill(name);
    await press(page, 'Open');
    await headed(page, name);
  });
});

/** Something that one part of a test waits for, and another lets happen. */
function gate(): { open: () => void; opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}

describe('a new token is kept when a look at the number was refused with the old one', () => {
  /** Opens a private counter, and asks for a new token. */
  async function begin(page: Page, name: string): Promise<void> {
    const token = await createCounter(program, { name, private: true });
    await signIn(page, program, token);
    await until('its total', async () => (await total(page)) === '0');
    await press(page, 'New token');
  }

  const replace = (page: Page) =>
    page.getByRole('dialog').getByRole('button', { name: 'New token' }).click();

  /** Whether the page shows the counter, whose number runs on, with the token that was shown. */
  async function goesOn(page: Page, name: string): Promise<void> {
    const shown = await page.getByRole('dialog').getByLabel('Token').inputValue();
    expect((await ask(program, path(name), shown)).status).toBe(200);
    await program.get(`/pixel/${name}.gif`);
    await until('the visit to be shown', async () => (await total(page)) === '1', 15_000);
    expect(await page.locator('h1').textContent()).toBe(name);
    expect(await page.evaluate("sessionStorage.getItem('seen_tokens')")).toContain(shown);
  }

  test('after the new one came', async () => {
    const name = 'my-site/late-look';
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    await begin(page, name);
    const [sent, mayGo] = [gate(), gate()];
    await page.route(
      `**${path(name)}`,
      async (route) => {
        sent.open();
        await mayGo.opened;
        await route.continue();
      },
      { times: 1 },
    );
    await sent.opened;
    await replace(page);
    await page.getByRole('dialog').getByLabel('Token').waitFor();
    const refused = page.waitForResponse((response) => response.status() === 401);
    mayGo.open();
    await refused;
    await goesOn(page, name);
  });

  test('before the new one came', async () => {
    const name = 'my-site/early-look';
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    await begin(page, name);
    const refused = page.waitForResponse((response) => response.status() === 401);
    await page.route(`**${path(name)}/token`, async (route) => {
      const response = await route.fetch();
      await refused;
      await route.fulfill({ response });
    });
    await replace(page);
    await refused;
    await page.getByRole('dialog').getByLabel('Token').waitFor();
    await goesOn(page, name);
  });
});

describe('an error says what to do', () => {
  test('when a token is not the right one', async () => {
    const name = 'my-site/not-yours';
    await createCounter(program, { name });
    await using watched = await openPage(browser);
    const { page } = watched;
    for (const wrong of [`seen_wrong~${name}`, 'кириллица', `seen_wrong~my-site/nothing`]) {
      await signIn(page, program, wrong);
      const text = wrong.endsWith('nothing')
        ? 'There is no such counter.'
        : 'Forget it, and paste';
      await said(page, text);
      expect(await page.getByLabel('Token').isVisible()).toBe(true);
      await page.reload();
    }
  });

  test('when a token stops working while the page is open', async () => {
    const name = 'my-site/replaced';
    const token = await createCounter(program, { name, private: true });
    await using watched = await openPage(browser);
    const { page } = watched;
    await signIn(page, program, token);
    await until('its total', async () => (await total(page)) === '0');
    await ask(program, `${path(name)}/token`, INSTALLATION, 'POST');
    await said(page, 'Forget it, and paste the current one.');
    expect(await page.getByLabel('Token').isVisible()).toBe(true);
  });

  test('when the store is away', async () => {
    const name = 'my-site/locked';
    const token = await createCounter(program, { name });
    await using watched = await openPage(browser);
    const { page } = watched;
    await signIn(page, program, token);
    await until('its total', async () => (await total(page)) === '0');
    using locked = new Database(program.database);
    locked.run('PRAGMA busy_timeout = 20000');
    locked.run('BEGIN IMMEDIATE');
    await page.getByLabel('Title').fill('Later');
    await press(page, 'Save');
    await said(page, 'The store does not respond, and nothing was done.');
    locked.run('ROLLBACK');
    await press(page, 'Save');
    await said(page, 'Saved.');
  });

  test('when Seen is gone, and goes away when it is back', async () => {
    await using other = await Program.start({ SEEN_TOKEN: INSTALLATION });
    const token = await createCounter(other, { name: 'my-site/gone' });
    await using watched = await openPage(browser);
    const { page } = watched;
    await signIn(page, other, token);
    await until('its total', async () => (await total(page)) === '0');
    await other.stop();
    await said(page, 'Seen cannot be reached.');
    await other.start();
    await until('nothing to be said any more', async () =>
      (await page.getByRole('status').allTextContents()).every((text) => text === ''),
    );
  });

  test('when there were too many requests', async () => {
    await using other = await Program.start({
      SEEN_TOKEN: INSTALLATION,
      SEEN_REQUESTS_PER_MINUTE: '6',
    });
    const token = await createCounter(other, { name: 'my-site/limited' });
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    await signIn(page, other, token);
    await until('its total', async () => (await total(page)) === '0');
    for (const title of ['One', 'Two', 'Three']) {
      await page.getByLabel('Title').fill(title);
      await press(page, 'Save');
    }
    await until('the delay to be said', async () =>
      (await page.getByRole('status').allTextContents()).some((text) =>
        /Too many requests\. Try again in \d+ seconds?\./.test(text),
      ),
    );
  });
});
