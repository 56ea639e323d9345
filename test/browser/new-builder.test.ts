/**
 * The builder of `/new` in a real browser: the preview follows each option and never counts, and
 * each code works in a page of another site.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { Site } from '../support/site.ts';

/** A total whose formats differ. */
const START = 12_345;

let browser: Browser;
let program: Program;
let names = 0;
beforeAll(async () => {
  [browser, program] = await Promise.all([launch(), Program.start({ SEEN_REPLICAS: '1' })]);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

/** Makes a counter that no other test uses; answers its name and its token. */
async function newOwned(): Promise<{ name: string; token: string }> {
  const name = `tests/builder-${++names}`;
  const response = await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, value: START }),
  });
  return (await response.json()) as { name: string; token: string };
}

/** The name of a counter that no other test uses. */
async function newCounter(): Promise<string> {
  return (await newOwned()).name;
}

async function total(name: string): Promise<number> {
  return (JSON.parse(await program.get(`/get/${name}`)) as { value: number }).value;
}

/** Opens the builder of a counter. */
async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${program.url}/new?counter=${name}`);
  await page.locator('#code').waitFor();
}

/** Chooses a radio button by its value, as a click on its text does. */
async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.locator(`label:has([name=${name}][value=${value}])`).click();
}

const code = async (page: Page) => (await page.locator('#snippet').textContent()) ?? '';

/** The code of a kind in a format. */
async function codeOf(page: Page, kind: string, format: string): Promise<string> {
  await choose(page, 'kind', kind);
  if (await page.locator('#formats').isVisible()) await choose(page, 'format', format);
  return code(page);
}

/**
 * Resolves when the preview has come as a picture with these parameters, and without those that
 * are null; answers it.
 */
async function previewed(page: Page, wanted: Record<string, string | null>): Promise<string> {
  let url = '';
  await until(`the preview to have ${JSON.stringify(wanted)}`, async () => {
    url = await page.evaluate<string>("document.getElementById('picture').src");
    const { searchParams } = new URL(url);
    return (
      Object.entries(wanted).every(([name, value]) => searchParams.get(name) === value) &&
      (await page.evaluate<boolean>("document.getElementById('picture').complete"))
    );
  });
  return (await fetch(url)).text();
}

describe('the preview', () => {
  test('of a badge follows each option, as the code does, and never counts', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await open(page, name);
    await choose(page, 'format', 'url');
    expect(await previewed(page, { count: 'no' })).toContain('visits: 12345');
    const field = (of: string) => page.locator(`#builder [name=${of}]`);
    const steps: [() => Promise<unknown>, Record<string, string | null>, string][] = [
      [() => field('label').fill('seen'), { label: 'seen' }, 'seen: 12345'],
      [() => field('label').fill(''), { label: '' }, '"12345"'],
      [() => choose(page, 'style', 'flat-square'), { style: 'flat-square' }, '12345'],
      [() => field('color').fill('#ff0066'), { color: 'ff0066' }, '#ff0066'],
      [() => field('labelColor').fill('tomato'), { labelColor: 'tomato' }, '#ff6347'],
      [() => field('number').selectOption('grouped'), { number: 'grouped' }, '12,345'],
      [() => field('lang').selectOption('de'), { lang: 'de' }, '12.345'],
      [() => field('number').selectOption('plain'), { number: null }, '12345'],
      [() => field('show').selectOption('today'), { show: 'today' }, '>0<'],
      [() => field('show').selectOption('people'), { show: 'people' }, 'svg'],
      [() => field('show').selectOption('today-total'), { show: 'today-total' }, 'svg'],
      [() => field('logo').fill('github'), { logo: 'github' }, 'svg'],
      [() => field('logoColor').fill('red'), { logoColor: 'red' }, 'svg'],
    ];
    for (const [act, parameters, text] of steps) {
      await act();
      expect(await previewed(page, { ...parameters, count: 'no' })).toContain(text);
      const { searchParams } = new URL(await code(page));
      for (const [parameter, value] of Object.entries(parameters))
        expect({ parameter, value: searchParams.get(parameter) }).toEqual({ parameter, value });
      expect(searchParams.get('count')).toBeNull();
    }
    await field('only').check();
    expect(new URL(await code(page)).searchParams.get('count')).toBe('no');
    expect(await total(name)).toBe(START);
    // Without the branch of logos there is no list of them.
    expect(errors.filter((error) => !error.includes('/logos.json'))).toEqual([]);
  });

  test('of a chart follows each option', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser, { timezoneId: 'Asia/Tokyo' });
    const { page, errors } = watched;
    await open(page, name);
    await choose(page, 'kind', 'chart');
    await choose(page, 'format', 'url');
    // Days are those of the owner.
    await previewed(page, { zone: 'Asia/Tokyo' });
    const field = (of: string) => page.locator(`#builder [name=${of}]`);
    await field('title').fill('My <chart>');
    expect(await previewed(page, { title: 'My <chart>' })).toContain('My &lt;chart&gt;');
    await field('by').selectOption('month');
    await field('theme').selectOption('dark');
    await field('chartLang').selectOption('de');
    await field('zone').fill('Europe/Berlin');
    const wanted = { by: 'month', theme: 'dark', lang: 'de', zone: 'Europe/Berlin' };
    expect(await previewed(page, wanted)).toContain('12 months');
    expect(Object.fromEntries(new URL(await code(page)).searchParams)).toEqual({
      ...wanted,
      title: 'My <chart>',
    });
    await field('zone').fill('Europe/Nowhere');
    expect(await page.locator('#zone-problem').textContent()).toContain('not a time zone');
    expect(await code(page)).not.toContain('zone=');
    expect(await violationsOf(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('picks colours: the picker writes the text, and the text moves the picker', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page, await newCounter());
    const picker = page.locator('[data-of=color]');
    const text = page.locator('#color');
    expect(await picker.inputValue()).toBe('#007ec6');
    for (const [typed, picked] of [
      ['tomato', '#ff6347'],
      ['green', '#67ac09'],
      ['brightgreen', '#44bb00'],
      ['f06', '#ff0066'],
      ['#ff006680', '#ff0066'],
      ['rgb(1, 2, 3)', '#010203'],
    ] as const) {
      await text.fill(typed);
      expect({ typed, picked: await picker.inputValue() }).toEqual({ typed, picked });
      expect(await text.getAttribute('aria-invalid')).toBeNull();
    }
    await picker.fill('#123456');
    expect(await text.inputValue()).toBe('#123456');
    expect(await code(page)).toContain('color=123456');
    for (const wrong of ['nocolour', '#12345', 'constructor', 'red;}']) {
      await text.fill(wrong);
      expect(await page.locator('#color-problem').textContent()).toContain('not a colour');
      expect(await code(page)).not.toContain('color=');
    }
    expect(await violationsOf(page)).toEqual([]);
  });

  test('moves when somebody visits, whatever is shown', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page, name);
    await previewed(page, { at: `${START}` });
    await program.visit(`/hit/${name}`);
    expect(await previewed(page, { at: `${START + 1}` })).toContain(`${START + 1}`);
    const shown = page.locator('#shown');
    for (const [kind, text] of [
      ['number', 'This is visit number 12,346.'],
      ['stream', '12,346'],
      ['pixel', 'There is nothing to see: the pixel is invisible.'],
      ['api', `{"name":"${name}","value":${START + 1}}`],
    ] as const) {
      await choose(page, 'kind', kind);
      expect(await shown.textContent()).toBe(text);
      expect(await page.locator('#picture').isVisible()).toBe(false);
    }
    expect(await total(name)).toBe(START + 1);
  });
});

