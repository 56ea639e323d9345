/**
 * The script for pages of busuanzi, its clone and Vercount in a real browser, in pages of another
 * site under a strict policy, against the started program.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { Site } from '../support/site.ts';
import { Browser } from '../support/site-browser.ts';

/** Without a name of its own this Chromium is a bot, whose visits Seen does not tell apart. */
const PERSON = {
  userAgent:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
};

let program: Program;
let browser: Browser;
let site: Site;

beforeAll(async () => {
  program = await Program.start();
  browser = await Browser.launch();
});
/** Each test has a site of its own, whose numbers begin at 0. */
const newSite = () => {
  site?.[Symbol.dispose]();
  site = new Site(
    `script-src ${program.url}; connect-src ${program.url}; style-src 'unsafe-inline'`,
  );
};
afterEach(() => browser.leave());
afterAll(async () => {
  site[Symbol.dispose]();
  await browser[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

/** The script as pages have it. */
const script = (path = '/js', more = '') =>
  `<script async src="${program.url}/busuanzi${path}" ${more}></script>`;

const shows = async (page: Page, id: string, text: string) => {
  await until(
    `#${id} to show ${text}`,
    async () => (await page.locator(`#${id}`).textContent()) === text,
  );
};

/** The style `display` of an element. */
const displayOf = (page: Page, id: string) =>
  page.evaluate<string>(`document.getElementById('${id}').style.display`);

describe('the elements', () => {
  test('of all namings are filled and shown, wherever the script is', async () => {
    newSite();
    const body = ['busuanzi_value', 'busuanzi', 'vercount_value']
      .flatMap((kind) =>
        ['site_pv', 'site_uv', 'page_pv', 'page_uv'].map((name) => `<b id="${kind}_${name}"></b>`),
      )
      .join('');
    const containers = `<i id="busuanzi_container_site_pv" style="display:none"></i>
      <i id="vercount_container_page_pv" style="display:none"></i>`;
    const url = site.put('/all', `${script()}${body}${containers}`);
    for (const visit of [1, 2]) {
      const { page, problems } = await browser.visit(PERSON);
      await page.goto(url);
      for (const kind of ['busuanzi_value', 'busuanzi', 'vercount_value']) {
        await shows(page, `${kind}_site_pv`, `${visit}`);
        await shows(page, `${kind}_page_pv`, `${visit}`);
        // The same address and user agent on the same day.
        await shows(page, `${kind}_site_uv`, '1');
        await shows(page, `${kind}_page_uv`, '1');
      }
      expect(await displayOf(page, 'busuanzi_container_site_pv')).toBe('inline');
      expect(await displayOf(page, 'vercount_container_page_pv')).toBe('inline');
      expect(problems).toEqual([]);
    }
  });

  test('are filled by the script at the original’s path, also on a host of its own', async () => {
    newSite();
    await using own = await Program.start({
      SEEN_HOSTS: '127.0.0.1=busuanzi',
      SEEN_REPLICAS: '1',
    });
    const body = '<b id=busuanzi_value_site_pv></b>';
    const path = '/busuanzi/2.3/busuanzi.pure.mini.js';
    for (const [base, file] of [
      [program.url, path],
      [program.url, '/busuanzi/js/lite'],
      [own.url, path],
      [own.url, '/js'],
    ] as const) {
      using ours = new Site(`script-src ${base}; connect-src ${base}`);
      const { page, problems } = await browser.visit(PERSON);
      // The numbers of this site begin at 0.
      await page.goto(ours.put('/', `${body}<script src="${base}${file}"></script>`));
      await shows(page, 'busuanzi_value_site_pv', '1');
      expect({ base, file, problems }).toEqual({ base, file, problems: [] });
    }
  });

  test('may have a prefix and a style of their own', async () => {
    newSite();
    const { page } = await browser.visit(PERSON);
    const more = 'data-prefix="mine" data-style="short"';
    const body = '<b id=mine_site_pv></b><b id=mine_container_site_pv></b>';
    await page.goto(site.put('/', `${body}${script('/js', more)}`));
    await shows(page, 'mine_site_pv', '1');
    expect(await displayOf(page, 'mine_container_site_pv')).toBe('inline');
  });

  test('are hidden when there are no numbers', async () => {
    newSite();
    using refusing = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) =>
        request.url.endsWith('/js')
          ? new Response(await program.get('/busuanzi/js'), {
              headers: { 'Content-Type': 'text/javascript' },
            })
          : new Response('{}', { status: 503 }),
    });
    const base = `http://127.0.0.1:${refusing.port}`;
    using ours = new Site(`script-src ${base}; connect-src ${base}`);
    const { page } = await browser.visit(PERSON);
    const body =
      '<i id=busuanzi_container_page_pv>read <b id=busuanzi_value_page_pv></b> times</i>';
    await page.goto(ours.put('/', `${body}<script src="${base}/js"></script>`));
    await until(
      'it to be hidden',
      async () => (await displayOf(page, 'busuanzi_container_page_pv')) === 'none',
    );
  });
});

