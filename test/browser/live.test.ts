/**
 * The page is live: it shows every replica's visits, and keeps working when its replica is
 * replaced or dies.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage, seem } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const sentence = (page: Page) => page.locator('h1').textContent();
const shows = (page: Page, number: number) =>
  until(
    `${number} to be shown`,
    async () => (await sentence(page)) === `Hello World! I have been seen ${number} times.`,
  );

/** Visits until another replica than this one has counted; answers the last number. */
async function visitAnother(program: Program, replica: string): Promise<number> {
  for (let visit = 0; visit < 100; visit++) {
    const response = await fetch(program.url, {
      keepalive: false,
      headers: { Connection: 'close' },
    });
    const number = Number(/seen (\d+) times/.exec(await response.text())?.[1]);
    if (response.headers.get('X-Served-By')?.startsWith(`${replica} `) === false) return number;
  }
  throw new Error('no other replica answered in 100 visits');
}

for (const store of ['Redis', 'SQLite'] as const) {
  describe(`on ${store}`, () => {
    let redis: RedisServer;
    let program: Program;
    beforeAll(async () => {
      redis = await RedisServer.start();
      program = await Program.start(store === 'Redis' ? { SEEN_STORE_URL: redis.url } : {});
    });
    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });

    test('the total changes when another replica counts, and the visit’s own number does not', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      const answer = await page.goto(program.url);
      const own = await page.locator('.visit').textContent();
      const number = await visitAnother(
        program,
        (answer?.headers()['x-served-by'] ?? '').split(' ')[0] ?? '',
      );
      await shows(page, number);
      expect(await page.locator('.visit').textContent()).toBe(own);
      expect(await page.title()).toBe(`Seen ${number} times`);
      expect(await page.getByRole('status').textContent()).toBe('Live');
    });

    test('a hidden page requests nothing and holds no stream, and catches up when it is visible', async () => {
      await using watched = await openPage(browser);
      const { page, requests } = watched;
      await page.goto(program.url);
      const status = page.getByRole('status');
      await until('it to be live', async () => (await status.textContent()) === 'Live');
      await seem(page, 'hidden');
      requests.splice(0);
      const number = await program.visit();
      // For longer than the panel waits between two questions.
      await Bun.sleep(2500);
      expect(requests).toEqual([]);
      expect(await sentence(page)).not.toContain(` ${number} `);
      await seem(page, 'visible');
      await shows(page, number);
    });

    test('the page of a counter is live too, and viewing it never counts', async () => {
      await program.visit('/hit/my-site/front-page');
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(`${program.url}/c/my-site/front-page`);
      await until(
        'it to be live',
        async () => (await page.getByRole('status').textContent()) === 'Live',
      );
      expect(await page.locator('.seen').textContent()).toBe('1 visit');
      const number = await program.visit('/hit/my-site/front-page');
      expect(number).toBe(2);
      await until(
        'it to be shown',
        async () => (await page.locator('.seen').textContent()) === '2 visits',
      );
      expect(await page.title()).toBe('my-site/front-page – 2 visits');
    });

    test('replacing all replicas shows no message', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(program.url);
      await until(
        'it to be live',
        async () => (await page.getByRole('status').textContent()) === 'Live',
      );
      await page.evaluate(`(() => {
        window.said = [];
        const status = document.getElementById('status');
        new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
      })()`);
      const before = await program.replicas();
      program.process.kill('SIGHUP');
      await until('all to be replaced', async () =>
        (await program.replicas()).every((pid) => !before.includes(pid)),
      );
      await until('the panel to show the new ones', async () => {
        const states = await page
          .locator('.replica')
          .evaluateAll((items) => items.map((item) => item.getAttribute('data-state')));
        return (
          states.filter((state) => state === 'gone').length >= 3 &&
          states.filter((state) => state === 'ready').length === 3
        );
      });
      await shows(page, await program.visit());
      expect(await page.evaluate('said')).toEqual([]);
    });

    test('a lost connection is reported, and the number continues by itself when Seen is back', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(program.url);
      const status = page.getByRole('status');
      await until('it to be live', async () => (await status.textContent()) === 'Live');
      await program.stop();
      await until('it to be said', async () =>
        (await status.textContent())?.includes('The connection is lost'),
      );
      await program.start();
      const number = await program.visit();
      await shows(page, number);
      await until('it to be live again', async () => (await status.textContent()) === 'Live');
    });
  });
}
