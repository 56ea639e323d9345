/**
 * `/new` in a real browser: somebody makes a counter, or opens one that exists. Not here: the
 * builder (`new-builder.test.ts`).
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { violationsOf } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const TOKEN = 'the-token-of-this-installation';

let browser: Browser;
let program: Program;
let closed: Program;
beforeAll(async () => {
  const env = { SEEN_REPLICAS: '1', SEEN_TOKEN: TOKEN };
  [browser, program, closed] = await Promise.all([
    launch(),
    Program.start(env),
    Program.start({ ...env, SEEN_COUNTERS: 'closed' }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

/** Makes a counter over the API; answers its token. */
async function make(body: { name: string; private?: boolean; value?: number }): Promise<string> {
  const response = await fetch(`${program.url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { token: string }).token;
}

/** The counter as its owner reads it; `undefined` when it is not there. */
async function read(url: string, name: string, token: string) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/v1/counters/${name}`, { headers });
  return response.ok
    ? ((await response.json()) as { value: number; private: boolean })
    : undefined;
}

const problem = (page: Page) => page.locator('#problem');
const create = (page: Page) => page.getByRole('button', { name: 'Create counter' }).click();
const focused = (page: Page) => page.evaluate<string>('document.activeElement.id');

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press('Tab');
    if (await page.locator(`${selector}:focus`).count()) return;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

