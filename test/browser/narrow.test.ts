/**
 * Nothing is wider than a phone's screen, on any page, with any possible total. The counters are
 * real, with a history to match.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { LANGUAGES } from '../../src/languages/languages.ts';
import { launch, openPage, type Watched, whole } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';

/**
 * The smallest phone that people still have, a usual one, and the width at which the layout
 * changes.
 */
const WIDTHS = [320, 375, 600];
/** The screen on which each page is opened, so that its chart has to shrink. */
const WIDE = { width: 1280, height: 720 };
/** Of every number of digits one that is wide; and the largest total. */
const TOTALS = [
  ...Array.from({ length: 15 }, (_, index) => Number('8'.repeat(index + 1))),
  Number.MAX_SAFE_INTEGER,
];
/** The longest name that a counter may have. */
const LONG = `${'namespace-'.repeat(6)}long/${'k'.repeat(64)}`;

let browser: Browser;
let program: Program;
/** One visitor for all tests, because the layout of a page does not depend on earlier ones. */
let visitor: Watched;
/** The same without scripts. */
let scriptless: Watched;
beforeAll(async () => {
  browser = await launch();
  [visitor, scriptless] = await Promise.all([
    openPage(browser, { viewport: WIDE }),
    openPage(browser, { viewport: WIDE, javaScriptEnabled: false }),
  ]);
  program = await Program.start({
    SEEN_TOKEN: 'the-token-of-this-test',
    SEEN_REPLICA_NAME: 'r'.repeat(40),
  });
  await bringCounters();
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

/**
 * Brings a counter for each total, all of which was counted in this hour, by people and by as many
 * visitors.
 */
async function bringCounters(): Promise<void> {
  const hour = `${new Date().toISOString().slice(0, 13)}:00Z`;
  const lines = [
    ...TOTALS.map((total) => [`my-site/at-${total}`, total] as const),
    [LONG, 1] as const,
  ].map(([counter, total]) => ({
    counter,
    total,
    hours: { [hour]: { person: total } },
    visitors: { [hour.slice(0, 10)]: Math.min(total, 2 ** 31) },
  }));
  const head = {
    seen: 'counters',
    version: 1,
    moment: new Date().toISOString(),
    counters: lines.length,
  };
  using folder = temporaryFolder();
  const path = join(folder.path, 'counters.jsonl');
  writeFileSync(path, [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const done = await Bun.$`${process.execPath} ${MAIN} import ${path} --yes`
    .env({ ...program.environment })
    .quiet()
    .nothrow();
  if (done.exitCode !== 0) throw new Error(`${done.stdout.toString()}${done.stderr.toString()}`);
}

/** Sets the default counter, so that the next visit gets this number. */
async function setDefault(next: number): Promise<void> {
  const { ok } = await fetch(`${program.url}/api/v1/default`, {
    method: 'PATCH',
    headers: {
      Authorization: 'Bearer the-token-of-this-test',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ value: next - 1 }),
  });
  expect(ok).toBe(true);
}

/** Resolves when all of a counter's page is there, its table opened. */
async function opened(page: Page): Promise<void> {
  await whole(page);
  await page.locator('summary').click();
}

async function openWide(page: Page, url: string): Promise<void> {
  await page.setViewportSize(WIDE);
  await page.goto(url);
}

/**
 * What stands out of the page at any of the widths, as `320: .figures dd`; nothing when all of it
 * fits.
 */
async function widerThanScreen(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 640 });
    // Not what scrolls in a box of its own, as the table does.
    const wide = await page.evaluate<string[]>(`(() => {
      const root = document.documentElement;
      if (root.scrollWidth <= ${width}) return [];
      return ['the page, ' + root.scrollWidth, ...[...document.querySelectorAll('body *:not(.scroll *)')]
        .filter((element) => element.getBoundingClientRect().right > ${width} + 0.5)
        .map((element) => element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 30))];
    })()`);
    found.push(...wide.map((what) => `${width}: ${what}`));
  }
  return found;
}

describe('on a phone nothing is wider than the screen', () => {
  for (const total of TOTALS) {
    test(`on the page of a counter with the total ${total}`, async () => {
      const { page } = visitor;
      await openWide(page, `${program.url}/c/my-site/at-${total}`);
      await opened(page);
      expect(await page.locator('#number').textContent()).toBe(total.toLocaleString('en'));
      expect(await widerThanScreen(page)).toEqual([]);
    });
  }

  for (const total of [88_888_888, Number.MAX_SAFE_INTEGER]) {
    test(`on the page that counts its visits, at ${total}`, async () => {
      await setDefault(total);
      const { page } = visitor;
      await openWide(page, program.url);
      await opened(page);
      expect(await page.locator('#number').textContent()).toBe(`${total}`);
      expect(await page.locator('.visit').textContent()).toBe(
        `This is visit number ${total.toLocaleString('en')}.`,
      );
      expect(await widerThanScreen(page)).toEqual([]);
    });
  }

  for (const language of Object.keys(LANGUAGES)) {
    test(`in the language ${language}`, async () => {
      await setDefault(88_888_888);
      const { page } = visitor;
      for (const path of [
        '/',
        `/c/my-site/at-${Number.MAX_SAFE_INTEGER}`,
        '/c/my-site/nothing',
        '/own-visits',
      ]) {
        await openWide(page, `${program.url}${path}?lang=${language}`);
        if (path === '/' || path.includes('at-')) await opened(page);
        expect([path, ...(await widerThanScreen(page))]).toEqual([path]);
      }
    });
  }

  for (const path of [
    `/c/my-site/at-${Number.MAX_SAFE_INTEGER}`,
    `/c/${LONG}`,
    '/c/my-site/nothing',
    `/${'not-a-route'.repeat(30)}`,
    '/own-visits',
    '/abacus/',
    '/countapi/',
  ]) {
    test(`on ${path.slice(0, 40)}, with a script and without`, async () => {
      for (const { page } of [visitor, scriptless]) {
        await openWide(page, `${program.url}${path}`);
        expect(await widerThanScreen(page)).toEqual([]);
      }
    });
  }
});