describe('a view', () => {
  const body = '<b id=busuanzi_page_pv></b><b id=busuanzi_site_pv></b><b id=busuanzi_site_uv></b>';

  test('is counted for each path that a page’s script changes to, with pjax', async () => {
    newSite();
    for (const [path, more] of [
      ['/js', 'pjax'],
      ['/js/lite_pjax', ''],
    ] as const) {
      newSite();
      const { page, problems } = await browser.visit(PERSON);
      await page.goto(site.put('/', `${body}${script(path, more)}`));
      await shows(page, 'busuanzi_page_pv', '1');
      await page.evaluate("history.pushState({}, '', '/two')");
      await shows(page, 'busuanzi_site_pv', '2');
      await shows(page, 'busuanzi_page_pv', '1');
      await page.evaluate('history.back()');
      await shows(page, 'busuanzi_site_pv', '3');
      await shows(page, 'busuanzi_page_pv', '2');
      expect(problems).toEqual([]);
    }
  });

  test('is counted each time that a page’s script loads it again, or calls the original’s function', async () => {
    newSite();
    const { page, problems } = await browser.visit(PERSON);
    await page.goto(site.put('/', `${body}${script('/2.3/busuanzi.pure.mini.js')}`));
    await shows(page, 'busuanzi_page_pv', '1');
    await page.evaluate(`bszCaller.fetch('//busuanzi.ibruce.info/busuanzi?jsonpCallback=BusuanziCallback',
      (numbers) => { bszTag.texts(numbers); bszTag.shows(); })`);
    await shows(page, 'busuanzi_page_pv', '2');
    await page.evaluate(`document.head.append(Object.assign(document.createElement('script'),
      { src: '${program.url}/busuanzi/js' }))`);
    await shows(page, 'busuanzi_page_pv', '3');
    expect(problems).toEqual([]);
  });

  test('of a browser that was counted as a visitor counts no visitor, also one that Vercount marked', async () => {
    newSite();
    const url = site.put('/', `${body}${script()}`);
    const { page, requests, problems } = await browser.visit(PERSON);
    await page.goto(url);
    await shows(page, 'busuanzi_site_uv', '1');
    expect(await page.evaluate<string>("localStorage['bsz-id']")).toBe('seen.counted');
    const again = page.waitForRequest(
      (request) => request.method() === 'POST' && request.url().endsWith('/busuanzi/api'),
    );
    await page.reload();
    expect(await (await again).headerValue('Authorization')).toBe('Bearer seen.counted');
    await page.evaluate(
      "localStorage.clear(); document.cookie = 'vercount_uv_localhost=1; path=/'",
    );
    const third = page.waitForRequest(
      (request) => request.method() === 'POST' && request.url().endsWith('/busuanzi/api'),
    );
    await page.reload();
    expect(await (await third).headerValue('Authorization')).toBe('Bearer vercount');
    await shows(page, 'busuanzi_site_pv', '3');
    expect(requests.every((asked) => / http:\/\/(localhost|127\.0\.0\.1):/.test(asked))).toBe(
      true,
    );
    expect(problems).toEqual([]);
  });

  test('is not counted in a browser whose owner has opted out on this site', async () => {
    newSite();
    const url = site.put('/', `${body}${script()}`);
    const { page } = await browser.visit(PERSON);
    await page.goto(url);
    await shows(page, 'busuanzi_site_pv', '1');
    await page.evaluate("localStorage.seen_own_visits = 'out'");
    await page.reload();
    await shows(page, 'busuanzi_site_pv', '1');
    await page.evaluate('delete localStorage.seen_own_visits');
    await page.reload();
    await shows(page, 'busuanzi_site_pv', '2');
  });

  test('is counted in a browser without storage', async () => {
    newSite();
    const { page, problems } = await browser.visit({
      ...PERSON,
      script: `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })`,
    });
    await page.goto(site.put('/', `${body}${script()}`));
    await shows(page, 'busuanzi_site_pv', '1');
    expect(problems).toEqual([]);
  });
});
