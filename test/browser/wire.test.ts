/**
 * The page's requests: none for the back button, few in all, none to other hosts, and none that
 * its policy refuses.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
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

describe('going back', () => {
  for (const memory of [false, true]) {
    test(`does not count, ${memory ? 'from the browser’s memory' : 'and is answered from what the browser kept'}`, async () => {
      const own = await launch({ memory });
      try {
        await using watched = await openPage(own);
        const { page, requests } = watched;
        await page.goto(program.url);
        await page.locator('.replica').first().waitFor();
        const before = await total();
        const said = await page.locator('.visit').textContent();
        await page.evaluate(
          "addEventListener('pageshow', ({ persisted }) => { document.body.dataset.back = persisted; })",
        );
        await page.getByRole('link', { name: 'Your own visits' }).click();
        await page.waitForURL('**/own-visits');
        requests.splice(0);
        await page.evaluate('setTimeout(() => history.back())');
        await until(
          'the page to be back',
          async () => (await page.locator('.visit').count()) === 1,
        );
        expect(await page.locator('.visit').textContent()).toBe(said);
        await until('the page to be looked after again', () =>
          requests.some((url) => url.endsWith('/api/v1/stack')),
        );
        expect(await page.locator('body').getAttribute('data-back')).toBe(memory ? 'true' : null);
        expect(await total()).toBe(before);
        // It is live again.
        const next = await program.visit();
        await until('the number to run on', async () =>
          (await page.locator('h1').textContent())?.includes(` ${next} `),
        );
        await page.reload();
        expect(await total()).toBe(before + 2);
      } finally {
        await own.close();
      }
    });
  }
});

describe('the network traffic of the page', () => {
  test('is at most 60 kB, and none of it with other hosts', async () => {
    await using watched = await openPage(browser);
    const { page, context, requests } = watched;
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await openWhole(page, program.url);
    await page.getByRole('button', { name: 'Months' }).click();
    await page.locator('summary').click();
    expect(bytes).toBeGreaterThan(25_000);
    expect(bytes).toBeLessThan(60_000);
    expect(
      requests.filter((url) => !url.startsWith(`${program.url}/`) && !url.startsWith('data:')),
    ).toEqual([]);
  });

  test('contains no failed request, and none that violates the page’s policy', async () => {
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(violatedDirective))",
    );
    for (const path of ['/', '/c/my-site/front-page']) {
      await openWhole(page, `${program.url}${path}`);
      await page.getByRole('button', { name: 'Days' }).click();
      await page.locator('summary').click();
      await page.locator('#chart').hover();
      await until('the day pointed at to be told', async () =>
        (await page.locator('#readout').textContent())?.includes(':'),
      );
    }
    await page.goto(`${program.url}/own-visits`);
    await page.locator('form button').click();
    expect(await page.locator('h1').textContent()).toBe('This browser does not count');
    expect(errors).toEqual([]);
  });

  test('contains nothing about the replicas where they are not to be shown', async () => {
    await using hidden = await Program.start({ SEEN_SHOW_STACK: 'no' });
    await using watched = await openPage(browser);
    const { page, requests } = watched;
    await page.goto(hidden.url);
    await page.locator('#visitors').waitFor();
    expect(await page.locator('#stack').count()).toBe(0);
    expect(await page.content()).not.toContain('test-');
    // For longer than the panel waits between two questions.
    await Bun.sleep(2500);
    expect(requests.filter((url) => url.includes('/api/v1/stack'))).toEqual([]);
  });
});
