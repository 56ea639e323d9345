/**
 * The list of all counters in a real browser, on the program that users start, with 500 counters:
 * order, search, pages, deleting many, export and import.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage, type Watched } from '../support/browser.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import {
  ask,
  begins,
  headed,
  INSTALLATION,
  insertMany,
  namesOf,
  said,
  signIn,
} from '../support/manage.ts';
import { Program } from '../support/program.ts';

const COUNT = 500;

let browser: Browser;
let program: Program;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start({ SEEN_TOKEN: INSTALLATION })]);
  insertMany(program, COUNT);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

/** The list, opened with the installation's token. */
async function openList(): Promise<Watched> {
  const watched = await openPage(browser, { locale: 'en-US' });
  await signIn(watched.page, program, INSTALLATION);
  await headed(watched.page, 'All counters');
  return watched;
}

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();
const range = (page: Page, text: string) =>
  until(
    `${text} to be said`,
    async () => (await page.locator('.note[role=status]').first().textContent()) === text,
  );
const size = async () =>
  (
    JSON.parse((await ask(program, '/api/v1/counters?limit=1', INSTALLATION)).body) as {
      size: number;
    }
  ).size;

/** Notes down what progress bars show, however briefly, in `window.bars`. */
const noteProgress = (page: Page) =>
  page.evaluate(`(() => {
    window.bars = new Set();
    const note = () => {
      for (const bar of document.querySelectorAll('.progress:not([hidden]) progress'))
        window.bars.add(bar.getAttribute('aria-label') + ': ' + bar.nextSibling.textContent);
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
  })()`);

