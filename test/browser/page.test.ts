/**
 * The page in a real browser, on the program that users start, with three replicas and on both
 * stores.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The number that everybody may read. */
const total = async (program: Program) =>
  (JSON.parse(await program.get('/api/v1/default')) as { value: number }).value;
const sentence = (page: Page) => page.locator('h1').textContent();
/** Replicas as the panel shows them: `test-1 ready`. */
const replicas = (page: Page) =>
  page
    .locator('.replica')
    .evaluateAll((items) =>
      items.map((item) =>
        [
          item.querySelector('.who')?.firstChild?.textContent,
          item.getAttribute('data-state'),
        ].join(' '),
      ),
    );

for (const store of ['Redis', 'SQLite'] as const) {
  describe(`on ${store}`, () => {
    let redis: RedisServer;
    let program: Program;
    beforeAll(async () => {
      redis = await RedisServer.start();
      const env = store === 'Redis' ? { SEEN_STORE_URL: redis.url } : {};
      program = await Program.start({ ...env, SEEN_STORE_TIMEOUT_MS: '500' });
    });
    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });

    test('a visit counts once, whatever the page requests afterwards', async () => {
      await program.visit();
      await using watched = await openPage(browser);
      const { page, requests } = watched;
      await page.goto(program.url);
      expect(await sentence(page)).toBe('Hello World! I have been seen 2 times.');
      expect(await page.locator('.visit').textContent()).toBe('This is visit number 2.');
      await until('the page to have asked for all it shows', () =>
        ['/history', '/visitors', '/api/v1/stack'].every((path) =>
          requests.some((url) => url.includes(path)),
        ),
      );
      await page.locator('.replica').first().waitFor();
      expect(await total(program)).toBe(2);
      // A reload is a visit.
      await page.reload();
      expect(await sentence(page)).toBe('Hello World! I have been seen 3 times.');
    });

    test('the chart and its table show the counted visits', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(program.url);
      await page.locator('#chart canvas').waitFor();
      const all = await total(program);
      // Taken apart: another hour may have begun meanwhile.
      await page.locator('summary').click();
      const cells = await page.locator('#table tbody tr td:nth-of-type(1)').allTextContents();
      expect(cells.length).toBeGreaterThanOrEqual(47);
      expect(cells.reduce((sum, cell) => sum + Number(cell), 0)).toBe(all);
      expect(await page.locator('#chart').getAttribute('aria-label')).toBe(
        `${all} visits in 48 hours`,
      );
      expect(await inked(page)).toBe(true);
      await page.getByRole('button', { name: 'Months' }).click();
      await until('months to be shown', async () =>
        (await page.locator('#readout').textContent())?.endsWith('in 12 months'),
      );
      expect(await page.locator('#table tbody tr').count()).toBe(12);
      expect(await page.locator('#table thead').textContent()).toContain('Visitors');
      const visitors = page.locator('[data-figure="today"]');
      const told = JSON.parse(await program.get('/api/v1/default/visitors')) as { today: number };
      expect(await visitors.textContent()).toBe(`${told.today}`);
    });

    test('the replicas are shown; one that dies is shown as gone, and the page stays live', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      const answer = await page.goto(program.url);
      const servedBy = (answer?.headers()['x-served-by'] ?? '').split(' ')[0] ?? '';
      await until('three replicas to be shown', async () =>
        (await replicas(page)).join().startsWith('test-1 ready,test-2 ready,test-3 ready'),
      );
      expect(await page.locator('#stack').textContent()).toContain(
        `This page was made by ${servedBy}.`,
      );
      expect(await page.locator('.replica .here').allTextContents()).toEqual([servedBy]);
      expect(await page.locator('#store').textContent()).toBe(`${store}up`);
      const [first] = await program.replicas();
      process.kill(first ?? 0, 'SIGKILL');
      await until('the dead one to be gone, and another in its place', async () => {
        const shown = await replicas(page);
        return (
          shown.length === 4 && shown.filter((replica) => replica.endsWith(' gone')).length === 1
        );
      });
    });

    test('an unavailable store is reported, until it is back', async () => {
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(program.url);
      await page.locator('.replica').first().waitFor();
      const back = await takeAway(store, redis, program);
      const status = page.getByRole('status');
      // Together: another replica, which does not know it yet, may answer between the two.
      await until(
        'it to be said, and shown',
        async () =>
          (await status.textContent())?.includes('The store is away') &&
          (await page.locator('#store').textContent()) === `${store}away`,
      );
      expect(await sentence(page)).toMatch(/^Hello World! I have been seen \d+ times\.$/);
      await back();
      await until(
        'it not to be said any more',
        async () => (await status.textContent())?.includes('The store is away') === false,
      );
    });
  });
}

/** Takes the store away; answers what brings it back. */
async function takeAway(store: 'Redis' | 'SQLite', redis: RedisServer, program: Program) {
  if (store === 'Redis') {
    await redis.kill();
    return () => redis.start();
  }
  const locked = new Database(program.database);
  locked.run('PRAGMA busy_timeout = 20000');
  locked.run('BEGIN IMMEDIATE');
  return async () => {
    locked.run('ROLLBACK');
    locked.close();
  };
}

/** Whether the chart's last bar has the colour of what was counted. */
function inked(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('#chart canvas');
    const ours = document.createElement('canvas').getContext('2d');
    ours.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
    ours.fillRect(0, 0, 1, 1);
    const [red, green, blue] = ours.getImageData(0, 0, 1, 1).data;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) return true;
    return false;
  })()`);
}