describe('a counter that becomes private', () => {
  test('is shown as one at once, without a number', async () => {
    const { name, token } = await newOwned();
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page, name);
    await choose(page, 'kind', 'number');
    await page.getByText('This is visit number 12,345.').waitFor();
    const { ok } = await fetch(`${program.url}/api/v1/counters/${name}`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: '{"private":true}',
    });
    expect(ok).toBe(true);
    await page.locator('#private-note').waitFor();
    await choose(page, 'kind', 'number');
    expect(await page.locator('#shown').textContent()).toBe('The number is private.');
  });
});

describe('the code works in a page of another site', () => {
  /** A site whose pages may show and ask for everything of Seen. */
  const newSite = (more = '') =>
    new Site(
      `img-src ${program.url}; connect-src ${program.url}; script-src ${program.url} ${more}`,
    );

  for (const kind of ['badge', 'pixel', 'chart'] as const) {
    test(`of a ${kind}: as HTML, in Markdown, and by its URL`, async () => {
      const name = await newCounter();
      await using watched = await openPage(browser);
      const { page } = watched;
      await open(page, name);
      const html = await codeOf(page, kind, 'html');
      const markdown = await codeOf(page, kind, 'markdown');
      const url = await codeOf(page, kind, 'url');
      const counts = kind === 'chart' ? 0 : 1;
      using site = newSite();
      await using reader = await openPage(browser);
      await reader.page.goto(site.put('/', html));
      const loaded = "document.querySelector('img').naturalWidth > 0";
      await until('the picture', () => reader.page.evaluate<boolean>(loaded));
      expect(await total(name)).toBe(START + counts);
      const [, alt, source = ''] = /^!\[(.*)\]\((.*)\)$/.exec(markdown) ?? [];
      expect(source).toBe(url);
      expect(alt).toBe({ badge: 'visits', pixel: '', chart: 'Visits, day by day' }[kind]);
      const picture = await fetch(url);
      expect(picture.headers.get('Content-Type')).toStartWith('image/');
      expect(picture.headers.get('X-Seen-Error')).toBeNull();
      expect(await total(name)).toBe(START + 2 * counts);
      expect(reader.errors).toEqual([]);
    });
  }

  test('of a number: it counts the visit, writes its number, and follows', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser);
    await open(watched.page, name);
    const counting = await codeOf(watched.page, 'number', 'html');
    await watched.page.locator('[name=numberOnly]').check();
    const reading = await code(watched.page);
    using site = newSite();
    await using reader = await openPage(browser);
    const { page, errors } = reader;
    const says = (text: string) =>
      until(`it to be ${text}`, async () => (await page.locator('p').innerText()) === text);
    await page.goto(site.put('/counting', counting));
    await says('This is visit number 12,346.');
    await program.visit(`/hit/${name}`);
    await says('This is visit number 12,347.');
    await page.goto(site.put('/reading', reading));
    await says('Visits: 12,347');
    expect(await total(name)).toBe(START + 2);
    expect(errors).toEqual([]);
  });

  test('of a stream: it shows each new number and counts nothing', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser);
    await open(watched.page, name);
    const html = await codeOf(watched.page, 'stream', 'html');
    using site = newSite("'unsafe-inline'");
    await using reader = await openPage(browser);
    const { page, errors } = reader;
    const shows = (number: number) =>
      until('the number', async () => (await page.locator('#seen').innerText()) === `${number}`);
    await page.goto(site.put('/', html));
    await shows(START);
    await program.visit(`/hit/${name}`);
    await shows(START + 1);
    expect(errors).toEqual([]);
  });

  test('of the API: the first command counts, the second reads', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser);
    await open(watched.page, name);
    const shell = await codeOf(watched.page, 'api', 'shell');
    const lines = shell.split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const out = await Bun.$`sh -c ${line}`.quiet().text();
      expect(JSON.parse(out)).toMatchObject({ name, value: START + 1 });
    }
  });

  test('with a hostile label: it stays a text, in our page and in the other', async () => {
    const label = '"><script>document.title=1</script><img src=x onerror=document.title=1>';
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await open(page, await newCounter());
    const scripts = await page.locator('script').count();
    const title = await page.title();
    await page.locator('[name=label]').fill(label);
    await previewed(page, { label });
    expect(await page.locator('#picture').getAttribute('alt')).toBe(label);
    expect(await page.locator('script').count()).toBe(scripts);
    expect(await page.title()).toBe(title);
    using site = newSite("'unsafe-inline'");
    await using reader = await openPage(browser);
    await reader.page.goto(site.put('/', await code(page)));
    expect(await reader.page.locator('img').getAttribute('alt')).toBe(label);
    expect(await reader.page.locator('img, script').count()).toBe(1);
    expect(await reader.page.title()).toBe('A page');
    expect([...errors, ...reader.errors]).toEqual([]);
  });
});

