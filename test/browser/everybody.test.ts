/** The page for everybody: without a script, with the keyboard, in the dark, on a small screen, on paper, read out; and going back to it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

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

/** Opens the page, and waits until all of it is there. */
async function openWhole(page: Page, path = '/'): Promise<void> {
  await page.goto(`${program.url}${path}`);
  await page.locator('#chart canvas').waitFor();
  await page.locator('#visitors').waitFor();
  await until('the replicas to be shown', async () => (await page.locator('.replica').count()) === 3);
}

const total = async () => (JSON.parse(await program.get('/api/v1/default')) as { value: number }).value;
/** What a property of an element comes to, as in `rgb(1, 2, 3)`. */
const style = (page: Page, selector: string, property: string) =>
  page.evaluate<string>(
    `getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`,
  );
/** How light a colour is, from 0 to 255. */
const lightness = (colour: string) => Number(/\d+/.exec(colour)?.[0]);

describe('without a script', () => {
  test('the sentence, one’s own number and who served it are there, and a picture of the chart is shown', async () => {
    await using watched = await openPage(browser, { javaScriptEnabled: false });
    const { page, requests } = watched;
    await page.goto(program.url);
    const number = await total();
    expect(await page.locator('h1').textContent()).toBe(`Hello World! I have been seen ${number} times.`);
    expect(await page.locator('.visit').textContent()).toBe(`You are visit number ${number}.`);
    expect(await page.locator('#stack .note').textContent()).toContain('This page was made by test-');
    expect(await page.locator('.picture').getAttribute('alt')).toBe('The latest visits as a bar chart');
    expect(requests).toContain(`${program.url}/chart/hits.svg?title=Day%20by%20day`);
    // It has come: a picture that has not is as wide as its own words.
    expect(
      await page.locator('.picture').evaluate((image) => 'naturalWidth' in image && image.naturalWidth),
    ).toBe(640);
    expect(await page.locator('button').first().isVisible()).toBe(false);
  });
});

describe('with the keyboard alone', () => {
  test('everything can be reached and used, and one sees where one is', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page);
    const reached: string[] = [];
    for (let press = 0; press < 20; press++) {
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
      'Your own visits',
      'The API',
    ]);
  });
});

describe('in the dark', () => {
  test('ground and ink change places, and the chart is drawn again in the colours of the dark', async () => {
    await using watched = await openPage(browser, { colorScheme: 'light' });
    const { page } = watched;
    await openWhole(page);
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

describe('on a screen 320 px wide', () => {
  for (const digits of [1, 5, 16]) {
    test(`nothing is wider than the screen, with a number of ${digits} digits`, async () => {
      await using watched = await openPage(browser, { viewport: { width: 320, height: 640 } });
      const { page } = watched;
      await openWhole(page);
      await page.locator('#number').evaluate((number, length) => {
        number.textContent = '8'.repeat(length);
        number.setAttribute('data-digits', `${length}`);
      }, digits);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(320);
      expect(
        await page.locator('#number').evaluate((number) => number.getBoundingClientRect().right),
      ).toBeLessThan(320);
      await page.locator('summary').click();
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(320);
      expect((await page.locator('#chart canvas').boundingBox())?.width).toBeLessThan(300);
    });
  }
});

describe('on paper', () => {
  test('what is for a screen is left out, and the rest is there, in the colours of the day', async () => {
    await using watched = await openPage(browser, { colorScheme: 'dark' });
    const { page } = watched;
    await openWhole(page);
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

describe('read out', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const path of ['/', '/c/my-site/front-page', '/own-visits', '/c/my-site/nothing']) {
      test(`axe finds nothing wrong with ${path}, ${colorScheme}`, async () => {
        await using watched = await openPage(browser, { colorScheme });
        const { page } = watched;
        if (path === '/own-visits' || path.endsWith('nothing')) await page.goto(`${program.url}${path}`);
        else await openWhole(page, path);
        if ((await page.locator('summary').count()) > 0) await page.locator('summary').click();
        // Past the page's policy, which lets nobody add a script.
        await page.evaluate(AXE);
        const found = await page.evaluate<{
          violations: { id: string; impact: string; nodes: { html: string }[] }[];
        }>('axe.run()');
        expect(found.violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html])).toEqual([]);
      });
    }
  }

  test('that somebody has to know of it is said once, politely', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await openWhole(page);
    expect(await page.getByRole('status').count()).toBe(1);
    // The number runs on without a word.
    expect(await page.locator('h1[aria-live], #number[aria-live]').count()).toBe(0);
  });
});

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
        await page.locator('footer a').first().click();
        await page.waitForURL('**/own-visits');
        requests.splice(0);
        await page.evaluate('setTimeout(() => history.back())');
        await until('the page to be back', async () => (await page.locator('.visit').count()) === 1);
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

describe('the wire', () => {
  test('has 60 kB on it at the most, and nothing of other hosts', async () => {
    await using watched = await openPage(browser);
    const { page, context, requests } = watched;
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await openWhole(page);
    await page.getByRole('button', { name: 'Months' }).click();
    await page.locator('summary').click();
    expect(bytes).toBeGreaterThan(25_000);
    expect(bytes).toBeLessThan(60_000);
    expect(requests.filter((url) => !url.startsWith(`${program.url}/`) && !url.startsWith('data:'))).toEqual(
      [],
    );
  });

  test('has nothing on it that the policy of the page refuses, or that fails', async () => {
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(violatedDirective))",
    );
    for (const path of ['/', '/c/my-site/front-page']) {
      await openWhole(page, path);
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

  test('has nothing of the stack on it where that is not to be shown', async () => {
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
