/**
 * The examples of docs/embed.md, exactly as they are in the document except for the address of
 * Seen, in a real browser.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { Site } from '../support/site.ts';
import { Browser } from '../support/site-browser.ts';

let program: Program;
let browser: Browser;
let site: Site;

beforeAll(async () => {
  program = await Program.start();
  browser = await Browser.launch();
  // The page's own scripts besides.
  site = new Site(
    snippet('Content-Security-Policy', 'text').trim().replace('script-src', "script-src 'self'"),
  );
});

afterEach(() => browser.leave());

afterAll(async () => {
  site[Symbol.dispose]();
  await browser[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

/** A block of the document: the first or another one of this language under a heading. */
function snippet(heading: string, language: string, which = 0): string {
  const [, after = ''] = readFileSync(join(ROOT, 'docs/embed.md'), 'utf8').split(
    `\n## ${heading}\n`,
  );
  const [section = ''] = after.split('\n## ');
  const blocks = [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(
    ([, its]) => its === language,
  );
  const text = blocks[which]?.[2];
  if (text === undefined)
    throw new Error(`docs/embed.md has no such block: ${heading}, ${language}`);
  return text.replaceAll('https://seen.example.com', program.url);
}

/** A page with `body`, visited. */
async function open(path: string, body: string) {
  const visit = await browser.visit();
  await visit.page.goto(site.put(path, body));
  return visit;
}

const total = async (name: string) =>
  JSON.parse(await program.get(`/get/${name}`)).value as number;

describe('docs/embed.md', () => {
  test('the HTML snippets count visits, or only read where the document says so', async () => {
    for (const key of ['pages', 'downloads']) await program.visit(`/hit/my-site/${key}`);
    const { page, problems } = await open(
      '/html',
      snippet('HTML', 'html') + snippet('HTML', 'html', 1),
    );
    await page.getByText('This is visit number 1.').waitFor();
    await page.getByText('Seiten: 1').waitFor();
    await page.getByText('Downloads: 1').waitFor();
    expect(
      await Promise.all(['front-page', 'pages'].map((key) => total(`my-site/${key}`))),
    ).toEqual([1, 1]);
    expect(problems).toEqual([]);
  });

  test('a sentence is hidden while its number is unknown', async () => {
    const css =
      /`(p:has\(.*?\})`/.exec(readFileSync(join(ROOT, 'docs/embed.md'), 'utf8'))?.[1] ?? '';
    using styled = new Site("style-src 'unsafe-inline'");
    const { page } = await browser.visit();
    await page.goto(
      styled.put('/', `<style>${css}</style>${snippet('HTML', 'html')}<p>Other</p>`),
    );
    await page.getByText('Other').waitFor();
    expect(await page.getByText('This is visit number').isVisible()).toBe(false);
    await page.evaluate('document.querySelector("[data-seen]").hidden = false');
    expect(await page.getByText('This is visit number').isVisible()).toBe(true);
  });

  test('the React component counts a visit of each page that an application shows', async () => {
    site.putScript('/react.js', await reactApplication(snippet('React', 'jsx')));
    const { page, problems } = await open(
      '/home',
      '<main></main><script src="/react.js"></script>',
    );
    await page.getByText('home: 1, all: 1, again: 1').waitFor();
    await page.getByRole('button', { name: 'shop' }).click();
    await page.getByText('shop: 1, all: 2, again: 2').waitFor();
    await page.getByRole('button', { name: 'home' }).click();
    await page.getByText('home: 2, all: 3, again: 3').waitFor();
    expect(await Promise.all(['app/home', 'app/shop'].map(total))).toEqual([2, 1]);
    // The button that changes nothing but React’s own state.
    await page.getByRole('button', { name: 'renders 0' }).click();
    await page.getByText('renders 1').waitFor();
    await page.getByText('home: 2, all: 3, again: 3').waitFor();
    expect(problems).toEqual([]);
  });

  test('the Eleventy shortcode gives each page its own counter', async () => {
    const shortcode = await eleventyShortcode(snippet('Eleventy', 'js'));
    const layout = snippet('Eleventy', 'html');
    const keys = new Set<string>();
    const long = `/posts/${'long'.repeat(20)}`;
    for (const [path, key] of [
      ['/', /^page\.$/],
      ['/posts/first/', /^page\.posts\.first\.$/],
      // Two that are the same for longer than a key may be.
      [`${long}-one/`, /^page\.posts\.(long)+lo-[0-9a-f]{10}$/],
      [`${long}-two/`, /^page\.posts\.(long)+lo-[0-9a-f]{10}$/],
      // What no key may have, and what would become the same.
      ['/你好/', /^page\.\.-[0-9a-f]{10}$/],
      ['/再见/', /^page\.\.-[0-9a-f]{10}$/],
      ['/100%/', /^page\.100\.-[0-9a-f]{10}$/],
      ['/c++/', /^page\.c\.-[0-9a-f]{10}$/],
      ['/c/', /^page\.c\.$/],
      ['/a/b/', /^page\.a\.b\.$/],
      ['/a.b/', /^page\.a\.b\.-[0-9a-f]{10}$/],
    ] as const) {
      const element = shortcode.call({ page: { url: path } });
      const [, used = ''] = /data-seen="my-site\/([A-Za-z0-9_.-]{3,64})"/.exec(element) ?? [];
      expect({ path, used }).toEqual({ path, used: expect.stringMatching(key) });
      keys.add(used);
    }
    expect(keys.size).toBe(11);
    const again = ['/你好/', '/%E4%BD%A0%E5%A5%BD/', '/%e4%bd%a0%e5%a5%bd/?from=feed#top'].map(
      (url) => shortcode.call({ page: { url } }),
    );
    expect(new Set(again).size).toBe(1);
    for (const path of ['/', `${long}-one/`, `${long}-two/`, '/你好/']) {
      const element = shortcode.call({ page: { url: path } });
      const { page, problems } = await open(
        encodeURI(path),
        layout.replace('{% visits %}', element),
      );
      await page.getByText('Visits: 1').waitFor();
      expect(problems).toEqual([]);
    }
  });

  test('own visits do not count after the line in the document', async () => {
    const { page } = await open('/html', snippet('HTML', 'html'));
    await page.getByText(/This is visit number \d/).waitFor();
    await page.evaluate(snippet('Your own visits', 'js'));
    const before = await total('my-site/front-page');
    await page.reload();
    await page.getByText(`This is visit number ${before}.`).waitFor();
    expect(await total('my-site/front-page')).toBe(before);
  });
});

/**
 * An application of two pages made of the component, in one script, as React runs it for
 * development.
 */
async function reactApplication(component: string): Promise<string> {
  using folder = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  writeFileSync(join(folder.path, 'visits.jsx'), component);
  writeFileSync(
    join(folder.path, 'application.jsx'),
    `import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Visits } from './visits.jsx';

function Application() {
  const [shown, show] = useState('home');
  const [renders, render] = useState(0);
  const go = (to) => { history.pushState({}, '', '/' + to); show(to); };
  return <>
    {['home', 'shop'].map((to) => <button key={to} onClick={() => go(to)}>{to}</button>)}
    <button onClick={() => render(renders + 1)}>renders {renders}</button>
    <p>{shown}: <Visits counter={'app/' + shown} />, all: <Visits counter="app/all" />, again: <Visits counter="app/all" count={false} /></p>
  </>;
}
createRoot(document.querySelector('main')).render(<StrictMode><Application /></StrictMode>);
`,
  );
  const { outputs } = await Bun.build({
    entrypoints: [join(folder.path, 'application.jsx')],
    target: 'browser',
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return (await outputs[0]?.text()) ?? '';
}

/** What the configuration gives Eleventy. */
async function eleventyShortcode(
  text: string,
): Promise<(this: { page: { url: string } }) => string> {
  using folder = temporaryFolder();
  const path = join(folder.path, 'eleventy.config.js');
  writeFileSync(path, text);
  const { default: configure } = await import(path);
  let shortcode: ((this: { page: { url: string } }) => string) | undefined;
  configure({
    addShortcode: (name: string, made: typeof shortcode) => {
      if (name === 'visits') shortcode = made;
    },
  });
  if (!shortcode) throw new Error('there is no shortcode “visits”');
  return shortcode;
}
