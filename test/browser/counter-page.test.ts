/**
 * The page of a counter in a browser: its number in the reader's language, a counter without
 * visits, one with a start value, and a private one with and without its owner's token.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage, openWhole, seem, whole } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start()]);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

/** Creates a counter; returns its token. */
async function create(counter: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(counter),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
}

/** Keeps a token in the tab, as the page `/manage` does. */
async function keep(page: Page, counter: string, token: string): Promise<void> {
  const kept = JSON.stringify(JSON.stringify({ [counter]: token }));
  await page.goto(`${program.url}/own-visits`);
  await page.evaluate(`sessionStorage.setItem('seen_tokens', ${kept})`);
}

const text = (page: Page, selector: string) => page.locator(selector).textContent();

describe('a counter without visits', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`has no empty chart, until somebody visits, ${colorScheme}`, async () => {
      const name = `my-site/no-visits-${colorScheme}`;
      await create({ name });
      await using watched = await openPage(browser, { colorScheme });
      const { page, errors } = watched;
      await page.goto(`${program.url}/c/${name}`);
      await page.getByText('No visits yet').waitFor();
      expect(await page.locator('#chart').isVisible()).toBe(false);
      expect(await text(page, '.seen')).toBe('0 visits');
      expect(await violationsOf(page)).toEqual([]);
      await program.visit(`/hit/${name}`);
      await until('the number to run on', async () => (await text(page, '.seen')) === '1 visit');
      await page.reload();
      await whole(page);
      expect(await page.getByText('No visits yet').isVisible()).toBe(false);
      expect(errors).toEqual([]);
    });
  }
});

describe('the note about the kinds of visits', () => {
  test('is shown after a start value, and not when the kinds add up', async () => {
    await create({ name: 'my-site/started', value: 1000 });
    await program.visit('/hit/my-site/started');
    await program.visit('/hit/my-site/counted');
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page, `${program.url}/c/my-site/started`);
    await page.getByText('The total differs from the sum of these kinds').waitFor();
    expect(await text(page, '.seen')).toBe('1,001 visits');
    await openWhole(page, `${program.url}/c/my-site/counted`);
    expect(await page.locator('#difference').isVisible()).toBe(false);
  });

  test('is shown when the total was set to less than was counted', async () => {
    const token = await create({ name: 'my-site/lowered' });
    for (let visit = 0; visit < 3; visit++) await program.visit('/hit/my-site/lowered');
    await fetch(`${program.url}/api/v1/counters/my-site/lowered`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: '{"value":1}',
    });
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page, `${program.url}/c/my-site/lowered`);
    await page.getByText('The total differs from the sum of these kinds').waitFor();
  });
});

