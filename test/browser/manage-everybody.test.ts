/**
 * The page for owners for everybody: with only the keyboard, with a screen reader, on a phone, in
 * other languages, and without a script.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { LANGUAGES, type Language, wordsIn } from '../../src/languages/languages.ts';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import {
  begins,
  createCounter,
  fits,
  headed,
  INSTALLATION,
  insertMany,
  said,
  signIn,
} from '../support/manage.ts';
import { Program } from '../support/program.ts';

/** The longest name that a counter may have. */
const LONG = `${'n'.repeat(64)}/${'k'.repeat(64)}`;

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start({ SEEN_TOKEN: INSTALLATION })]);
  insertMany(program, 60);
  const link = `https://my-site.example/${'long/'.repeat(60)}`;
  await createCounter(program, {
    name: LONG,
    value: Number.MAX_SAFE_INTEGER,
    private: true,
    title: 'A title of one hundred characters. '.repeat(4).slice(0, 99),
    link,
  });
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();

/** The states of the page, each reached from the one before. */
const STATES: readonly (readonly [state: string, reach: (page: Page) => Promise<unknown>])[] = [
  ['the form for a token', (page) => page.goto(`${program.url}/manage`)],
  [
    'a refused token',
    async (page) => {
      await page.getByLabel('Token').fill('wrong');
      await press(page, 'Open');
      await page.getByLabel('Name of the counter').waitFor();
    },
  ],
  [
    'the list',
    async (page) => {
      await signIn(page, program, INSTALLATION);
      await begins(page, LONG);
    },
  ],
  [
    'an empty list',
    async (page) => {
      await page.getByLabel('Search names').fill('nothing');
      await said(page, 'No counter’s name contains this.');
    },
  ],
  [
    'a checked file',
    async (page) => {
      const buffer = Buffer.from('my-site/imported,7\n');
      await page
        .getByLabel('File')
        .setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer });
      await press(page, 'Check the file');
      await said(page, '1 counter would be imported.');
    },
  ],
  ['the dialog for a new counter', (page) => press(page, 'New counter')],
  [
    'the dialog for deleting many',
    async (page) => {
      await press(page, 'Cancel');
      await press(page, 'Delete many counters');
    },
  ],
  [
    'its question',
    async (page) => {
      await page.getByLabel('Beginning of the names').fill('many/');
      await press(page, 'Continue');
      await page.getByText('Delete the 60 counters').waitFor();
      await press(page, 'Delete all');
      await said(page, 'That is not the same.');
    },
  ],
  [
    'a counter',
    async (page) => {
      await press(page, 'Cancel');
      await page.goto(`${program.url}/manage#${LONG}`);
      await headed(page, LONG);
      await page.locator('#visitors').waitFor();
      await page.locator('#chart canvas').waitFor();
      await page.locator('#history summary').click();
    },
  ],
  ['the dialog that replaces a token', (page) => press(page, 'New token')],
  [
    'a new token',
    async (page) => {
      await page.getByRole('dialog').getByRole('button', { name: 'New token' }).click();
      await page.getByText('The new token').waitFor();
      await press(page, 'Copy');
    },
  ],
  [
    'the dialog that deletes a counter',
    async (page) => {
      await press(page, 'Close');
      await press(page, 'Delete this counter');
    },
  ],
];

describe('with a screen reader', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing wrong in any state, ${colorScheme}`, async () => {
      await using watched = await openPage(browser, { colorScheme, locale: 'en-US' });
      const { page } = watched;
      for (const [state, reach] of STATES) {
        await reach(page);
        expect({ state, found: await violationsOf(page) }).toEqual({ state, found: [] });
      }
    });
  }
});

describe('on a phone', () => {
  test('nothing is wider than the screen in any state', async () => {
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    for (const [, reach] of STATES) {
      await reach(page);
      for (const width of [320, 390]) await fits(page, width);
    }
  });
});

describe('with only the keyboard', () => {
  /** Presses Tab until something with this text or label has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let presses = 0; presses < 90; presses++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<string>(
        `(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()`,
      );
      if (focused !== name) continue;
      const outline = await page.evaluate<string>(
        'getComputedStyle(document.activeElement).outlineStyle',
      );
      expect({ name, outline }).toEqual({ name, outline: 'solid' });
      return;
    }
    throw new Error(`Tab does not reach ${name}`);
  }
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent');

  test('a counter is found, changed and deleted, and the focus is always somewhere', async () => {
    await createCounter(program, { name: 'my-site/by-keyboard' });
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    const { keyboard } = page;
    await page.goto(`${program.url}/manage`);
    await tabTo(page, 'Token');
    await keyboard.type(INSTALLATION);
    await keyboard.press('Enter');
    await headed(page, 'All counters');
    await until(
      'the heading to have the focus',
      async () => (await focused(page)) === 'All counters',
    );
    await tabTo(page, 'Search names');
    await keyboard.type('by-keyboard');
    await begins(page, 'my-site/by-keyboard');
    await tabTo(page, 'my-site/by-keyboard');
    await keyboard.press('Enter');
    await headed(page, 'my-site/by-keyboard');
    await until(
      'it to have the focus',
      async () => (await focused(page)) === 'my-site/by-keyboard',
    );
    await page.locator('#visitors').waitFor();
    await tabTo(page, 'Title');
    await keyboard.type('By keyboard');
    await keyboard.press('Enter');
    await said(page, 'Saved.');
    await tabTo(page, 'Delete this counter');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.press('Escape');
    await until(
      'the dialog to be closed',
      async () => (await page.locator('dialog').count()) === 0,
    );
    expect(await focused(page)).toBe('Delete this counter');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.type('my-site/by-keyboard');
    await keyboard.press('Enter');
    await said(page, 'my-site/by-keyboard is deleted.');
    await headed(page, 'All counters');
    expect(await focused(page)).toBe('All counters');
  });
});

describe('in another language', () => {
  for (const language of Object.keys(LANGUAGES) as Language[]) {
    test(`every text of the list and of a counter is in ${language}`, async () => {
      const { manage } = wordsIn(language);
      await using watched = await openPage(browser, { locale: language });
      const { page, errors } = watched;
      await page.goto(`${program.url}/manage`);
      await headed(page, manage.title);
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      await page.getByLabel(manage.signIn.token).fill(INSTALLATION);
      await press(page, manage.signIn.open);
      await headed(page, manage.list.title);
      await begins(page, LONG);
      expect(await page.locator('main').textContent()).not.toMatch(/[{}]|undefined/);
      await page.locator('.counters a').last().click();
      await page.locator('#visitors').waitFor();
      expect(await page.locator('main').textContent()).not.toMatch(/[{}]|undefined/);
      await fits(page, 390);
      expect(errors).toEqual([]);
    });
  }
});

test('without a script the page says what it needs, and has no field for a token', async () => {
  await using watched = await openPage(browser, { javaScriptEnabled: false });
  const { page } = watched;
  await page.goto(`${program.url}/manage`);
  expect(await page.locator('noscript').textContent()).toContain('needs JavaScript');
  expect(await page.locator('input, form').count()).toBe(0);
});
