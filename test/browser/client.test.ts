/**
 * The client and its React component in a real browser, on another site than Seen, as built for
 * other programs. The React examples are those of docs/client.md.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applicationWithClient } from '../support/client-package.ts';
import { Program, ROOT } from '../support/program.ts';
import { Site } from '../support/site.ts';
import { Browser } from '../support/site-browser.ts';

const EXAMPLES = [
  ...readFileSync(join(ROOT, 'docs/client.md'), 'utf8').matchAll(/```jsx\n([\s\S]*?)```/g),
].map(([, code = '']) => code);

let application: Awaited<ReturnType<typeof applicationWithClient>>;
let program: Program;
let browser: Browser;
let site: Site;
beforeAll(async () => {
  [application, program, browser] = await Promise.all([
    applicationWithClient(),
    Program.start(),
    Browser.launch(),
  ]);
  site = new Site(`script-src 'self'; connect-src ${program.url}`);
});
afterEach(() => browser.leave());
afterAll(async () => {
  site[Symbol.dispose]();
  application[Symbol.dispose]();
  await browser[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

/** Opens a page of the application; `files` are its modules, the first one its entry. */
async function open(path: string, files: Readonly<Record<string, string>>) {
  const [entry = ''] = Object.keys(files);
  for (const [name, text] of Object.entries(files))
    writeFileSync(
      join(application.path, name),
      text.replaceAll('https://seen.example.com', program.url),
    );
  const { outputs } = await Bun.build({
    entrypoints: [join(application.path, entry)],
    target: 'browser',
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  site.putScript(`${path}.js`, (await outputs[0]?.text()) ?? '');
  const visit = await browser.visit();
  const body = `<main></main><script type="module" src="${path}.js"></script>`;
  await visit.page.goto(site.put(path, body));
  return visit;
}

const total = async (name: string) =>
  (
    JSON.parse(await program.get(`/api/v1/values?names=${name}`)) as {
      values: Record<string, number | null>;
    }
  ).values[name];

/** An application in StrictMode, which shows `element`. */
const strict = (imports: string, element: string) => `${imports}
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
function Application() {
  const [shown, show] = useState(true);
  const [live, follow] = useState(false);
  return <>
    <button onClick={() => show(!shown)}>show</button>
    <button onClick={() => follow(!live)}>live</button>
    {shown && ${element}}
  </>;
}
createRoot(document.querySelector('main')).render(<StrictMode><Application /></StrictMode>);
`;

describe('the client in a browser', () => {
  test('counts, reads and watches counters of a Seen on another site', async () => {
    const { page, problems } = await open('/client', {
      'client.js': `import { Seen, SeenError } from 'seen-counter/client';
const seen = new Seen('https://seen.example.com');
const show = (text) => document.querySelector('main').append(text + '; ');
show('hit ' + await seen.hit('browser/client'));
show('value ' + (await seen.get('browser/client')).value);
await seen.update('browser/client', { value: 9 }).catch((error) =>
  show(error instanceof SeenError && error.status + ' ' + error.code));
seen.watch('browser/client', (total) => show('total ' + total));
`,
    });
    await page.getByText('hit 1; value 1; 401 token-missing; total 1;').waitFor();
    await program.visit('/hit/browser/client');
    await page.getByText('total 2;').waitFor();
    // The browser reports the status of every refused request.
    expect(problems.filter((problem) => !problem.includes('401'))).toEqual([]);
  });
});

describe('the React component', () => {
  const SHOWN = `<p>Visits: <SeenCounter counter="browser/react" server="https://seen.example.com" count live={live} /></p>`;
  const IMPORT = "import { SeenCounter } from 'seen-counter/react';";

  test('counts once each time that it is shown, and not when it becomes live', async () => {
    const { page, problems } = await open('/react', { 'react.jsx': strict(IMPORT, SHOWN) });
    await page.getByText('Visits: 1').waitFor();
    await page.getByRole('button', { name: 'live' }).click();
    await program.visit('/hit/browser/react');
    await page.getByText('Visits: 2').waitFor();
    expect(await total('browser/react')).toBe(2);
    await page.getByRole('button', { name: 'show' }).click();
    await page.getByText('Visits').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'show' }).click();
    await page.getByText('Visits: 3').waitFor();
    expect(await total('browser/react')).toBe(3);
    expect(problems).toEqual([]);
  });

  test('only reads without `count`, and shows its placeholder while there is no number', async () => {
    const read =
      '<p>Visits: <SeenCounter counter="browser/read" server="https://seen.example.com" /></p>';
    const first = await open('/none', { 'none.jsx': strict(IMPORT, read) });
    await first.page.getByText('Visits: …').waitFor();
    await program.visit('/hit/browser/read');
    const { page, problems } = await open('/read', { 'read.jsx': strict(IMPORT, read) });
    await page.getByText('Visits: 1').waitFor();
    expect(await total('browser/read')).toBe(1);
    expect(problems).toEqual([]);
  });

  test('tells a wrong name or address as its error, live or not, and the rest of the page stays', async () => {
    const { page, problems } = await open('/wrong', {
      'wrong.jsx': `import { createRoot } from 'react-dom/client';
import { useSeen } from 'seen-counter/react';
function Told(options) {
  const { number, error } = useSeen(options);
  return <li>{options.live ? 'live' : 'still'} {typeof number} {error?.name}</li>;
}
createRoot(document.querySelector('main')).render(<><p>The rest</p><ul>
  <Told live counter="wrong" server="https://seen.example.com" />
  <Told live counter="browser/wrong" server="seen.example.com" />
  <Told counter="wrong" server="https://seen.example.com" />
  <Told counter="browser/wrong" server="seen.example.com" />
</ul></>);
`,
    });
    await page.getByText('TypeError').last().waitFor();
    expect(await page.locator('li').allTextContents()).toEqual([
      'live undefined SeenError',
      'live undefined TypeError',
      'still undefined SeenError',
      'still undefined TypeError',
    ]);
    expect(await page.getByText('The rest').isVisible()).toBe(true);
    expect(problems).toEqual([]);
  });

  test('formats the number for the page, or for its own language', async () => {
    const made = await fetch(`${program.url}/api/v1/counters`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'browser/many', value: 41_000 }),
    });
    expect(made.status).toBe(201);
    const of = (attributes: string) =>
      `<SeenCounter counter="browser/many" server="https://seen.example.com" ${attributes} />`;
    const { page, problems } = await open('/language', {
      'language.jsx': strict(
        IMPORT,
        `<p>{${of('')}}, {${of('lang="de"')}}, {${of('lang="not a language"')}}</p>`,
      ),
    });
    await page.getByText('41,000, 41.000, 41').waitFor();
    expect(problems).toEqual([]);
  });

  test('the examples of the document show the number', async () => {
    const [component = '', hook = ''] = EXAMPLES;
    await program.visit('/hit/my-site/front-page');
    const { page, problems } = await open('/examples', {
      'examples.jsx': strict(
        "import { Footer } from './footer.jsx';\nimport { Visitors } from './visitors.jsx';",
        '<><Footer /><Visitors /></>',
      ),
      'footer.jsx': component,
      'visitors.jsx': hook,
    });
    await page.getByText('Visits: 2').waitFor();
    await page.getByTitle('2 of 1,000 visits').waitFor();
    expect(await total('my-site/front-page')).toBe(2);
    expect(problems).toEqual([]);
  });

  test('every React example of the document is shown', () => expect(EXAMPLES.length).toBe(2));
});
