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
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
/** Languages with long words, with another script, and without spaces between words. */
const LANGUAGES = ['de', 'ru', 'ja'];

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
  await page.locator('#visitors').waitFor();
  await page.locator('#status[data-state=live]').waitFor();
  if ((await page.locator('#stack').count()) === 0) return;
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

/** Pictures of every page and state, for review. */
async function allStates(browser: Browser, program: Program, folder: string): Promise<void> {
  const { url } = program;
  const at = (name: string) => join(folder, `${name}.png`);
  const nothing = async () => undefined;
  const table = async (page: Page) => {
    await whole(page);
    await page.locator('summary').click();
  };
  const counter = '/c/my-site/front-page';
  await picture(browser, url, at('hours-table'), WIDE, table);
  await picture(browser, url, at('narrow'), NARROW);
  await picture(browser, url, at('no-script'), { ...WIDE, javaScriptEnabled: false }, nothing);
  await picture(browser, `${url}${counter}`, at('counter-narrow'), NARROW);
  const pages = {
    home: ['/', whole],
    counter: [counter, whole],
    'no-visits': ['/c/my-site/no-visits', (page: Page) => page.locator('.empty').waitFor()],
    'own-visits': ['/own-visits', nothing],
    missing: ['/c/my-site/nothing', nothing],
    error: ['/nothing', nothing],
  } as const;
  for (const [name, [path, when]] of Object.entries(pages)) {
    for (const colorScheme of ['light', 'dark'] as const)
      await picture(
        browser,
        `${url}${path}`,
        at(`${name}-${colorScheme}`),
        { ...WIDE, colorScheme },
        when,
      );
    for (const language of LANGUAGES)
      await picture(
        browser,
        `${url}${path}?lang=${language}`,
        at(`${name}-phone-${language}`),
        PHONE,
        when,
      );
  }
  await picture(browser, `${url}/own-visits`, at('private'), PHONE, (page) =>
    owned(page, program),
  );
  await picture(browser, url, at('away'), WIDE, (page) => away(page, program));
  await picture(browser, url, at('update'), WIDE, (page) => update(page, program));
  await picture(browser, url, at('lost'), WIDE, (page) => lost(page, program));
}

/** Opens the page of a private counter as its owner. */
async function owned(page: Page, program: Program): Promise<void> {
  const name = 'my-site/private';
  const response = await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, value: 12_345, private: true }),
  });
  const { token } = (await response.json()) as { token: string };
  await fetch(`${program.url}/hit/${name}`);
  const kept = JSON.stringify(JSON.stringify({ [name]: token }));
  await page.evaluate(`sessionStorage.setItem('seen_tokens', ${kept})`);
  await page.goto(`${program.url}/c/${name}`);
  await whole(page);
}

async function main(folder: string | undefined): Promise<void> {
  await using program = await Program.start({ SEEN_REPLICA_NAME: 'seen', SEEN_DRAIN_MS: '6000' });
  makeUpPast(program.database, Date.now());
  for (let visit = 0; visit < 30; visit++) await program.visit();
  await program.visit('/hit/my-site/front-page');
  await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"name":"my-site/no-visits"}',
  });
  const browser = await launch();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const path = join(folder ?? join(ROOT, 'docs'), `screenshot-${colorScheme}.png`);
      await picture(browser, program.url, path, { ...WIDE, colorScheme }, days);
    }
    if (folder !== undefined) await allStates(browser, program, folder);
  } finally {
    await browser.close();
  }
}

await main(process.argv[2]);
