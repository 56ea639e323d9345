/** A real browser: the system's Chromium, with nothing left from the previous test. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { until } from './folder.ts';

/** What a person's browser says it is: a headless one says that, and is counted as a bot. */
const PERSON =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

/**
 * A browser, to be closed by whoever started it. With `memory` it keeps pages alive for going
 * back, as people's browsers do.
 */
export function launch({ memory = false } = {}): Promise<Browser> {
  return launchChromium({ memory });
}

/** A page, and what was noticed while it was used. */
export interface Watched extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors in the console, and those that nobody caught. */
  readonly errors: string[];
  /** The URLs of all requests. */
  readonly requests: string[];
}

/** A new page of a person who has never been here. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ userAgent: PERSON, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  return { page, context, errors, requests, [Symbol.asyncDispose]: () => context.close() };
}

/** Tells a page that it is hidden, or visible again: Playwright shows all pages at once. */
export async function seem(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`(() => {
    const values = { visibilityState: '${state}', hidden: ${state === 'hidden'} };
    for (const [name, value] of Object.entries(values))
      Object.defineProperty(document, name, { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  })()`);
}

/** Opens the page of a counter, and waits until all of it is there. */
export async function openWhole(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await whole(page);
}

/** Resolves when all of a counter's page is there; on the page of `/` with three replicas. */
export async function whole(page: Page): Promise<void> {
  await page.locator('#chart canvas').waitFor();
  await page.locator('#visitors').waitFor();
  if ((await page.locator('#stack').count()) === 0) return;
  await until(
    'the replicas to be shown',
    async () => (await page.locator('.replica').count()) === 3,
  );
}
