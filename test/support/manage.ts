/** The page `/manage` in a browser, as an owner uses it. */
import { Database } from 'bun:sqlite';
import type { Page } from 'playwright-core';
import { DAY_MS, HOUR_MS } from '../../src/contract/history.ts';
import { until } from './folder.ts';
import type { Program } from './program.ts';

/** The installation's token in these tests. */
export const INSTALLATION = 'the-installation-s-own-token';

/** Opens the page and pastes a token; `counter` is the counter in the URL's fragment. */
export async function signIn(
  page: Page,
  program: Program,
  token: string,
  counter = '',
): Promise<void> {
  await page.goto(`${program.url}/manage${counter && `#${counter}`}`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
}

/** Resolves when the page's first heading is this. */
export function headed(page: Page, text: string): Promise<void> {
  return until(
    `the heading to be ${text}`,
    async () => (await page.locator('h1').textContent()) === text,
  );
}

/** Resolves when a message with this text is shown, wherever. */
export function said(page: Page, text: string): Promise<void> {
  return until(`${text} to be said`, async () =>
    (await page.getByRole('status').allTextContents()).some((all) => all.includes(text)),
  );
}

/** Creates a counter over the API, and returns its owner's token. */
export async function createCounter(
  program: Program,
  counter: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${INSTALLATION}`,
    },
    body: JSON.stringify(counter),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { token: string }).token;
}

/** Sends a request to the API with a token, and returns its status and body. */
export async function ask(
  program: Program,
  path: string,
  token?: string,
  method = 'GET',
): Promise<{ status: number; body: string }> {
  const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${program.url}${path}`, { method, ...(headers && { headers }) });
  return { status: answer.status, body: await answer.text() };
}

/**
 * Writes counters into the database, because visits take longer: `many/counter-000` and so on. The
 * total of number n is 1000 + n; today's visits grow the other way round, and so do the times of
 * creation: number 0 is the latest.
 */
export function insertMany(program: Program, count: number): void {
  using db = new Database(program.database);
  db.run('PRAGMA busy_timeout = 5000');
  const addCounter = db.prepare('INSERT INTO counters (name, total, made_at) VALUES (?, ?, ?)');
  const addHour = db.prepare('INSERT INTO hours VALUES (?, ?, ?, ?)');
  const addDay = db.prepare('INSERT INTO days VALUES (?, ?, ?, ?)');
  const now = Date.now();
  const hour = Math.floor(now / HOUR_MS);
  const today = Math.floor(now / DAY_MS);
  db.transaction(() => {
    for (let number = 0; number < count; number++) {
      const name = `many/counter-${`${number}`.padStart(3, '0')}`;
      addCounter.run(name, 1000 + number, now - number * DAY_MS);
      addHour.run(name, hour, 'person', count - number);
      for (let back = 1; back < 28; back += 1 + (number % 5))
        addDay.run(name, today - back, 'person', 1 + ((number * 7 + back * 13) % 40));
    }
  })();
}

/** The names in the list, in order. */
export function namesOf(page: Page): Promise<string[]> {
  return page.locator('.counters tbody a').allTextContents();
}

/** Resolves when the list begins with these names. */
export function begins(page: Page, ...names: readonly string[]): Promise<void> {
  return until(
    `the list to begin with ${names.join(', ')}`,
    async () => (await namesOf(page)).slice(0, names.length).join() === names.join(),
  );
}

/** Resolves when nothing is wider than the screen at this width; fails with what is wider. */
export async function fits(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 700 });
  let wider: string[] = [];
  // The chart is drawn again when its width has changed.
  await until(`${width} to be enough`, async () => {
    wider = await widerThan(page, width);
    return wider.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`wider than ${width}: ${wider.join(', ')}`, { cause: error });
  });
}

function widerThan(page: Page, width: number): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    if (document.documentElement.scrollWidth <= ${width}) return [];
    return ['the page', ...[...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > ${width} + 0.5)
      .map((element) => element.tagName + '.' + element.className)];
  })()`);
}
