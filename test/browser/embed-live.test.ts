/**
 * embed.js in pages with live numbers, in a real browser, on the started program with three
 * replicas.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { seem } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { Site } from '../support/site.ts';
import { Browser } from '../support/site-browser.ts';

let program: Program;
let browser: Browser;
let site: Site;
let names = 0;

beforeAll(async () => {
  program = await Program.start();
  browser = await Browser.launch();
  site = siteOf(program);
});

afterEach(() => browser.leave());

afterAll(async () => {
  site[Symbol.dispose]();
  await browser[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

const siteOf = ({ url }: Program) => new Site(`script-src ${url}; connect-src ${url}`);
const scriptOf = ({ url }: Program) => `<script async src="${url}/embed.js"></script>`;
/** The name of a counter that nobody has used yet. */
const newName = () => `live/counter-${++names}`;
const live = (id: string, name: string) =>
  `<b id=${id} data-seen="${name}" data-seen-count=no data-seen-live hidden></b>`;
/** The streams that a page has asked for. */
const streams = (requests: readonly string[]) =>
  requests.flatMap((request) => /\/live\?counters=(.*)$/.exec(request)?.[1] ?? []);

async function shows(
  page: Page,
  id: string,
  text: string | number,
  limitMs?: number,
): Promise<void> {
  const element = page.locator(`#${id}`);
  await element.waitFor({ state: 'visible' });
  await until(
    `#${id} to show ${text}`,
    async () => (await element.textContent()) === `${text}`,
    limitMs,
  );
}

