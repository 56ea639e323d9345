/**
 * embed.js in a real browser, in pages of another site under a strict policy, against the started
 * program with three replicas.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { Site } from '../support/site.ts';
import { aloneOn, Browser } from '../support/site-browser.ts';

let program: Program;
let browser: Browser;
let site: Site;
/** The script as pages have it. */
let script: string;
let names = 0;

beforeAll(async () => {
  program = await Program.start();
  browser = await Browser.launch();
  site = new Site(
    `script-src ${program.url}; connect-src ${program.url}; require-trusted-types-for 'script'; trusted-types page`,
  );
  script = `<script async src="${program.url}/embed.js"></script>`;
});

afterEach(() => browser.leave());

afterAll(async () => {
  site[Symbol.dispose]();
  await browser[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

/** The name of a counter that nobody has used yet. */
const newName = () => `tests/counter-${++names}`;

/** What a counter stands at; `null` when it is not there. */
async function total(name: string): Promise<number | null> {
  const { values } = JSON.parse(await program.get(`/api/v1/values?names=${name}`));
  return values[name];
}

/** Resolves when the element of this id is to be seen with `text`. */
async function shows(page: Page, id: string, text: string | number): Promise<void> {
  const element = page.locator(`#${id}`);
  await element.waitFor({ state: 'visible' });
  await until(
    `#${id} to show ${text}, not ${await element.textContent()}`,
    async () => (await element.textContent()) === `${text}`,
  );
}

/** The elements that are hidden, of all that show a counter. */
const hidden = (page: Page) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('[data-seen][hidden]')].map(({ id }) => id)`,
  );

/**
 * A way to Seen on which some requests are held, before they are passed on or when they are
 * answered, until `released`. Whom a browser has given up is not passed on.
 */
function held(
  which: (request: Request) => boolean,
  released: Promise<void>,
  what: 'requests' | 'answers' = 'requests',
) {
  const urls: string[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { method, url, signal } = request;
      const { pathname, search } = new URL(url);
      const passOn = () =>
        fetch(`${program.url}${pathname}${search}`, { method, decompress: false });
      if (!which(request)) return passOn();
      const answer = what === 'answers' ? await passOn() : undefined;
      urls.push(url);
      await released;
      return answer ?? (signal.aborted ? new Response() : passOn());
    },
  });
  const { origin } = server.url;
  const ours = new Site(`script-src ${origin}; connect-src ${origin}`);
  return {
    site: ours,
    script: `<script src="${origin}/embed.js"></script>`,
    held: urls,
    [Symbol.dispose]: () => {
      ours[Symbol.dispose]();
      void server.stop(true);
    },
  };
}

describe('a visit', () => {
  test('is counted once, and every element of its counter shows its number', async () => {
    const [name, other] = [newName(), newName()];
    const url = site.put(
      '/many',
      `${script}<b id=a data-seen="${name}" data-seen-count=no hidden></b><b id=b data-seen="${name}" hidden></b>
       <b id=c data-seen="${name}" hidden></b><b id=d data-seen="${other}">?</b><b id=e data-seen=hits hidden></b>`,
    );
    const { page, problems, requests } = await browser.visit();
    for (const visit of [1, 2]) {
      await page.goto(url);
      for (const id of 'abcde') await shows(page, id, visit);
    }
    expect(await Promise.all([name, other, 'hits'].map(total))).toEqual([2, 2, 2]);
    expect(problems).toEqual([]);
    // One for each counter and visit.
    expect(requests.filter((request) => request.includes('/api/'))).toHaveLength(6);
    for (const request of requests)
      expect(request).toMatch(/^(GET|POST) http:\/\/(localhost|127\.0\.0\.1):/);
  });

  test('gets its own number, whichever replica counts', async () => {
    const url = site.put('/own', `${script}<b id=a data-seen="${newName()}" hidden></b>`);
    const replicas = new Set<string | undefined>();
    const shown = Array.from({ length: 12 }, async () => {
      const { page } = await browser.visit();
      page.on('response', async (response) => {
        if (response.request().method() === 'POST')
          replicas.add(response.headers()['x-served-by']);
      });
      await page.goto(url);
      await page.locator('#a').waitFor({ state: 'visible' });
      return Number(await page.locator('#a').textContent());
    });
    expect((await Promise.all(shown)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, n) => n + 1),
    );
    expect(replicas.size).toBeGreaterThan(1);
  });

  test('is counted when the visitor leaves before it is answered', async () => {
    const name = newName();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    using between = held(({ method }) => method === 'POST', released);
    const { page } = await browser.visit();
    await page.goto(between.site.put('/', `<b data-seen="${name}" hidden></b>${between.script}`));
    await until('the visit to arrive', () => between.held.length === 1);
    await page.close();
    await Bun.sleep(500);
    release();
    await until('the visit to be counted', async () => (await total(name)) === 1);
  });

  test('is not counted where the page only reads; one request reads many counters', async () => {
    const many = Array.from({ length: 15 }, newName);
    for (const name of many) await program.visit(`/hit/${name}`);
    const url = site.put(
      '/list',
      script +
        many
          .map((name, n) => `<b id=a${n} data-seen="${name}" data-seen-count=no hidden></b>`)
          .join(''),
    );
    const { page, problems, requests } = await browser.visit();
    await page.goto(url);
    for (const n of many.keys()) await shows(page, `a${n}`, 1);
    expect(requests.filter((request) => request.includes('/api/'))).toHaveLength(2);
    expect(await Promise.all(many.map(total))).toEqual(many.map(() => 1));
    expect(problems).toEqual([]);
  });

  test('on a page with the longest possible names is counted, in several requests', async () => {
    const many = Array.from(
      { length: 15 },
      (_, n) => `${'n'.repeat(64)}/${`${n}`.padEnd(64, 'k')}`,
    );
    for (const name of many) await program.visit(`/hit/${name}`);
    const url = site.put(
      '/long',
      script +
        many
          .map((name, n) => `<b id=a${n} data-seen="${name}" data-seen-count=no hidden></b>`)
          .join(''),
    );
    const { page } = await browser.visit();
    await page.goto(url);
    for (const n of many.keys()) await shows(page, `a${n}`, 1);
  });

  test('is formatted in the language of the element, or of the browser', async () => {
    const name = newName();
    await program.visit(`/hit/${name}`);
    const headers = { 'Content-Type': 'application/json' };
    await fetch(`${program.url}/api/v1/counters`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name: `${name}-set`, value: 1234566 }),
    });
    const url = site.put(
      '/languages',
      `${script}<p lang=de><b id=a data-seen="${name}-set"></b></p><b id=b lang=hi data-seen="${name}-set"></b>
       <b id=c lang="no language!" data-seen="${name}-set"></b><b id=d lang="" data-seen="${name}-set"></b>`,
    );
    const { page, problems } = await browser.visit({ locale: 'fr-FR' });
    await page.goto(url);
    await shows(page, 'a', '1.234.567');
    await shows(page, 'b', '12,34,567');
    for (const id of 'cd') await shows(page, id, '1\u202F234\u202F567');
    expect(problems).toEqual([]);
  });
});

describe('an element', () => {
  test('stays hidden when its counter is private, does not exist or has an invalid name', async () => {
    const [name, secret] = [newName(), newName()];
    const body = JSON.stringify({ name: secret, private: true });
    const headers = { 'Content-Type': 'application/json' };
    await fetch(`${program.url}/api/v1/counters`, { method: 'POST', headers, body });
    const url = site.put(
      '/hidden',
      `${script}<b id=private data-seen="${secret}">?</b><b id=nothing data-seen="${newName()}" data-seen-count=no>?</b>
       <b id=wrong data-seen="../${name}" hidden></b><b id=object data-seen="constructor" hidden></b>
       <b id=shown data-seen="${name}" hidden></b>`,
    );
    const { page, problems } = await browser.visit();
    await page.goto(url);
    await shows(page, 'shown', 1);
    await until('the answers', async () => (await hidden(page)).length === 4);
    expect(await hidden(page)).toEqual(['private', 'nothing', 'wrong', 'object']);
    expect(problems).toEqual([]);
  });

  test('stays hidden while Seen or its store is unavailable, without an error in the page', async () => {
    await using redis = await RedisServer.start();
    await using other = await Program.start({ SEEN_STORE_URL: redis.url });
    using ours = new Site(`script-src ${other.url}; connect-src ${other.url}`);
    const url = ours.put(
      '/away',
      `<b id=a data-seen="some/page">?</b><b id=b data-seen=hits data-seen-count=no>?</b><script src="${other.url}/embed.js"></script>`,
    );
    const { page, problems } = await browser.visit();
    const statuses: number[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/api/')) statuses.push(response.status());
    });
    await page.goto(url);
    await shows(page, 'a', 1);
    await redis.kill();
    statuses.length = 0;
    await page.goto(url);
    await until('both answers', () => statuses.length === 2);
    expect(statuses).toEqual([503, 503]);
    expect(await hidden(page)).toEqual(['a', 'b']);
    await redis.start();
    await until('the store to be back', () => other.visit());
    // A visit that was answered 503 may count yet, once: as soon as its replica finds the store.
    await other.settled();
    const before = await other.visit('/get/some/page');
    await page.goto(url);
    await shows(page, 'a', before + 1);
    await other.stop();
    const failed = Promise.all([1, 2].map(() => page.waitForEvent('requestfailed')));
    // The script is in the browser's cache.
    await page.goto(url);
    await failed;
    expect(await hidden(page)).toEqual(['a', 'b']);
    // The browser itself says that requests failed; nobody else says anything.
    expect(problems.filter((problem) => !problem.startsWith('Failed to load resource'))).toEqual(
      [],
    );
  });

  test('that is added later shows the number of this visit', async () => {
    const [name, later] = [newName(), newName()];
    const url = site.put(
      '/later',
      `${script}<b id=a data-seen="${name}" hidden></b><main></main>`,
    );
    const { page, problems } = await browser.visit();
    await page.goto(url);
    await shows(page, 'a', 1);
    await page.evaluate(`for (const [id, name] of [['b', '${name}'], ['c', '${later}']]) {
      const element = document.createElement('b');
      Object.assign(element, { id, hidden: true }).dataset.seen = name;
      document.querySelector('main').append(element);
    }`);
    await shows(page, 'b', 1);
    await shows(page, 'c', 1);
    expect(await Promise.all([total(name), total(later)])).toEqual([1, 1]);
    expect(problems).toEqual([]);
  });

  test('shows the number of the visit, even when an older answer arrives later', async () => {
    const name = newName();
    await program.visit(`/hit/${name}`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    using between = held(({ url }) => url.includes('/values?'), released, 'answers');
    const { page } = await browser.visit();
    const body = `<b id=a data-seen="${name}" data-seen-count=no hidden></b>`;
    const answered = page.waitForResponse(/\/values\?/);
    await page.goto(between.site.put('/', body + between.script));
    await until('the read to be held', () => between.held.length === 1);
    await page.evaluate(`{
      const b = a.cloneNode();
      b.id = 'b';
      delete b.dataset.seenCount;
      a.after(b);
    }`);
    for (const id of 'ab') await shows(page, id, 2);
    release();
    expect(await (await answered).text()).toBe(`{"values":{"${name}":1}}`);
    await Bun.sleep(200);
    for (const id of 'ab') await shows(page, id, 2);
  });

  test('that gets another counter counts on that one, and is hidden until its number is known', async () => {
    const [name, next, secret] = [newName(), newName(), newName()];
    await program.visit(`/hit/${next}`);
    const url = site.put('/changed', `${script}<b id=a data-seen="${name}" hidden></b>`);
    const { page } = await browser.visit();
    await page.goto(url);
    await shows(page, 'a', 1);
    await page.evaluate(`a.dataset.seen = '${next}'`);
    await shows(page, 'a', 2);
    await page.evaluate(`a.dataset.seenCount = 'no'; a.dataset.seen = '${secret}'`);
    await page.locator('#a').waitFor({ state: 'hidden' });
    await page.evaluate(`a.dataset.seen = '${name}'`);
    await shows(page, 'a', 1);
    expect(await total(name)).toBe(1);
  });

  test('is filled even in a page that never stops changing', async () => {
    const url = site.put('/busy', `${script}<i></i><main></main>`);
    const { page } = await browser.visit();
    await page.goto(url);
    await page.evaluate(
      `setInterval(() => document.querySelector('i').textContent = performance.now(), 5)`,
    );
    await page.evaluate(`document.querySelector('main').append(
      Object.assign(document.createElement('b'), { id: 'a', hidden: true }))
      a.dataset.seen = '${newName()}'`);
    await shows(page, 'a', 1);
  });
});

/** A browser without the Navigation API, as there were until 2026. */
const WITHOUT =
  'delete window.navigation; delete Window.prototype.navigation; Object.defineProperty(window, "navigation", { value: undefined })';

for (const [kind, before] of [
  ['with the Navigation API', undefined],
  ['without the Navigation API', WITHOUT],
] as const) {
  describe(`a page that changes its path without loading, ${kind}`, () => {
    const open = async (body: (name: string) => string, path: string) => {
      const name = newName();
      const url = site.put(path, `${script}<title>1</title>${body(name)}`);
      const visit = await browser.visit(before === undefined ? {} : { script: before });
      await visit.page.goto(url);
      expect(await visit.page.evaluate<boolean>('window.navigation !== undefined')).toBe(
        before === undefined,
      );
      return { ...visit, name };
    };
    const one = (name: string) => `<b id=a data-seen="${name}" hidden></b>`;
    /** As applications do it: another URL, and something in the page that is another. */
    const go = (page: Page, method: string, url: string) =>
      page.evaluate(`history.${method}({}, '', '${url}'); document.title = Math.random()`);

    test('counts again for each element that stays', async () => {
      const { page, name, problems } = await open(one, '/shop');
      await shows(page, 'a', 1);
      await go(page, 'pushState', '/shop/shoes');
      await shows(page, 'a', 2);
      await go(page, 'replaceState', '/shop/boots');
      await shows(page, 'a', 3);
      await page.evaluate(
        'addEventListener("popstate", () => { document.title = "back" }); history.back()',
      );
      await shows(page, 'a', 4);
      expect(await total(name)).toBe(4);
      expect(problems).toEqual([]);
    });

    test('does not count again for another query, fragment or slash', async () => {
      const { page, name } = await open(one, '/filter');
      await shows(page, 'a', 1);
      for (const url of ['?sort=price', '#top', '/filter/']) await go(page, 'pushState', url);
      await go(page, 'replaceState', '/filter?page=2');
      // What stays in the page would count now.
      await Bun.sleep(1500);
      expect(await total(name)).toBe(1);
      await go(page, 'pushState', '/elsewhere');
      await shows(page, 'a', 2);
    });

    test('does not count elements of the previous page that are replaced a moment later', async () => {
      const { page, name } = await open(one, '/slow');
      const next = newName();
      await shows(page, 'a', 1);
      // The page itself waits: it comes before what stays in the page would count, whatever is
      // late.
      await page.evaluate(`history.pushState({}, '', '/slow/next');
        document.title = Math.random();
        setTimeout(() => {
          a.replaceWith(Object.assign(document.createElement('b'), { id: 'b', hidden: true }));
          b.dataset.seen = '${next}';
        }, 300)`);
      await shows(page, 'b', 1);
      await go(page, 'pushState', '/slow/last');
      await shows(page, 'b', 2);
      expect(await total(name)).toBe(1);
    });

    test('counts new elements at once, and only once', async () => {
      const { page, name } = await open((its) => `${one(its)}<main></main>`, '/news');
      const next = newName();
      await shows(page, 'a', 1);
      await page.evaluate(`history.pushState({}, '', '/news/2');
        document.querySelector('main').append(Object.assign(document.createElement('b'), { id: 'b', hidden: true }));
        b.dataset.seen = '${next}'`);
      await shows(page, 'b', 1);
      await shows(page, 'a', 2);
      expect(await Promise.all([total(name), total(next)])).toEqual([2, 1]);
    });
  });
}

describe('a page that the browser caches or prerenders', () => {
  test('does not count again when the visitor goes back to it', async () => {
    const name = newName();
    const url = site.put('/kept', `${script}<b id=a data-seen="${name}" hidden></b>`);
    const { page, problems } = await browser.visit();
    await page.goto(url);
    await shows(page, 'a', 1);
    await page.evaluate(
      'addEventListener("pageshow", ({ persisted }) => { window.kept = persisted })',
    );
    await page.goto(site.put('/between', 'Between'));
    // Playwright waits for a load that does not come.
    await page.goBack({ waitUntil: 'commit' });
    await until('the page to be back', () => page.evaluate('window.kept'));
    await shows(page, 'a', 1);
    await page.evaluate('history.pushState({}, "", "/kept/2")');
    await shows(page, 'a', 2);
    expect(await total(name)).toBe(2);
    expect(problems).toEqual([]);
  });

  // Chromium renders nothing beforehand while somebody drives it, so this one is on its own, and
  // the pages say what happens.
  test('counts when it is shown, not when it is prerendered', async () => {
    const name = newName();
    using ours = new Site(
      `script-src 'self' 'inline-speculation-rules' ${program.url}; connect-src 'self' ${program.url}`,
    );
    ours.putScript(
      '/says.js',
      `fetch('/said/' + document.prerendering);
       document.addEventListener('prerenderingchange', () => fetch('/said/shown'));`,
    );
    ours.putScript(
      '/goes.js',
      `setInterval(async () => { if ((await fetch('/go')).status === 200) location = '/ahead' }, 100);`,
    );
    ours.put(
      '/ahead',
      `<b data-seen="${name}" hidden></b>${script}<script src="/says.js"></script>`,
    );
    const rules = JSON.stringify({
      prerender: [{ source: 'list', urls: ['/ahead'], eagerness: 'immediate' }],
    });
    const url = ours.put(
      '/before',
      `<script type=speculationrules>${rules}</script><script src="/goes.js"></script>`,
    );
    await using alone = aloneOn(url);
    await until('the page to be rendered', () => ours.asked.includes('/said/true'));
    await Bun.sleep(500);
    expect(await total(name)).toBeNull();
    ours.put('/go', '');
    await until('the page to be shown', () => ours.asked.includes('/said/shown'));
    await until('the visit to be counted', async () => (await total(name)) === 1);
    expect(ours.asked.filter((path) => path === '/ahead')).toHaveLength(1);
    expect(alone.running()).toBe(true);
  });
});

describe('the script', () => {
  const one = (name: string) => `<b id=a data-seen="${name}" hidden></b>`;

  test('works anywhere in the page, deferred, added later, and included twice', async () => {
    const src = `${program.url}/embed.js`;
    const forms: [string, (name: string) => string][] = [
      ['before', (name) => `<script src="${src}"></script>${one(name)}`],
      ['after', (name) => `${one(name)}<script src="${src}"></script>`],
      ['async', (name) => `<script async src="${src}"></script>${one(name)}`],
      ['defer', (name) => `<script defer src="${src}"></script>${one(name)}`],
      [
        'twice',
        (name) =>
          `<script src="${src}"></script>${one(name)}<script defer src="${src}?again"></script>`,
      ],
    ];
    for (const [form, body] of forms) {
      const name = newName();
      const { page, problems } = await browser.visit();
      await page.goto(site.put(`/${form}`, body(name)));
      await shows(page, 'a', 1);
      expect({ form, total: await total(name), problems }).toEqual({
        form,
        total: 1,
        problems: [],
      });
    }
    const name = newName();
    const { page, problems } = await browser.visit();
    await page.goto(site.put('/injected', one(name)));
    // Trusted Types are for scripts of unknown origin: pages that have them say which they trust.
    await page.evaluate(`{
      const policy = trustedTypes.createPolicy('page', { createScriptURL: (url) => url });
      document.head.append(Object.assign(document.createElement('script'), { src: policy.createScriptURL('${src}') }));
    }`);
    await shows(page, 'a', 1);
    expect(problems).toEqual([]);
  });

  test('does nothing as a module, because a module does not know its own address', async () => {
    const name = newName();
    const { page, problems } = await browser.visit();
    await page.goto(
      site.put(
        '/module',
        `${one(name)}<script type=module src="${program.url}/embed.js"></script>`,
      ),
    );
    expect(await hidden(page)).toEqual(['a']);
    expect(await total(name)).toBeNull();
    expect(problems).toEqual([]);
  });

  test('works under another name and behind a path prefix, and calls the Seen that it came from', async () => {
    await using other = await Program.start({
      SEEN_EMBED_PATH: '/my-numbers.js',
      SEEN_REPLICAS: '1',
    });
    using proxy = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => {
        const { pathname, search } = new URL(request.url);
        if (!pathname.startsWith('/behind/')) return new Response(null, { status: 404 });
        const to = `${other.url}${pathname.slice('/behind'.length)}${search}`;
        // As it comes, without unpacking it.
        return fetch(to, { method: request.method, headers: request.headers, decompress: false });
      },
    });
    for (const base of [other.url, `http://127.0.0.1:${proxy.port}/behind`]) {
      const { origin } = new URL(base);
      using ours = new Site(`script-src ${origin}; connect-src ${origin}`);
      const name = newName();
      const { page, problems } = await browser.visit();
      const body = `${one(name)}<b id=b data-seen=hits data-seen-count=no hidden></b>`;
      await other.visit();
      await page.goto(ours.put('/', `<script async src="${base}/my-numbers.js"></script>${body}`));
      await shows(page, 'a', 1);
      await page.locator('#b').waitFor({ state: 'visible' });
      expect(problems).toEqual([]);
      expect(await other.visit(`/get/${name}`)).toBe(1);
    }
    expect((await fetch(`${other.url}/embed.js`)).status).toBe(404);
  });

  test('only reads in a browser whose owner has opted out on this site', async () => {
    const name = newName();
    const url = site.put('/out', `${script}${one(name)}`);
    const { page, problems } = await browser.visit();
    for (const [visit, say] of [
      [1, 'localStorage.seen_own_visits = "out"'],
      [1, 'delete localStorage.seen_own_visits'],
      [2, ''],
    ] as const) {
      await page.goto(url);
      await shows(page, 'a', visit);
      await page.evaluate(say);
    }
    expect(await total(name)).toBe(2);
    expect(problems).toEqual([]);
  });

  test('counts in a browser without storage', async () => {
    const { page, problems } = await browser.visit({
      script: `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })`,
    });
    await page.goto(site.put('/nothing-kept', `${script}${one(newName())}`));
    await shows(page, 'a', 1);
    expect(problems).toEqual([]);
  });

  test('neither sends nor accepts cookies across sites', async () => {
    const { page } = await browser.visit();
    const name = newName();
    await page.goto(`${program.url}/own-visits`);
    await page.click('button');
    await page.goto(site.put('/cookies', `${script}${one(name)}`));
    await shows(page, 'a', 1);
    const request = page.waitForRequest(/\/hit$/);
    await page.reload();
    expect(await (await request).headerValue('Cookie')).toBeNull();
    await shows(page, 'a', 2);
  });
});
