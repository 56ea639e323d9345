/**
 * A person with nothing but a browser: from the form of `/new` to the end of the counter on
 * `/manage`, over the links between the pages. Each page by itself: `new.test.ts`,
 * `new-builder.test.ts`, `counter-page.test.ts`, `manage.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { headed, said } from '../support/manage.ts';
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

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();
const follow = (page: Page, name: string) =>
  page.getByRole('link', { name, exact: true }).first().click();
const total = (page: Page) => page.locator('.total').textContent();

test('somebody creates a counter, puts its badge on a page, sees it move, hides it, looks at its history, replaces its token, and deletes it', async () => {
  const name = 'my-blog/visits';
  await using watched = await openPage(browser, { locale: 'en-US' });
  const { page, context, errors } = watched;

  await page.goto(program.url);
  await follow(page, 'A counter of your own');
  await page.getByLabel('Your site').fill('my-blog');
  await press(page, 'Create counter');
  await page.locator('#code').waitFor();
  const first = await page.locator('#token-text').textContent();
  const snippet = (await page.locator('#snippet').textContent()) ?? '';

  // The tab has the token, so the next page does not ask for it.
  await follow(page, 'Manage it');
  await headed(page, name);
  await until('the total', async () => (await total(page)) === '0');
  const site = await context.newPage();
  await site.setContent(`<p>Welcome</p>${snippet}`);
  await until('the visit to be shown', async () => (await total(page)) === '1');
  await site.close();

  await page.getByLabel('Private').check();
  await press(page, 'Save');
  await said(page, 'Saved.');
  await follow(page, 'Its page');
  await until('its owner to see it', async () =>
    ((await page.locator('.seen').textContent()) ?? '').startsWith('1'),
  );
  await page.locator('#history canvas').waitFor();
  await using stranger = await openPage(browser, { locale: 'en-US' });
  await stranger.page.goto(`${program.url}/c/${name}`);
  expect(await stranger.page.locator('.number').count()).toBe(0);
  await page.goBack();
  await headed(page, name);

  await press(page, 'New token');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'New token' }).click();
  const second = await dialog.getByLabel('Token').inputValue();
  expect(second).not.toBe(first);
  await press(page, 'Close');

  await press(page, 'Delete this counter');
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
  await press(page, 'Delete');
  await said(page, `${name} is deleted.`);
  await page.goto(`${program.url}/c/${name}`);
  expect(await page.locator('.number').count()).toBe(0);
  expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
});