describe('copying', () => {
  test('puts the code into the clipboard and says so', async () => {
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(page, await newCounter());
    for (const format of ['html', 'markdown', 'url']) {
      await choose(page, 'format', format);
      await page.locator('#copy').click();
      await until(
        'it to be said',
        async () => (await page.locator('#copied').textContent()) === 'Copied',
      );
      expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(await code(page));
    }
  });

  test('selects the code where the browser has no clipboard, as over http', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.addInitScript(
      "Object.defineProperty(navigator, 'clipboard', { value: undefined })",
    );
    await open(page, await newCounter());
    await page.locator('#copy').click();
    await until('it to be said', async () =>
      (await page.locator('#copied').textContent())?.startsWith('Selected.'),
    );
    expect(await page.evaluate<string>('`${getSelection()}`')).toBe(await code(page));
  });
});

describe('for everybody', () => {
  const KINDS = ['badge', 'chart', 'number', 'pixel', 'stream', 'api'];

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing wrong with any kind, ${colorScheme}`, async () => {
      await using watched = await openPage(browser, { colorScheme });
      const { page } = watched;
      await open(page, await newCounter());
      for (const kind of KINDS) {
        await choose(page, 'kind', kind);
        expect({ kind, found: await violationsOf(page) }).toEqual({ kind, found: [] });
      }
    });
  }

  test('nothing is wider than a phone, in any language', async () => {
    const name = await newCounter();
    await using watched = await openPage(browser, { viewport: { width: 390, height: 800 } });
    const { page } = watched;
    for (const lang of ['en', 'de', 'ru', 'ja']) {
      const fits = async (what: string) => {
        for (const width of [390, 320]) {
          await page.setViewportSize({ width, height: 800 });
          const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
          expect({ lang, what, wide }).toEqual({ lang, what, wide: width });
        }
      };
      await page.goto(`${program.url}/new?lang=${lang}`);
      await page.locator('#maker summary').click();
      await fits('the form');
      await page.goto(`${program.url}/new?lang=${lang}&counter=${name}`);
      await page.locator('#code').waitFor();
      for (const kind of KINDS) {
        await choose(page, 'kind', kind);
        await fits(kind);
      }
    }
  });

  test('the page asks only Seen, and breaks none of its own rules', async () => {
    await using watched = await openPage(browser);
    const { page, requests, errors } = watched;
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(violatedDirective))",
    );
    await open(page, await newCounter());
    for (const kind of KINDS) await choose(page, 'kind', kind);
    await choose(page, 'kind', 'badge');
    await page.locator('[name=label]').fill('x');
    await previewed(page, { label: 'x' });
    const foreign = requests.filter(
      (url) => !url.startsWith(`${program.url}/`) && !url.startsWith('data:'),
    );
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });
});
