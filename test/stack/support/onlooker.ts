/** A viewer of a counter's page during changes of the stack: records what the page shows. */
import type { Browser } from 'playwright-core';
import { launch, openPage } from '../../support/browser.ts';
import { until } from '../../support/folder.ts';

/** How often they look. */
const LOOK_MS = 250;

export interface Seen {
  /** Each replica in each state in which it was shown, as "2.0.0 ready". */
  readonly replicas: ReadonlySet<string>;
  /** What the panel showed at the end, in the same words. */
  readonly last: readonly string[];
  /** The numbers, in the order in which they were shown, each once in a row. */
  readonly numbers: readonly number[];
  /** What the status line said, in its order, each once in a row. */
  readonly status: readonly string[];
  readonly errors: readonly string[];
}

/**
 * Looks at the page at `url` from before `action` until `settled` says so of the panel and the
 * number.
 */
export async function watch(
  url: string,
  action: () => Promise<unknown>,
  settled: (shown: readonly string[], number: number) => boolean,
): Promise<Seen> {
  const browser: Browser = await launch();
  try {
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await page.goto(url);
    const replicas = new Set<string>();
    const numbers: number[] = [];
    const status: string[] = [];
    let last: string[] = [];
    const note = <T>(list: T[], value: T) => {
      if (list.at(-1) !== value) list.push(value);
    };
    const look = async () => {
      last = await page
        .locator('.replica')
        .evaluateAll((items) =>
          items.map(
            (item) =>
              `${item.querySelector('small')?.textContent} ${item.getAttribute('data-state')}`,
          ),
        );
      for (const shown of last) replicas.add(shown);
      note(numbers, Number(/\d+/.exec((await page.locator('h1').textContent()) ?? '')?.[0]));
      note(status, (await page.getByRole('status').textContent()) ?? '');
    };
    await until('the replicas to be shown', async () => {
      await look();
      return last.length > 0;
    });
    const end = new AbortController();
    const looking = (async () => {
      while (!end.signal.aborted) {
        await look();
        await Bun.sleep(LOOK_MS);
      }
    })();
    await action();
    await until('the page to settle', () => settled(last, numbers.at(-1) ?? 0), 90_000);
    end.abort();
    await looking;
    return { replicas, last, numbers, status, errors };
  } finally {
    await browser.close();
  }
}
