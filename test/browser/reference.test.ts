/**
 * The page about the API in a real browser: for screen readers, on a phone, with the keyboard. Its
 * commands are run against the Seen that shows it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const TOKEN = 'the-token-of-this-test';

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start({ SEEN_TOKEN: TOKEN })]);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

describe('the page about the API', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [860, 390]) {
      test(`axe finds nothing wrong, ${colorScheme}, ${width} wide`, async () => {
        await using watched = await openPage(browser, {
          colorScheme,
          viewport: { width, height: 800 },
        });
        const { page, errors } = watched;
        await page.goto(`${program.url}/api`);
        expect(await violationsOf(page)).toEqual([]);
        expect(errors).toEqual([]);
      });
    }
  }

  test('nothing is wider than the screen of a phone', async () => {
    for (const width of [320, 390]) {
      await using watched = await openPage(browser, { viewport: { width, height: 800 } });
      const { page } = watched;
      await page.goto(`${program.url}/api`);
      const wider = await page.evaluate<string[]>(`[...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 100))`);
      expect({ width, wider }).toEqual({ width, wider: [] });
    }
  });

  test('the keyboard reaches each route from the contents, without a foreign request', async () => {
    await using watched = await openPage(browser);
    const { page, requests } = watched;
    await page.goto(`${program.url}/api`);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('/openapi.json');
    await page.keyboard.press('Tab');
    const first = page.locator(':focus');
    expect(await first.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe(
      'solid',
    );
    const target = (await first.getAttribute('href')) ?? '';
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe(target);
    const top = await page
      .locator(target)
      .evaluate((element) =>
        'getBoundingClientRect' in element
          ? (element.getBoundingClientRect as () => { top: number })().top
          : Number.NaN,
      );
    expect(Math.abs(top)).toBeLessThan(5);
    expect(new Set(requests.map((url) => new URL(url).origin))).toEqual(new Set([program.url]));
  });

  test('each of its commands does what it says', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/api`);
    const commands = (await page.locator('pre').allTextContents()).filter((text) =>
      text.startsWith('curl '),
    );
    expect(commands.length).toBe(await page.locator('.route h2 .call').count());
    using folder = temporaryFolder();
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const exported = await fetch(`${program.url}/api/v1/export`, { headers });
    await Bun.write(join(folder.path, 'counters.jsonl'), exported);
    for (const command of commands) {
      const isCreate = command.startsWith(
        "curl -X POST 'https://seen.example.com/api/v1/counters' ",
      );
      // Each command finds what it needs, whatever an earlier one has left.
      await call(isCreate ? 'DELETE' : 'POST', isCreate ? '/my-site/front-page' : '');
      const typed = command
        .replaceAll('https://seen.example.com', program.url)
        .replaceAll('TOKEN', TOKEN);
      const shown = await Bun.$`sh -c ${`${typed} -s -o /dev/null -w '%{http_code}'`}`
        .cwd(folder.path)
        .text();
      expect({ command, shown }).toEqual({ command, shown: expect.stringMatching(/^20[014]$/) });
    }
  });
});

/** Makes or deletes the counter of the examples; whether or not there is one. */
async function call(method: 'POST' | 'DELETE', path: string): Promise<void> {
  await fetch(`${program.url}/api/v1/counters${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    ...(method === 'POST' ? { body: '{"name":"my-site/front-page"}' } : {}),
  });
}