describe('somebody makes a counter', () => {
  test('with one word and one click, and gets its token once and the code to paste', async () => {
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('first-site');
    await create(page);
    await page.locator('#code').waitFor();
    const token = await page.locator('#token-text').textContent();
    expect(token).toStartWith('seen_');
    expect(await focused(page)).toBe('token-title');
    expect(await page.locator('#snippet').textContent()).toBe(
      `<img src="${program.url}/badge/first-site/visits.svg" alt="visits">`,
    );
    await until('the badge to be shown', () =>
      page.evaluate<boolean>("document.getElementById('picture').naturalHeight === 20"),
    );
    // Looking at it has counted nothing.
    expect(await read(program.url, 'first-site/visits', token ?? '')).toMatchObject({
      value: 0,
      private: false,
    });
    expect(await violationsOf(page)).toEqual([]);
    expect(new URL(page.url()).searchParams.get('counter')).toBe('first-site/visits');
    await page.reload();
    await page.locator('#code').waitFor();
    expect(await page.locator('#token').isVisible()).toBe(false);
    expect(await page.content()).not.toContain(`${token}`);
    expect(errors).toEqual([]);
  });

  test('gets its token also after a store that was away for longer than a page waits for reading', async () => {
    await using patient = await Program.start({ SEEN_REPLICAS: '1', SEEN_WAIT_MS: '60000' });
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${patient.url}/new`);
    await page.locator('#site').fill('patient-site');
    using locked = new Database(patient.database);
    locked.run('PRAGMA busy_timeout = 20000');
    locked.run('BEGIN IMMEDIATE');
    await create(page);
    await Bun.sleep(9000);
    expect(await page.locator('#maker [aria-disabled=true]').count()).toBe(1);
    expect(await problem(page).textContent()).toBe('');
    locked.run('ROLLBACK');
    await page.locator('#code').waitFor();
    const token = await page.locator('#token-text').textContent();
    expect(await read(patient.url, 'patient-site/visits', token ?? '')).toMatchObject({
      value: 0,
    });
  });

  test('with a start value, private, and the token leaves the tab only as a header', async () => {
    await using watched = await openPage(browser);
    const { page, errors } = watched;
    const leaks: string[] = [];
    const headers: (string | undefined)[] = [];
    let token = 'not known yet';
    page.on('request', (request) => {
      if (`${request.url()} ${request.postData()}`.includes(token)) leaks.push(request.url());
      if (request.url().includes('/api/')) headers.push(request.headers()['authorization']);
    });
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('private-site');
    await page.locator('#key').fill('secret');
    await page.locator('#maker summary').click();
    await page.locator('#start').fill('41000');
    await page.locator('[name=private]').check();
    await create(page);
    await page.locator('#code').waitFor();
    token = (await page.locator('#token-text').textContent()) ?? '';
    expect(await read(program.url, 'private-site/secret', token)).toMatchObject({
      value: 41_000,
      private: true,
    });
    // The kind that shows no number anyway.
    expect(await page.locator('#snippet').textContent()).toContain(
      '/pixel/private-site/secret.gif',
    );
    expect(await page.locator('#private-note').isVisible()).toBe(true);
    expect(await violationsOf(page)).toEqual([]);
    headers.splice(0);
    await page.reload();
    await page.locator('#private-note').waitFor();
    expect(headers).toEqual([`Bearer ${token}`]);
    expect(leaks).toEqual([]);
    expect(errors).toEqual([]);
    // In another tab nobody knows the token.
    await using other = await openPage(browser);
    await other.page.goto(page.url());
    await other.page.locator('#private-note').waitFor();
    expect(await other.page.content()).not.toContain('41000');
  });

  test('sends a title and a link as they were typed, and they stay text', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    const bodies: unknown[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') bodies.push(request.postDataJSON());
    });
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('titled-site');
    await page.locator('#maker summary').click();
    const title = '<img src=x onerror="document.title=1">';
    await page.locator('#maker [name=title]').fill(title);
    for (const link of ['javascript:alert(1)', 'data:text/html,x', 'my-site.example']) {
      await page.locator('#link').fill(link);
      await create(page);
      expect(await problem(page).textContent()).toContain('must begin with https://');
      expect(await focused(page)).toBe('link');
    }
    await page.locator('#link').fill('https://my-site.example/"><b>');
    await create(page);
    await until('the request', () => bodies.length === 1);
    expect(bodies).toEqual([
      { name: 'titled-site/visits', title, link: 'https://my-site.example/"><b>' },
    ]);
    expect(await page.locator('main img[src="x"], main b').count()).toBe(0);
  });

  test('with only the keyboard, up to the copied code', async () => {
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${program.url}/new`);
    await tabTo(page, '#site');
    await page.keyboard.type('keyboard-site');
    await page.keyboard.press('Enter');
    await page.locator('#code').waitFor();
    await tabTo(page, '[name=kind]');
    await page.keyboard.press('ArrowRight');
    await page.locator('fieldset[data-for=chart]').waitFor();
    await page.keyboard.press('ArrowLeft');
    await tabTo(page, '[name=format]');
    await page.keyboard.press('ArrowRight');
    await tabTo(page, '#copy');
    await page.keyboard.press('Enter');
    await until(
      'it to be said',
      async () => (await page.locator('#copied').textContent()) === 'Copied',
    );
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(
      `![visits](${program.url}/badge/keyboard-site/visits.svg)`,
    );
    await tabTo(page, '[name=label]');
    await page.keyboard.type('seen');
    expect(await page.locator('#snippet').textContent()).toContain('?label=seen');
  });
});

