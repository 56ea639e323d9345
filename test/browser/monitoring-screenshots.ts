/**
 * `npm run screenshots:monitoring`: the pictures of docs/monitoring.md, made by the real
 * Prometheus from real visits: the dashboard's queries as graphs, and the list of alerts.
 *
 * Grafana cannot be installed from Debian or npm, so Prometheus's own page draws the queries of
 * the dashboard, each panel's first. It takes some minutes, because the graphs need a past.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Monitoring } from '../support/monitoring.ts';
import { type Program, ROOT } from '../support/program.ts';

const FOLDER = join(ROOT, 'docs/monitoring');
/** High enough for all graphs, so that nothing scrolls. */
const WIDE = { viewport: { width: 900, height: 4000 } };
/** The panels of the dashboard that are drawn, and the name of each picture. */
const PANELS: Readonly<Record<string, string>> = {
  'Visits per second': 'visits',
  'Open streams': 'streams',
  'Answers per second that are not 2xx': 'answers',
  Commits: 'commits',
};
/** How long visits come before Redis is stopped. */
const QUIET_MS = 120_000;
/** One more visitor comes for each of these intervals, until Redis stops. */
const MORE_EVERY_MS = 20_000;
/** The pause of a visitor between two visits. */
const PAUSE_MS = 40;

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** The first query of each panel, in the order of `PANELS`. */
async function queriesOfPanels(): Promise<string[]> {
  const path = join(ROOT, 'deploy/monitoring/grafana/dashboards/seen.json');
  const { panels } = (await Bun.file(path).json()) as Dashboard;
  return Object.keys(PANELS).map((title) => {
    // A number and a graph may have the same title.
    const query = panels.findLast((panel) => panel.title === title)?.targets?.at(-1);
    if (!query) throw new Error(`the dashboard has no panel “${title}”`);
    return query.expr.replaceAll('$__rate_interval', '20s');
  });
}

/** Visits, more and more of them, and readers who watch the number. */
class Visitors implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #visits: Promise<void>[] = [];

  /** One more visitor, and a reader's stream, of each replica. */
  add(programs: readonly Program[]): void {
    for (const program of programs) {
      this.#visits.push(this.#visit(program), this.#watch(`${program.url}/live?counters=hits`));
    }
  }

  async #visit(program: Program): Promise<void> {
    while (!this.#end.signal.aborted) {
      await program.visit().catch(() => undefined);
      await Bun.sleep(PAUSE_MS);
    }
  }

  async #watch(url: string): Promise<void> {
    const { signal } = this.#end;
    const response = await fetch(url, { signal });
    await response.text().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#visits);
  }
}

/** A picture from the top of one element to the bottom of another. */
async function picture(page: Page, name: string, from: Locator, to: Locator): Promise<void> {
  const [first, last] = [await from.boundingBox(), await to.boundingBox()];
  if (!first || !last) throw new Error(`Prometheus does not show what ${name} is a picture of`);
  const clip = { ...first, height: last.y + last.height - first.y };
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip, animations: 'disabled' });
}

/** A picture of each graph with its legend. */
async function picturesOfGraphs(page: Page, names: readonly string[]): Promise<void> {
  await until(
    'the graphs',
    async () => (await page.locator('.rickshaw_graph svg').count()) === names.length,
  );
  for (const [index, name] of names.entries()) {
    const [graph, legend] = ['.graph_area', '.legend'].map((part) =>
      page.locator(part).nth(index),
    );
    if (graph && legend) await picture(page, name, graph, legend);
  }
}

/** A picture of the alert and what Prometheus knows of it. */
async function pictureOfAlert(page: Page, alert: string): Promise<void> {
  const row = page.locator('tr.alert_header', { hasText: alert });
  await row.click();
  await picture(page, 'alert', row, row.locator('xpath=following-sibling::tr[1]'));
}

/** The page of Prometheus with a graph of each query. */
function graphs(prometheus: string, queries: readonly string[], range: string): string {
  const words = queries.flatMap((expr, index): [string, string][] => [
    [`g${index}.expr`, expr],
    [`g${index}.tab`, '0'],
    [`g${index}.range_input`, range],
  ]);
  return `${prometheus}/classic/graph?${new URLSearchParams(words).toString()}`;
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const queries = await queriesOfPanels();
  await using monitoring = await Monitoring.start();
  await using visitors = new Visitors();
  const prometheus = `http://127.0.0.1:${monitoring.ports.prometheus}`;
  for (let waitedMs = 0; waitedMs < QUIET_MS; waitedMs += MORE_EVERY_MS) {
    visitors.add(monitoring.programs);
    await Bun.sleep(MORE_EVERY_MS);
  }
  await monitoring.redis.kill();
  const firing = 'ALERTS{alertname="StoreAway",alertstate="firing"}';
  await until('StoreAway', async () => (await monitoring.figures(firing)).length > 0, 180_000);
  const browser = await launch();
  try {
    await using watched = await openPage(browser, WIDE);
    const { page } = watched;
    await page.goto(graphs(prometheus, queries, '5m'));
    await picturesOfGraphs(page, Object.values(PANELS));
    await page.goto(`${prometheus}/classic/alerts`);
    await pictureOfAlert(page, 'StoreAway');
  } finally {
    await browser.close();
  }
}

await main();
