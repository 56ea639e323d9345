/**
 * The system's Chromium, driven by playwright-core: one for a file of tests, closed when disposed.
 */
import type { BrowserContextOptions, Browser as Chromium, Page } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath, launchChromium } from './chromium.ts';
import { temporaryFolder } from './folder.ts';

/** A page in a browser profile of its own. */
export interface Visit {
  readonly page: Page;
  /** What the page's console said was wrong, and the errors that nobody caught. */
  readonly problems: string[];
  /** What the page has asked for: method and URL, in order. */
  readonly requests: string[];
}

export class Browser implements AsyncDisposable {
  readonly #chromium: Chromium;

  private constructor(browser: Chromium) {
    this.#chromium = browser;
  }

  /** Starts it with an empty profile. Nothing is downloaded. */
  static async launch(): Promise<Browser> {
    // Some tests go back to a page that the browser has kept.
    return new Browser(await launchChromium({ memory: true }));
  }

  /**
   * A new page of somebody who was never here. `script` runs in each document before anything
   * else.
   */
  async visit({
    script,
    ...options
  }: BrowserContextOptions & { script?: string } = {}): Promise<Visit> {
    const context = await this.#chromium.newContext({ locale: 'en-US', ...options });
    if (script !== undefined) await context.addInitScript(script);
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        problems.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
    return { page, problems, requests };
  }

  /** Closes all pages. */
  async leave(): Promise<void> {
    await Promise.all(this.#chromium.contexts().map((context) => context.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chromium.close();
  }
}

/** A browser that nobody drives, on a page; ended when disposed. */
export function aloneOn(url: string): { running(): boolean } & AsyncDisposable {
  const folder = temporaryFolder();
  const alone = Bun.spawn(
    [chromiumPath(), '--headless', ...CHROMIUM_FLAGS, `--user-data-dir=${folder.path}`, url],
    { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  return {
    running: () => alone.exitCode === null,
    [Symbol.asyncDispose]: async () => {
      // Its other processes end before it, so that nobody writes into the folder any more.
      alone.kill('SIGTERM');
      await alone.exited;
      folder[Symbol.dispose]();
    },
  };
}