describe('a name', () => {
  test('is checked while it is typed, and a valid one is suggested', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/new`);
    const hint = page.locator('#name-hint');
    await page.locator('#site').pressSequentially('My');
    // Too short, but somebody is still typing.
    expect(await page.locator('#site').getAttribute('aria-invalid')).toBeNull();
    await page.locator('#site').pressSequentially(' Blog');
    expect(await page.locator('#site').getAttribute('aria-invalid')).toBe('true');
    expect(await hint.textContent()).toStartWith('Use 3 to 64 letters');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Use my-blog' }).click();
    expect(await page.locator('#site').inputValue()).toBe('my-blog');
    expect(await page.locator('#site').getAttribute('aria-invalid')).toBeNull();
    await page.locator('#key').fill('ab');
    await create(page);
    expect(await focused(page)).toBe('key');
    expect(await page.locator('#key').getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#code').isVisible()).toBe(false);
  });

  for (const hidden of [false, true]) {
    const kind = hidden ? 'private' : 'public';
    test(`that is taken is said to be; who has its token goes on, ${kind}`, async () => {
      const site = `taken-${kind}`;
      const name = `${site}/visits`;
      const token = await make({ name, private: hidden, value: 7 });
      await using watched = await openPage(browser);
      const { page } = watched;
      await page.goto(`${program.url}/new`);
      await page.locator('#site').fill(site);
      await create(page);
      await until(
        'it to be said',
        async () =>
          (await problem(page).textContent()) === `${name} is taken. Choose another name.`,
      );
      expect(await violationsOf(page)).toEqual([]);
      for (const wrong of ['seen_wrong', `seen_${'a'.repeat(43)}~other-site/visits`]) {
        await page.locator('#taken [name=token]').fill(wrong);
        await page.getByRole('button', { name: 'Use it' }).click();
        await until(
          'it to be refused',
          async () => (await problem(page).textContent()) === `This is not the token of ${name}.`,
        );
      }
      await page.locator('#taken [name=token]').fill(token);
      await page.getByRole('button', { name: 'Use it' }).click();
      await page.locator('#code').waitFor();
      expect(await page.locator('#token').isVisible()).toBe(false);
      const kept = await page.evaluate<string>("sessionStorage.getItem('seen_tokens')");
      expect(JSON.parse(kept)).toEqual({ [name]: token });
      await page.getByText('API', { exact: true }).click();
      expect(await page.locator('#shown').textContent()).toBe(`{"name":"${name}","value":7}`);
    });
  }

  test('that a visit has created shows its code without a token', async () => {
    await fetch(`${program.url}/hit/visited-site/visits`);
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('visited-site');
    await create(page);
    await page.locator('#taken').waitFor();
    expect(await page.locator('.existing [name=counter]').inputValue()).toBe(
      'visited-site/visits',
    );
    await page.getByRole('button', { name: 'Show the code' }).click();
    await page.locator('#code').waitFor();
    expect(await page.locator('#name').textContent()).toBe('visited-site/visits');
  });

  test('that is taken is not mentioned any more when another name is typed', async () => {
    await make({ name: 'typed-site/visits' });
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('typed-site');
    await create(page);
    await page.locator('#taken').waitFor();
    await page.locator('#site').fill('typed-sites');
    expect(await page.locator('#taken').isVisible()).toBe(false);
    expect(await problem(page).textContent()).toBe('');
  });

  test('in the URL opens the builder, whoever asks', async () => {
    await make({ name: 'open-site/visits', value: 12 });
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${program.url}/new`);
    await page.getByText('Code for a counter that exists').click();
    await page.locator('.existing [name=counter]').fill('open-site/visits');
    await page.getByRole('button', { name: 'Show the code' }).click();
    await page.locator('#code').waitFor();
    expect(await page.locator('#name').textContent()).toBe('open-site/visits');
    expect(await page.locator('h1').textContent()).toBe('Put it on your page');
    await page.goto(`${program.url}/new?counter=hits#code`);
    await page.locator('#code').waitFor();
    expect(await page.locator('#snippet').textContent()).toContain('/badge/hits.svg');
    await page.goto(`${program.url}/new?counter=open-site/nothing`);
    await problem(page).waitFor();
    expect(await problem(page).textContent()).toContain('There is no counter open-site/nothing');
    expect(await page.locator('#site').inputValue()).toBe('open-site');
    expect(await page.locator('#key').inputValue()).toBe('nothing');
  });

  test('in the URL that is hostile is shown as text, and nothing is requested for it', async () => {
    for (const name of [
      '<img src=x onerror="document.title=1">',
      '"><script>document.title=1</script>',
      '../../own-visits',
      'abc/def/../../../own-visits',
      'javascript:alert(1)',
      'abc/def?x=',
      'abc/def#x',
      `abc/${'d'.repeat(500)}`,
    ]) {
      await using watched = await openPage(browser);
      const { page, requests, errors } = watched;
      await page.goto(`${program.url}/new?counter=${encodeURIComponent(name)}`);
      await problem(page).waitFor();
      expect(await problem(page).textContent()).toBe(
        `“${name.slice(0, 80)}” cannot be a counter. Choose a name here.`,
      );
      expect(await page.title()).toBe('A counter of your own');
      expect(await page.locator('main script, main img[src="x"]').count()).toBe(0);
      const paths = requests.map((url) => new URL(url).pathname);
      expect(paths.filter((path) => /api|own-visits/.test(path))).toEqual([]);
      expect(errors).toEqual([]);
    }
  });
});