describe('live numbers', () => {
  test('show visits that any replica counts, over one connection', async () => {
    const [one, two, still] = [newName(), newName(), newName()];
    await Promise.all([one, two].map((name) => program.visit(`/hit/${name}`)));
    const body = `${live('a', one)}${live('b', two)}<b id=c data-seen="${still}" hidden></b>`;
    const { page, problems, requests } = await browser.visit();
    await page.goto(site.put('/live', scriptOf(program) + body));
    for (const id of 'abc') await shows(page, id, 1);
    for (let visit = 0; visit < 6; visit++) await program.visit(`/hit/${one}`);
    await program.visit(`/hit/${still}`);
    await shows(page, 'a', 7);
    await program.visit(`/hit/${two}`);
    await shows(page, 'b', 2);
    await shows(page, 'c', 1);
    expect(streams(requests)).toEqual([`${one},${two}`]);
    expect(problems).toEqual([]);
  });

  test('count their own visit once, and appear as soon as there is a number', async () => {
    const [name, later] = [newName(), newName()];
    const { page } = await browser.visit();
    const counting = `<b id=a data-seen="${name}" data-seen-live hidden></b>`;
    await page.goto(site.put('/appear', scriptOf(program) + counting + live('b', later)));
    await shows(page, 'a', 1);
    expect(await page.locator('#b').isHidden()).toBe(true);
    await program.visit(`/hit/${later}`);
    await shows(page, 'b', 1);
    expect(await program.visit(`/hit/${name}`)).toBe(2);
  });

  for (const when of ['visible', 'hidden']) {
    test(`hide when their counter is deleted while the page is ${when}`, async () => {
      const name = newName();
      const answer = await fetch(`${program.url}/api/v1/counters`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name, value: 41 }),
      });
      const { token } = (await answer.json()) as { token: string };
      const { page, requests } = await browser.visit();
      await page.goto(site.put('/deleted', scriptOf(program) + live('a', name)));
      await shows(page, 'a', 41);
      await until('the stream', () => streams(requests).length === 1);
      if (when === 'hidden') await seem(page, 'hidden');
      const headers = { Authorization: `Bearer ${token}` };
      await fetch(`${program.url}/api/v1/counters/${name}`, { method: 'DELETE', headers });
      if (when === 'hidden') await seem(page, 'visible');
      await page.locator('#a').waitFor({ state: 'hidden' });
    });
  }

  test('are updated when they are added to a page, and no longer when they are removed', async () => {
    const [one, two] = [newName(), newName()];
    await Promise.all([one, two].map((name) => program.visit(`/hit/${name}`)));
    const { page, requests } = await browser.visit();
    await page.goto(site.put('/come', scriptOf(program) + live('a', one)));
    await shows(page, 'a', 1);
    await page.evaluate(`{
      const b = a.cloneNode();
      b.id = 'b';
      b.dataset.seen = '${two}';
      a.after(b);
    }`);
    await shows(page, 'b', 1);
    await program.visit(`/hit/${two}`);
    await shows(page, 'b', 2);
    await page.evaluate('a.remove()');
    await until('the stream of the one that is left', () => streams(requests).length === 3);
    await page.evaluate('delete b.dataset.seenLive');
    // The page itself waits: by then it has closed the stream, whatever is late.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 200))');
    await program.visit(`/hit/${two}`);
    await Bun.sleep(500);
    expect(await page.locator('#b').textContent()).toBe('2');
    await page.evaluate('b.dataset.seenLive = ""');
    await shows(page, 'b', 3);
    expect(streams(requests)).toEqual([one, `${one},${two}`, two, two]);
  });

  test('are at most 20 per page, and one request names them all', async () => {
    const many = Array.from({ length: 21 }, newName);
    for (const name of many) await program.visit(`/hit/${name}`);
    const body = many.map((name, n) => live(`a${n}`, name)).join('');
    const { page, requests } = await browser.visit();
    await page.goto(site.put('/many', scriptOf(program) + body));
    await until('the stream', () => streams(requests).length === 1);
    expect(streams(requests)).toEqual([many.slice(0, 20).join()]);
    await shows(page, 'a20', 1);
    await program.visit(`/hit/${many[19]}`);
    await shows(page, 'a19', 2);
  });

  test('are fewer with the longest names, as many as fit into one request', async () => {
    const many = Array.from({ length: 20 }, () => newName().padEnd(69, '-')).map(
      (name) => `long-names-${'n'.repeat(53)}/${name.slice(5)}`,
    );
    for (const name of many) await program.visit(`/hit/${name}`);
    const body = many.map((name, n) => live(`a${n}`, name)).join('');
    const { page, requests, problems } = await browser.visit();
    await page.goto(site.put('/long', scriptOf(program) + body));
    await shows(page, 'a19', 1);
    await program.visit(`/hit/${many[13]}`);
    await shows(page, 'a13', 2);
    expect(streams(requests)).toEqual([many.slice(0, 14).join()]);
    expect(problems).toEqual([]);
  });

  test('pause while the page is hidden, and are current when it is visible again', async () => {
    const name = newName();
    await program.visit(`/hit/${name}`);
    const { page, requests } = await browser.visit();
    await page.goto(site.put('/rest', scriptOf(program) + live('a', name)));
    await shows(page, 'a', 1);
    await until('the stream', () => streams(requests).length === 1);
    await seem(page, 'hidden');
    await program.visit(`/hit/${name}`);
    await Bun.sleep(1000);
    expect(await page.locator('#a').textContent()).toBe('1');
    await seem(page, 'visible');
    await shows(page, 'a', 2);
    expect(streams(requests)).toHaveLength(2);
  });

  test('continue in a page that the visitor returns to', async () => {
    const name = newName();
    await program.visit(`/hit/${name}`);
    const { page, problems } = await browser.visit();
    await page.goto(site.put('/kept', scriptOf(program) + live('a', name)));
    await shows(page, 'a', 1);
    await page.evaluate(
      'addEventListener("pageshow", ({ persisted }) => { window.kept = persisted })',
    );
    await page.goto(site.put('/between', 'Between'));
    await program.visit(`/hit/${name}`);
    await page.goBack({ waitUntil: 'commit' });
    await until('the page to be back, as it was kept', () => page.evaluate('window.kept'));
    await shows(page, 'a', 2);
    await program.visit(`/hit/${name}`);
    await shows(page, 'a', 3);
    expect(problems).toEqual([]);
  });

  test('continue when all replicas are replaced', async () => {
    await using other = await Program.start({ SEEN_DRAIN_MS: '500', SEEN_STOP_MS: '2000' });
    using ours = siteOf(other);
    await other.visit('/hit/live/update');
    const { page, requests } = await browser.visit();
    await page.goto(ours.put('/', scriptOf(other) + live('a', 'live/update')));
    await shows(page, 'a', 1);
    const before = await other.replicas();
    other.process.kill('SIGHUP');
    await until('other replicas', async () => {
      const now = await other.replicas();
      return now.length === before.length && now.every((pid) => !before.includes(pid));
    });
    await other.visit('/hit/live/update');
    await shows(page, 'a', 2);
    expect(streams(requests).length).toBeGreaterThan(1);
  });

  test('continue after Seen refused their stream', async () => {
    await using other = await Program.start({ SEEN_REPLICAS: '1' });
    using ours = siteOf(other);
    await other.visit('/hit/live/refused');
    const { page } = await browser.visit();
    await page.goto(ours.put('/', scriptOf(other) + live('a', 'live/refused')));
    await shows(page, 'a', 1);
    await other.stop();
    let refused = 0;
    const refusing = Bun.serve({
      hostname: '127.0.0.1',
      port: Number(new URL(other.url).port),
      fetch: () => {
        refused++;
        const headers = { 'Access-Control-Allow-Origin': '*', 'Retry-After': '1' };
        return new Response(null, { status: 503, headers });
      },
    });
    try {
      await until('the stream to be refused', () => refused > 0);
    } finally {
      await refusing.stop(true);
    }
    await other.start();
    await other.visit('/hit/live/refused');
    // Where its first try comes before the start, the next one may come 20 s later.
    await shows(page, 'a', 2, 60_000);
  });
});
