/**
 * `npm run screenshots`: the pictures of the README, made from the running program:
 * docs/screenshot-light.png and docs/screenshot-dark.png.
 *
 * Past visits are invented (`made-up-past.ts`), because a new counter has none; everything else is
 * what the page shows. With a folder as its argument it makes pictures of every state there, for
 * review.
 */
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { makeUpPast } from './made-up-past.ts';

const WIDE = { viewport: { width: 860, height: 1000 } };
const NARROW = { viewport: { width: 320, height: 640 } };
/** The pictures in the builder of `/new` come within this time. */
const PICTURES_MS = 1000;

/** Takes a picture of the whole page as it is `when` that is done. */
async function picture(
  browser: Browser,
  url: string,
  path: string,
  options: BrowserContextOptions,
  when: (page: Page) => Promise<unknown> = whole,
): Promise<void> {
  await using watched = await openPage(browser, { reducedMotion: 'reduce', ...options });
  const { page } = watched;
  await page.goto(url);
  await when(page);
  await page.screenshot({ path, fullPage: true, animations: 'disabled' });
}

/** Resolves when all is there, and live. */
async function whole(page: Page): Promise<void> {
  await page.locator('#chart canvas').waitFor();
  await until(
    'it to be live',
    async () => (await page.getByRole('status').textContent()) === 'Live',
  );
  await until(
    'three replicas with visits to be shown',
    async () =>
      (await page.locator('.replica .part').allTextContents()).filter((part) => part !== '0%')
        .length >= 3,
  );
}

async function days(page: Page): Promise<void> {
  await whole(page);
  await page.getByRole('button', { name: 'Days' }).click();
  await until('days to be shown', async () =>
    (await page.locator('#readout').textContent())?.endsWith('in 30 days'),
  );
}

/** What is seen while all replicas are replaced. */
async function update(page: Page, program: Program): Promise<void> {
  await whole(page);
  program.process.kill('SIGHUP');
  await until(
    'one to drain while another is gone',
    async () => {
      // While visits come, a replica that is to stop has somebody to send away.
      await program.visit().catch(() => undefined);
      const states = await page.locator('.state').allTextContents();
      return states.includes('draining') && states.includes('gone');
    },
    60_000,
  );
}

async function away(page: Page, program: Program): Promise<void> {
  await whole(page);
  using locked = new Database(program.database);
  locked.run('PRAGMA busy_timeout = 20000');
  locked.run('BEGIN IMMEDIATE');
  await until('it to be said', async () =>
    (await page.getByRole('status').textContent())?.includes('The store is away'),
  );
}

async function lost(page: Page, program: Program): Promise<void> {
  await whole(page);
  await program.stop();
  await until('it to be said', async () =>
    (await page.getByRole('status').textContent())?.includes('The connection is lost'),
  );
}

/** The form of `/new`, a counter that was just made, and the builder with each kind. */
async function picturesOfNew(
  browser: Browser,
  url: string,
  at: (name: string) => string,
): Promise<void> {
  const form = async (page: Page) => {
    await page.locator('#maker summary').click();
    await page.locator('#site').fill('My Blog');
  };
  const made = async (page: Page) => {
    await page.locator('#site').fill(`blog-${Date.now()}`);
    await page.locator('#maker .strong').click();
    await page.locator('#code').waitFor();
    await Bun.sleep(PICTURES_MS);
  };
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of [
      ['wide', WIDE.viewport],
      ['phone', { width: 390, height: 844 }],
    ] as const) {
      const options = { viewport, colorScheme };
      const name = (what: string) => at(`new-${what}-${size}-${colorScheme}`);
      await picture(browser, `${url}/new`, name('form'), options, form);
      await picture(browser, `${url}/new`, name('made'), options, made);
      for (const kind of ['badge', 'chart', 'number', 'pixel', 'stream', 'api']) {
        await picture(browser, `${url}/new?counter=hits`, name(kind), options, async (page) => {
          await page.locator(`label:has([name=kind][value=${kind}])`).click();
          await Bun.sleep(PICTURES_MS);
        });
      }
    }
  }
}

async function main(folder: string | undefined): Promise<void> {
  await using program = await Program.start({ SEEN_REPLICA_NAME: 'seen', SEEN_DRAIN_MS: '6000' });
  makeUpPast(program.database, Date.now());
  for (let visit = 0; visit < 30; visit++) await program.visit();
  await program.visit('/hit/my-site/front-page');
  const browser = await launch();
  try {
    const { url } = program;
    for (const colorScheme of ['light', 'dark'] as const) {
      const path = join(folder ?? join(ROOT, 'docs'), `screenshot-${colorScheme}.png`);
      await picture(browser, url, path, { ...WIDE, colorScheme }, days);
    }
    if (folder === undefined) return;
    const at = (name: string) => join(folder, `${name}.png`);
    const table = async (page: Page) => {
      await whole(page);
      await page.locator('summary').click();
    };
    const nothing = async () => undefined;
    await picture(browser, url, at('hours-table'), WIDE, table);
    await picture(browser, url, at('narrow'), NARROW);
    await picture(browser, url, at('no-script'), { ...WIDE, javaScriptEnabled: false }, nothing);
    await picture(browser, `${url}/c/my-site/front-page`, at('counter'), NARROW);
    await picturesOfNew(browser, url, at);
    await picture(browser, `${url}/own-visits`, at('own-visits'), WIDE, nothing);
    await picture(
      browser,
      `${url}/c/my-site/nothing`,
      at('missing'),
      { ...WIDE, colorScheme: 'dark' },
      nothing,
    );
    await picture(browser, url, at('away'), WIDE, (page) => away(page, program));
    await picture(browser, url, at('update'), WIDE, (page) => update(page, program));
    await picture(browser, url, at('lost'), WIDE, (page) => lost(page, program));
  } finally {
    await browser.close();
  }
}

await main(process.argv[2]);
