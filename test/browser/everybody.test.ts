/**
 * The page for everybody: without a script, with only the keyboard, in dark mode, on paper, with a
 * screen reader. On a phone: `narrow.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage, openWhole } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start()]);
  await program.visit('/hit/my-site/front-page');
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

const total = async () =>
  (JSON.parse(await program.get('/api/v1/default')) as { value: number }).value;
/** What a property of an element comes to, as in `rgb(1, 2, 3)`. */
const style = (page: Page, selector: string, property: string) =>
  page.evaluate<string>(
    `getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`,
  );
/** How light a colour is, from 0 to 255. */
const lightness = (colour: string) => Number(/\d+/.exec(colour)?.[0]);

describe('without a script', () => {
  test('the page shows the sentence, the visit’s own number, the replica and a picture of the chart', async () => {
    await using watched = await openPage(browser, {
      javaScriptEnabled: false,
      colorScheme: 'dark',
    });
    const { page, requests } = watched;
    await page.goto(program.url);
    const number = await total();
    expect(await page.locator('h1').textContent()).toBe(
      `Hello World! I have been seen ${number} times.`,
    );
    expect(await page.locator('.visit').textContent()).toBe(`This is visit number ${number}.`);
    expect(await page.locator('#stack .note').textContent()).toContain(
      'This page was made by test-',
    );
    expect(await page.locator('.picture').getAttribute('alt')).toBe(
      'The latest visits as a bar chart',
    );
    expect(requests).toContain(`${program.url}/chart/hits.svg?title=Day%20by%20day&theme=dark`);
    // It has come: a picture that has not is as wide as its own words.
    expect(
      await page
        .locator('.picture')
        .evaluate((image) => 'naturalWidth' in image && image.naturalWidth),
    ).toBe(640);
    expect(await page.locator('button').first().isVisible()).toBe(false);
  });
});

describe('with only the keyboard', () => {
  test('everything can be reached and used, and the focus is visible', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page, program.url);
    const reached: string[] = [];
    for (let press = 0; press < 30; press++) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      if ((await focused.count()) === 0) break;
      reached.push((await focused.textContent())?.trim() ?? '');
      expect(await style(page, ':focus', 'outline-style')).toBe('solid');
      if (reached.at(-1) === 'Days') {
        await page.keyboard.press('Enter');
        await until('days to be shown', async () =>
          (await page.locator('#readout').textContent())?.endsWith('in 30 days'),
        );
        expect(await page.locator('[data-step=day]').getAttribute('aria-pressed')).toBe('true');
      }
      if (reached.at(-1) === 'As a table') {
        await page.keyboard.press('Space');
        expect(await page.locator('#table').isVisible()).toBe(true);
      }
    }
    expect(reached.map((text) => text.slice(0, 15))).toEqual([
      'Hours',
      'Days',
      'Months',
      'As a table',
      expect.stringContaining('Day'),
      'A counter of yo',
      'Manage counters',
      'Your own visits',
      'The API',
      'Deutsch',
      'Español',
      'Français',
      'Português',
      'Русский',
      '简体中文',
      '繁體中文',
      '日本語',
    ]);
  });
});

describe('in dark mode', () => {
  test('background and text swap colours, and the chart is redrawn in dark colours', async () => {
    await using watched = await openPage(browser, { colorScheme: 'light' });
    const { page } = watched;
    await openWhole(page, program.url);
    const bar = () =>
      page.evaluate<string[]>(`(() => {
        const canvas = document.querySelector('#chart canvas');
        const { data } = canvas.getContext('2d').getImageData(canvas.width - 60, 0, 60, canvas.height);
        const colours = new Set();
        for (let at = 0; at < data.length; at += 4)
          if (data[at + 3] === 255) colours.add([data[at], data[at + 1], data[at + 2]].join());
        return [...colours];
      })()`);
    expect(lightness(await style(page, 'html', 'background-color'))).toBeGreaterThan(200);
    expect(await bar()).toContain('47,98,153');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(lightness(await style(page, 'html', 'background-color'))).toBeLessThan(50);
    expect(lightness(await style(page, 'h1', 'color'))).toBeGreaterThan(200);
    await until('the chart to be drawn again', async () => (await bar()).includes('134,183,234'));
    expect(await bar()).not.toContain('47,98,153');
  });
});

describe('on paper', () => {
  test('controls are left out and the rest is printed in light colours', async () => {
    await using watched = await openPage(browser, { colorScheme: 'dark' });
    const { page } = watched;
    await openWhole(page, program.url);
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    for (const [selector, shown] of [
      ['h1', true],
      ['#chart canvas', true],
      ['#visitors', true],
      ['.replica', true],
      ['.switch', false],
      ['.status', false],
      ['summary', false],
      ['footer', false],
    ] as const) {
      expect({ selector, shown: await page.locator(selector).first().isVisible() }).toEqual({
        selector,
        shown,
      });
    }
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  });
});

describe('with a screen reader', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const path of [
      '/',
      '/?lang=ja',
      '/c/my-site/front-page',
      '/c/my-site/front-page?lang=ru',
      '/own-visits',
      '/own-visits?lang=de',
      '/c/my-site/nothing',
      '/not-a-page',
    ]) {
      test(`axe finds nothing wrong with ${path}, ${colorScheme}`, async () => {
        await using watched = await openPage(browser, { colorScheme });
        const { page } = watched;
        const isFilled = path.startsWith('/?') || path === '/' || path.includes('front-page');
        if (isFilled) await openWhole(page, `${program.url}${path}`);
        else await page.goto(`${program.url}${path}`);
        if ((await page.locator('summary').count()) > 0) await page.locator('summary').click();
        expect(await violationsOf(page)).toEqual([]);
      });
    }
  }

  test('a change that matters is announced once, politely', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page, program.url);
    expect(await page.getByRole('status').count()).toBe(1);
    // The number runs on without a word.
    expect(await page.locator('h1[aria-live], #number[aria-live]').count()).toBe(0);
  });
});