describe('the list', () => {
  test('is sorted by total, today, name and creation, in both orders', async () => {
    await using watched = await openList();
    const { page } = watched;
    const [first, second, last] = ['many/counter-000', 'many/counter-001', 'many/counter-499'];
    await begins(page, last, 'many/counter-498');
    await range(page, `1–50 of ${COUNT} counters`);
    const by = page.getByLabel('Sort by');
    await by.selectOption('Today');
    await begins(page, first, second);
    await by.selectOption('Name');
    await begins(page, first, second);
    await press(page, 'Ascending');
    await begins(page, last);
    await by.selectOption('Creation');
    await begins(page, first, second);
    await press(page, 'Descending');
    await begins(page, last);
    await by.selectOption('Total');
    await press(page, 'Descending');
    await begins(page, first, second);
    const row = page.locator('.counters tbody tr').first();
    const cells = await row.locator('td').allTextContents();
    expect(cells.slice(1, 3)).toEqual([`${COUNT}`, '1,000']);
    expect(cells[3]).toMatch(/^[A-Z][a-z]{2} \d+, \d{4}$/);
    const chart = row.locator('svg');
    expect(await chart.getAttribute('aria-label')).toMatch(/^[\d,]+ visits in 30 days$/);
    expect(await chart.locator('path').getAttribute('d')).toMatch(/^M\d+ 24v-\d+h3v\d+z/);
  });

  test('has pages, and only the shown one is in the document', async () => {
    await using watched = await openList();
    const { page } = watched;
    await begins(page, 'many/counter-499');
    const seen = new Set<string>();
    for (let from = 1; from <= COUNT; from += 50) {
      await range(page, `${from}–${from + 49} of ${COUNT} counters`);
      const names = await namesOf(page);
      expect(names).toHaveLength(50);
      for (const name of names) seen.add(name);
      if (from > 1) {
        const focused = await page.evaluate('document.activeElement.textContent');
        expect(focused).toBe(`${from}–${from + 49} of ${COUNT} counters`);
      }
      // On the last page it does nothing.
      await page.getByRole('button', { name: 'Next' }).click({ force: true });
    }
    expect(seen.size).toBe(COUNT);
    await range(page, `451–500 of ${COUNT} counters`);
    await press(page, 'Previous');
    await range(page, `401–450 of ${COUNT} counters`);
  });

  test('is searched after a pause in typing, and an older search does not overtake a newer one', async () => {
    await using watched = await openList();
    const { page, requests } = watched;
    await begins(page, 'many/counter-499');
    const searches = () => requests.filter((url) => /search=[^&]/.test(url));
    const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route(/search=counter-1&/, async (route) => {
      held.resolve();
      await release.promise;
      await route.continue().catch(() => undefined);
    });
    const failed: string[] = [];
    page.on('requestfailed', (request) => failed.push(request.url()));
    // Several letters within one turn: a busy machine cannot put a pause between them.
    await page.getByLabel('Search names').evaluate((input, text) => {
      for (let end = 1; end <= text.length; end++) {
        Object.assign(input, { value: text.slice(0, end) });
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }, 'counter-1');
    await held.promise;
    expect(searches()).toHaveLength(1);
    await page.getByLabel('Search names').fill('counter-123');
    await begins(page, 'many/counter-123');
    await range(page, '1');
    release.resolve();
    await until('the older one to be ended', () => failed.length === 1);
    expect(failed[0]).toContain('search=counter-1&');
    expect(await namesOf(page)).toEqual(['many/counter-123']);
    await page.getByLabel('Search names').fill('Counter-123');
    await range(page, 'No counter’s name contains this. Capital letters matter.');
    expect(await page.locator('.counters').isVisible()).toBe(false);
  });

  test('is waited for where a page of it takes 20 s, as with very many counters', async () => {
    await using watched = await openList();
    const { page } = watched;
    await begins(page, 'many/counter-499');
    // From here on as if every answer took 20 s: a shorter time limit ends the request.
    await page.evaluate(`(() => {
      const limit = AbortSignal.timeout.bind(AbortSignal);
      AbortSignal.timeout = (ms) => ms < 20_000 ? AbortSignal.abort() : limit(ms);
    })()`);
    await page.getByLabel('Sort by').selectOption('Name');
    await begins(page, 'many/counter-000');
  });

  test('opens a counter, and going back returns to the same search and counter', async () => {
    await using watched = await openList();
    const { page } = watched;
    await page.getByLabel('Search names').fill('counter-4');
    await begins(page, 'many/counter-499');
    await page.getByRole('link', { name: 'many/counter-477' }).click();
    await headed(page, 'many/counter-477');
    await until(
      'its number',
      async () => (await page.locator('.total').textContent()) === '1,477',
    );
    expect(new URL(page.url()).hash).toBe('#many/counter-477');
    await page.goBack();
    await headed(page, 'All counters');
    await until(
      'the counter to have the focus',
      async () =>
        (await page.evaluate('document.activeElement.textContent')) === 'many/counter-477',
    );
    expect(await page.getByLabel('Search names').inputValue()).toBe('counter-4');
    await page.goForward();
    await headed(page, 'many/counter-477');
    // Its history was inserted as days.
    await page.getByRole('button', { name: 'Days' }).click();
    await until('its history', async () =>
      /^[1-9]\d* visits in 30 days$/.test((await page.locator('#readout').textContent()) ?? ''),
    );
  });
});

describe('all counters', () => {
  test('are exported to a file, deleted by the beginning of their names, and imported again, once', async () => {
    using folder = temporaryFolder();
    await using watched = await openList();
    const { page, errors } = watched;
    await begins(page, 'many/counter-499');
    await noteProgress(page);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      press(page, 'Export all counters'),
    ]);
    await said(page, `${COUNT} counters exported.`);
    expect(file.suggestedFilename()).toMatch(/^seen-\d{4}-\d\d-\d\d\.jsonl$/);
    const path = join(folder.path, 'export.jsonl');
    writeFileSync(path, readFileSync(await file.path()));
    expect(readFileSync(path, 'utf8').match(/"counter":"many\//g)).toHaveLength(COUNT);

    // Few are counted before.
    await press(page, 'Delete many counters');
    const dialog = page.getByRole('dialog');
    const beginning = dialog.getByLabel('Beginning of the names');
    await beginning.fill('many/none');
    await press(page, 'Continue');
    await said(page, 'No name begins like this.');
    await beginning.fill('many/counter-00');
    await press(page, 'Continue');
    await dialog
      .getByText('Delete the 10 counters whose names begin with “many/counter-00”?')
      .waitFor();
    await press(page, 'Delete all');
    await said(page, 'That is not the same.');
    await dialog.getByLabel('Type many/counter-00 to confirm').fill('many/counter-00');
    await press(page, 'Delete all');
    await said(page, '10 counters deleted.');
    await press(page, 'Cancel');
    await range(page, `1–50 of ${COUNT - 10} counters`);

    // Many, stopped and continued.
    await press(page, 'Delete many counters');
    await beginning.fill('many/');
    await press(page, 'Continue');
    await dialog.getByText('There are more than 99.').waitFor();
    await page.route(/prefix=many/, async (route) => {
      await Bun.sleep(100);
      await route.continue().catch(() => undefined);
    });
    await dialog.getByLabel('Type many/ to confirm').fill('many/');
    await press(page, 'Delete all');
    await page.getByRole('progressbar', { name: 'Delete many' }).waitFor();
    await press(page, 'Stop');
    await said(page, 'Stopped after');
    const left = await size();
    expect(left).toBeGreaterThan(0);
    await press(page, 'Delete all');
    await said(page, ' deleted.');
    expect(await size()).toBe(0);
    await press(page, 'Cancel');
    await said(page, 'There is no counter yet.');

    // Imported, and then nothing twice.
    await page.getByLabel('File').setInputFiles(path);
    await press(page, 'Check the file');
    await said(page, `${COUNT} counters would be imported. Nothing was changed.`);
    expect(
      await page.getByRole('region', { name: 'The result in detail' }).textContent(),
    ).toContain('many/counter-000 1000');
    expect(await size()).toBe(0);
    await press(page, 'Import');
    await said(page, `${COUNT} counters imported.`);
    await begins(page, 'many/counter-499');
    expect(await size()).toBe(COUNT);
    await press(page, 'Check the file');
    await said(page, `${COUNT} had been imported before`);
    const bars = await page.evaluate<string[]>('[...window.bars]');
    expect(bars).toContainEqual(expect.stringMatching(/^Export: \d+ counters? exported\.$/));
    expect(bars).toContainEqual(expect.stringMatching(/^Import: Sending the file: [\d.]+ MB$/));
    // There is nothing to import.
    expect(await page.getByRole('button', { name: 'Import', exact: true }).count()).toBe(0);
    const { body } = await ask(program, '/api/v1/counters/many/counter-007');
    expect(JSON.parse(body)).toMatchObject({ value: 1007 });
    expect(errors).toEqual([]);
  });

  test('are imported up to the maximum, and what was refused is no success', async () => {
    await using small = await Program.start({ SEEN_TOKEN: INSTALLATION, SEEN_COUNTERS_MAX: '2' });
    using folder = temporaryFolder();
    const path = join(folder.path, 'list.csv');
    writeFileSync(path, 'many/first,1\nmany/second,2\nmany/third,3\n');
    await using watched = await openPage(browser, { locale: 'en-US' });
    const { page } = watched;
    const bad = page.locator('.message[data-kind=bad]');
    const full = 'This Seen has the maximum number of counters. Ask its operator.';
    const warned = (text: string) =>
      until(`${text} as a warning`, async () => (await bad.allTextContents()).includes(text));
    await signIn(page, small, INSTALLATION);
    await page.getByLabel('File').setInputFiles(path);
    await press(page, 'Check the file');
    await warned(`3 counters would be imported. Nothing was changed. ${full}`);
    await press(page, 'Import');
    await warned(`2 counters imported. ${full}`);

    // For another reason, which the details say.
    writeFileSync(path, 'many/first,9007199254740991\nmany/second,2\n');
    await page.getByLabel('File').setInputFiles(path);
    await page.getByLabel('Existing counters').selectOption('add');
    await press(page, 'Check the file');
    await warned('1 counter would be imported. Nothing was changed.');
    await press(page, 'Import');
    await warned('1 counter imported.');
    expect(
      await page.getByRole('region', { name: 'The result in detail' }).textContent(),
    ).toContain('a sum would be larger');
  });

  test('are not imported from a file that is none, which is said', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'picture.png');
    writeFileSync(path, 'This is no picture, and no list either.');
    await using watched = await openList();
    const { page } = watched;
    await page.getByLabel('File').setInputFiles(path);
    await press(page, 'Check the file');
    const message = page.locator('.message[data-kind=bad]');
    await until('a reason', async () => (await message.allTextContents()).some(Boolean));
    expect(await message.locator('xpath=self::*[@lang="en"]').count()).toBe(1);
  });
});