describe('the language of the page', () => {
  test('is that of the browser: for texts, numbers and dates, also live ones', async () => {
    await create({ name: 'my-site/many', value: 1_234_566 });
    await program.visit('/hit/my-site/many');
    await using watched = await openPage(browser, { locale: 'de-AT' });
    const { page, errors } = watched;
    await openWhole(page, `${program.url}/c/my-site/many`);
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(await text(page, '.seen')).toBe('1.234.567 Besuche');
    expect(await text(page, '#readout')).toBe('1 Besuch in 48 Stunden');
    await page.getByRole('button', { name: 'Monate' }).click();
    await until('months to be shown', async () =>
      (await text(page, '#readout'))?.endsWith('in 12 Monaten'),
    );
    await page.locator('summary').click();
    const month = new Intl.DateTimeFormat('de', { month: 'long', year: 'numeric' });
    expect(await text(page, '#table tbody tr:first-child th')).toBe(month.format(new Date()));
    expect(await page.locator('#table thead').textContent()).toBe(
      'MonatBesuchevon MenschenBesucher',
    );
    await program.visit('/hit/my-site/many');
    await until(
      'the number to run on',
      async () => (await text(page, '.seen')) === '1.234.568 Besuche',
    );
    expect(await page.title()).toBe('my-site/many – 1.234.568 Besuche');
    expect(errors).toEqual([]);
  });

  test('can be changed by links at the end, and other pages keep it', async () => {
    await program.visit('/hit/my-site/languages');
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/c/my-site/languages`);
    await page.getByRole('link', { name: 'Русский' }).click();
    await page.waitForURL('**/c/my-site/languages?lang=ru');
    expect(await text(page, '.seen')).toBe('1 посещение');
    await page.getByRole('link', { name: 'Ваши собственные посещения' }).click();
    await page.waitForURL('**/own-visits?lang=ru');
    await page.locator('form button').click();
    await page.waitForURL('**/own-visits?lang=ru');
    expect(await text(page, 'h1')).toBe('Этот браузер не учитывается');
  });

  test('is that of the stack, too, and the sentence stays English', async () => {
    await using watched = await openPage(browser, { locale: 'ja' });
    const { page } = watched;
    await openWhole(page, program.url);
    expect(await page.locator('h1[lang=en]').textContent()).toMatch(
      /^Hello World! I have been seen \d+ times\.$/,
    );
    await until('the replicas to be ready', async () =>
      (await page.locator('.replica .condition').allTextContents()).every(
        (state) => state === '準備完了',
      ),
    );
    expect(await text(page, '#store')).toBe('SQLite利用可能');
  });
});

describe('a private counter', () => {
  test('is shown to nobody without its token', async () => {
    await create({ name: 'my-site/secret', value: 987_654, private: true });
    await using watched = await openPage(browser);
    const { page, requests } = watched;
    const answer = await page.goto(`${program.url}/c/my-site/secret`);
    expect(answer?.status()).toBe(404);
    expect(await text(page, 'h1')).toBe('There is nothing here');
    expect(await page.content()).not.toMatch(/987.?654/);
    expect(await violationsOf(page)).toEqual([]);
    const urlOf = (name: string) => page.getByRole('link', { name }).first().getAttribute('href');
    expect([await urlOf('Manage counters'), await urlOf('A counter of your own')]).toEqual([
      '/manage',
      '/new',
    ]);
    expect(requests.filter((url) => url.includes('/api/'))).toEqual([]);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`is shown to its owner, whose tab has the token, and its number runs on, ${colorScheme}`, async () => {
      const name = `my-site/own-${colorScheme}`;
      const token = await create({ name, value: 1233, private: true });
      const visit = () => fetch(`${program.url}/hit/${name}`);
      await visit();
      await using watched = await openPage(browser, { colorScheme });
      const { page, requests } = watched;
      await keep(page, name, token);
      await openWhole(page, `${program.url}/c/${name}`);
      expect(await text(page, 'h1')).toBe(name);
      expect(await text(page, '#private')).toBe('Private');
      expect(await text(page, '.seen')).toBe('1,234 visits');
      expect(await page.title()).toBe(`${name} – 1,234 visits`);
      expect(await text(page, '#readout')).toBe('1 visit in 48 hours');
      expect(await text(page, '[data-figure="total"]')).toBe('1');
      await page.locator('summary').click();
      expect(await violationsOf(page)).toEqual([]);
      await visit();
      await until(
        'the number to run on',
        async () => (await text(page, '.seen')) === '1,235 visits',
        20_000,
      );
      // The token leaves the tab only in a header.
      expect(requests.filter((url) => url.includes(token))).toEqual([]);
    });
  }

  test('is hidden again when it is deleted', async () => {
    const token = await create({ name: 'my-site/deleted', private: true });
    await using watched = await openPage(browser);
    const { page } = watched;
    await keep(page, 'my-site/deleted', token);
    await page.goto(`${program.url}/c/my-site/deleted`);
    await page.getByText('No visits yet').waitFor();
    const { ok } = await fetch(`${program.url}/api/v1/counters/my-site/deleted`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(ok).toBe(true);
    await until(
      'the notice to be back',
      async () => (await text(page, 'h1')) === 'There is nothing here',
      20_000,
    );
  });

  for (const [change, method, body] of [
    ['made private', 'PATCH', '{"private":true}'],
    ['deleted', 'DELETE', undefined],
  ] as const) {
    const apply = async (name: string, token: string) => {
      const { ok } = await fetch(`${program.url}/api/v1/counters/${name}`, {
        method,
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        ...(body && { body }),
      });
      expect(ok).toBe(true);
    };

    test(`is hidden as soon as it is ${change}, and never shown with another number`, async () => {
      const name = `my-site/public-until-${method.toLowerCase()}`;
      const token = await create({ name, value: 41 });
      await using watched = await openPage(browser);
      const { page, errors } = watched;
      await page.goto(`${program.url}/c/${name}`);
      await page.getByText('Live', { exact: true }).waitFor();
      expect(await text(page, '.seen')).toBe('41 visits');
      await page.evaluate(`(() => {
        const seen = document.querySelector('.seen');
        const tell = () => console.error('shown: ' + seen.textContent);
        new MutationObserver(tell).observe(seen, { subtree: true, childList: true });
      })()`);
      await apply(name, token);
      await until('the notice', async () => (await text(page, 'h1')) === 'There is nothing here');
      expect(errors.filter((error) => error.startsWith('shown'))).toEqual([]);
    });

    test(`is hidden in a page that was not visible when it was ${change}`, async () => {
      const name = `my-site/hidden-until-${method.toLowerCase()}`;
      const token = await create({ name, value: 41 });
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(`${program.url}/c/${name}`);
      await page.getByText('Live', { exact: true }).waitFor();
      await seem(page, 'hidden');
      await apply(name, token);
      await seem(page, 'visible');
      await until('the notice', async () => (await text(page, 'h1')) === 'There is nothing here');
    });
  }

  test('stays hidden with the token of another counter', async () => {
    const token = await create({ name: 'my-site/another' });
    await create({ name: 'my-site/hidden', private: true });
    await using watched = await openPage(browser);
    const { page, requests } = watched;
    await keep(page, 'my-site/hidden', token);
    await page.goto(`${program.url}/c/my-site/hidden`);
    await until('it to be asked for', () => requests.some((url) => url.includes('/api/')));
    await page.waitForLoadState('networkidle');
    expect(await text(page, 'h1')).toBe('There is nothing here');
  });
});

describe('an error page', () => {
  test('says in the reader’s language that the store is away, and axe finds nothing wrong', async () => {
    await using own = await Program.start({ SEEN_REPLICAS: '1', SEEN_WAIT_MS: '500' });
    await own.visit('/hit/my-site/front-page');
    using locked = new Database(own.database);
    locked.run('PRAGMA busy_timeout = 20000');
    locked.run('BEGIN IMMEDIATE');
    for (const colorScheme of ['light', 'dark'] as const) {
      await using watched = await openPage(browser, { locale: 'es', colorScheme });
      const { page } = watched;
      const answer = await page.goto(own.url);
      expect(answer?.status()).toBe(503);
      expect(await text(page, 'h1')).toBe('Vuelve a intentarlo en un momento');
      expect(await page.getByRole('link', { name: 'Reintentar' }).count()).toBe(1);
      expect(await violationsOf(page)).toEqual([]);
    }
    locked.run('ROLLBACK');
  });
});