describe('where counters are closed', () => {
  test('the operator’s token makes one, and is kept in the tab', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.goto(`${closed.url}/new`);
    const field = page.locator('#installation input');
    await page.locator('#site').fill('closed-site');
    expect(await violationsOf(page)).toEqual([]);
    await create(page);
    await until('it to be said', async () =>
      (await problem(page).textContent())?.startsWith('Here only the operator makes counters.'),
    );
    await field.fill('wrong');
    // Nobody reads it over a shoulder.
    const shape =
      "getComputedStyle(document.querySelector('#installation input')).webkitTextSecurity";
    expect(await page.evaluate<string>(shape)).toBe('disc');
    await create(page);
    await until(
      'it to be refused',
      async () => (await problem(page).textContent()) === 'This is not the token of this Seen.',
    );
    await field.fill(TOKEN);
    await create(page);
    await page.locator('#code').waitFor();
    await page.goto(`${closed.url}/new`);
    await page.locator('#make').waitFor();
    expect(await field.isVisible()).toBe(false);
    await page.locator('#site').fill('closed-site-2');
    await create(page);
    await page.locator('#code').waitFor();
    expect(await read(closed.url, 'closed-site-2/visits', TOKEN)).toBeDefined();
  });
});

describe('when Seen does not answer', () => {
  test('the page says what to do, and the next try works', async () => {
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await page.goto(`${program.url}/new`);
    await page.locator('#site').fill('offline-site');
    await context.setOffline(true);
    await create(page);
    await until('it to be said', async () =>
      (await problem(page).textContent())?.startsWith('Seen did not answer.'),
    );
    await context.setOffline(false);
    await create(page);
    await page.locator('#code').waitFor();
    expect(await page.locator('#token-text').textContent()).toStartWith('seen_');
  });
});

describe('in other languages', () => {
  test('the page, its messages and the label of the badge are in the browser’s language', async () => {
    await using watched = await openPage(browser, { locale: 'de-DE' });
    const { page } = watched;
    await page.goto(`${program.url}/new`);
    expect(await page.locator('h1').textContent()).toBe('Ein eigener Zähler');
    await page.locator('#site').fill('ein blog');
    expect(await page.locator('#suggestion').textContent()).toBe('ein-blog verwenden');
    await page.locator('#suggestion').click();
    await page.getByRole('button', { name: 'Zähler anlegen' }).click();
    await page.locator('#code').waitFor();
    expect(await page.locator('#snippet').textContent()).toBe(
      `<img src="${program.url}/badge/ein-blog/visits.svg?label=Besuche" alt="Besuche">`,
    );
    const styles = page.locator('img[data-style]');
    expect(await styles.count()).toBe(5);
    expect(await styles.last().getAttribute('src')).toBe(
      '/badge/ein-blog/visits.svg?count=no&style=social&label=Besuche',
    );
    await page.goto(`${program.url}/new?counter=ein-blog/visits&lang=ja`);
    await page.locator('#code').waitFor();
    expect(await page.locator('h1').textContent()).toBe('ページに貼る');
    expect(new URL(page.url()).searchParams.get('lang')).toBe('ja');
    // The URL names the language, so the links do, too.
    const links = page.locator('#code > .note a');
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual(
      ['/c/ein-blog/visits?lang=ja', '/manage?lang=ja#ein-blog/visits', '/new?lang=ja'],
    );
  });
});
