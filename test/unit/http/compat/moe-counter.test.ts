/**
 * Moe-Counter: the requests that pages, READMEs and scripts send, what counts, what a picture
 * shows, and mistakes.
 */
import { describe, expect, test } from 'bun:test';
import type { Theme } from '../../../../src/images/number-picture.ts';
import { SEEN_THEME } from '../../../../src/images/seen-theme.ts';
import { setUp } from '../../../support/app.ts';
import { GIF } from '../../../support/pictures.ts';
import { elementsOf } from '../../../support/svg.ts';

const ROOT = '/moe-counter';
const NEVER_KEPT = 'max-age=0, no-cache, no-store, must-revalidate';

/** The theme of an owner: GIFs of 45 × 100 pixels. */
const href = `data:image/gif;base64,${GIF.toString('base64')}`;
const OWN: Theme = new Map(
  Array.from('0123456789', (key) => [
    key,
    { width: 45, height: 100, svg: `<image width="45" height="100" xlink:href="${href}"/>` },
  ]),
);
const THEMES = new Map([['rule34', OWN]]);

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const get = (path: string, headers?: Record<string, string>, method?: string) =>
    app.ask(`${ROOT}${path}`, headers, method);
  /** The elements of a picture. */
  const picture = async (path: string, headers?: Record<string, string>) => {
    const { status, body } = await get(path, headers);
    expect({ path, status }).toEqual({ path, status: 200 });
    return elementsOf(body);
  };
  /** The digits that a picture shows. */
  const shown = async (path: string, headers?: Record<string, string>) => {
    const elements = await picture(path, headers);
    const digits = elements
      .filter(({ name }) => name === 'use')
      .map(({ attributes }) => attributes['xlink:href']?.slice('#d'.length));
    const label = elements[0]?.attributes['aria-label'];
    if (label !== 'private') expect(digits.join('')).toBe(label ?? '');
    return digits.join('');
  };
  const size = async (path: string) => {
    const [svg] = await picture(path);
    return [Number(svg?.attributes['width']), Number(svg?.attributes['height'])];
  };
  const style = async (path: string) =>
    (await picture(path)).find(({ name }) => name === 'style')?.text ?? '';
  const total = async (name: string) =>
    (await app.store.registry.describe(`moe-counter/${name}`))?.total;
  const start = (name: string, value: number) =>
    app.store.registry.create(`moe-counter/${name}`, { total: value, madeAt: 0, owner: '' });
  return { ...app, get, picture, shown, size, style, total, start };
}

describe('the requests of pages and READMEs', () => {
  test('count and show the number as a picture', async () => {
    const { get, shown, total } = begin();
    let visits = 0;
    for (const path of [
      '/@octocat',
      '/get/@octocat',
      '/get/@octocat?theme=rule34',
      '/@octocat?name=octocat&theme=booru-lewd&padding=7&offset=0&align=top&scale=1&pixelated=1&darkmode=auto',
      '/@octocat?name=other&_=0.123456789',
      '/@octocat/',
    ]) {
      visits++;
      expect(await shown(path)).toBe(`${visits}`.padStart(7, '0'));
    }
    expect(await total('octocat')).toBe(visits);
    const { headers } = await get('/get/@octocat');
    expect(headers.get('Content-Type')).toBe('image/svg+xml; charset=utf-8');
    expect(headers.get('Cache-Control')).toBe(NEVER_KEPT);
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
    );
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
  });

  test('name a counter by everything after the @, in the case in which it is written', async () => {
    const { shown, store } = begin();
    const paths = [
      '/get/@:octocat',
      '/get/@octocat',
      '/get/@Octocat',
      '/get/@user@repo',
      '/@你好',
    ];
    for (const path of [...paths, '/@a.b', '/@ab', `/@${'x'.repeat(32)}`])
      expect({ path, shown: await shown(path) }).toEqual({ path, shown: '0000001' });
    expect(await store.registry.size()).toBe(8);
    expect(await shown('/@%E4%BD%A0%E5%A5%BD')).toBe('0000002');
  });

  test('every request counts, also of programs and from one visitor', async () => {
    const { shown, total } = begin();
    for (const agent of ['curl/8.5.0', 'Googlebot/2.1', 'github-camo (876de43e)', ''])
      await shown('/@octocat', { 'User-Agent': agent });
    expect(await total('octocat')).toBe(4);
  });

  test('but no HEAD, prefetch or visit of an owner', async () => {
    const { get, shown, total } = begin();
    await shown('/@octocat');
    for (const path of ['/@octocat', '/get/@octocat', '/record/@octocat']) {
      const { status, body } = await get(path, {}, 'HEAD');
      expect({ path, status, body }).toEqual({ path, status: 200, body: '' });
      await get(path, { 'Sec-Purpose': 'prefetch' });
    }
    expect(await shown('/@octocat', { Cookie: 'seen_own_visits=out' })).toBe('0000001');
    expect(await total('octocat')).toBe(1);
  });
});

describe('the requests of scripts', () => {
  test('count and get the number as JSON', async () => {
    const { get, total } = begin();
    await get('/@octocat');
    const { status, headers, body } = await get('/record/@octocat', {
      Origin: 'https://a.example',
    });
    expect(status).toBe(200);
    expect(body).toBe('{"name":"octocat","num":2}');
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    expect(await total('octocat')).toBe(2);
    const long = 'x'.repeat(100);
    expect((await get(`/record/@${long}`)).body).toBe(`{"name":"${long}","num":1}`);
  });

  test('may come from any page, also with cookies', async () => {
    const { get } = begin();
    for (const path of ['/record/@octocat', '/@octocat', '/heart-beat', '/nothing']) {
      const { headers } = await get(path, { Origin: 'https://blog.example:8080' });
      expect(headers.get('Access-Control-Allow-Origin')).toBe('https://blog.example:8080');
      expect(headers.get('Access-Control-Allow-Credentials')).toBe('true');
      expect(headers.get('Vary')).toContain('Origin');
      for (const origin of [undefined, 'null', 'file://', 'x y']) {
        const other = await get(path, origin === undefined ? {} : { Origin: origin });
        expect(other.headers.get('Access-Control-Allow-Origin')).toBe('*');
        expect(other.headers.has('Access-Control-Allow-Credentials')).toBe(false);
      }
    }
    const preflight = await get('/record/@octocat', { Origin: 'https://a.example' }, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('https://a.example');
  });

  test('ask whether it is alive', async () => {
    const { get } = begin();
    const { status, headers, body } = await get('/heart-beat');
    expect({ status, body }).toEqual({ status: 200, body: 'alive' });
    expect(headers.get('Cache-Control')).toBe(NEVER_KEPT);
  });
});

test('the demo shows all digits, is kept for a year and never counts', async () => {
  const { get, shown, store } = begin({ themes: THEMES });
  expect(await shown('/@demo')).toBe('0123456789');
  expect(await shown('/get/@demo?theme=rule34&num=7&extra=5')).toBe('0123456789');
  expect(await shown('/@demo?padding=12&prefix=7')).toBe('7000123456789');
  for (const method of ['GET', 'HEAD']) {
    const { headers } = await get('/@demo', {}, method);
    expect(headers.get('Cache-Control')).toBe('max-age=31536000');
  }
  expect((await get('/record/@demo')).body).toBe('{"name":"demo","num":"0123456789"}');
  expect(await store.registry.size()).toBe(0);
  expect((await get('/@demo?padding=x')).headers.get('Cache-Control')).not.toContain('31536000');
});

describe('the parameters', () => {
  test('padding puts zeros in front, and never cuts', async () => {
    const { shown, start } = begin();
    await start('octocat', 12_344);
    for (const [padding, digits] of [
      ['0', '12345'],
      ['', '12346'],
      ['5', '12347'],
      ['16', '0000000000012348'],
    ] as const)
      expect(await shown(`/@octocat?padding=${padding}`)).toBe(digits);
  });

  test('num shows a number and does not count, 0 counts', async () => {
    const { shown, store } = begin();
    expect(await shown('/@octocat?num=42')).toBe('0000042');
    expect(await shown('/@octocat?num=1000000000000000&extra=5')).toBe('1000000000000000');
    expect(await shown('/@octocat?num=1e3')).toBe('0001000');
    expect(await store.registry.size()).toBe(0);
    expect(await shown('/@octocat?num=0')).toBe('0000001');
    expect(await shown('/@octocat?num=')).toBe('0000002');
  });

  test('prefix puts its digits first, as they are written', async () => {
    const { shown } = begin();
    for (const [prefix, digits] of [
      ['-1', '007'],
      ['', '007'],
      ['0', '0007'],
      ['42', '42007'],
      ['007', '007007'],
      ['999999', '999999007'],
      ['1e3', '1000007'],
      [`${'0'.repeat(50)}5`, '5007'],
    ] as const) {
      const path = `/@octocat?num=7&padding=3&prefix=${prefix}`;
      expect({ prefix, shown: await shown(path) }).toEqual({ prefix, shown: digits });
    }
  });

  test('extra is added to what is shown, and not stored', async () => {
    const { shown, get, total } = begin();
    expect(await shown('/@octocat?extra=1000')).toBe('0001001');
    expect(await shown('/@octocat?extra=x')).toBe('0000002');
    expect((await get('/record/@octocat?extra=1000')).body).toBe('{"name":"octocat","num":3}');
    expect(await total('octocat')).toBe(3);
  });

  test('offset, align and scale change the places of the digits', async () => {
    const { size } = begin({ themes: THEMES });
    const at = '/@octocat?num=12&padding=2&theme=rule34';
    expect(await size(at)).toEqual([90, 100]);
    expect(await size(`${at}&scale=0.5`)).toEqual([45, 50]);
    expect(await size(`${at}&scale=2&offset=10`)).toEqual([190, 200]);
    expect(await size(`${at}&offset=-5.5`)).toEqual([84.5, 100]);
    expect(await size(`${at}&offset=500`)).toEqual([590, 100]);
    expect(await size(`${at}&offset=-500`)).toEqual([45, 100]);
    for (const align of ['top', 'center', 'bottom'])
      expect(await size(`${at}&align=${align}`)).toEqual([90, 100]);
  });

  test('pixelated and darkmode change its style', async () => {
    const { style } = begin();
    expect(await style('/@octocat')).toContain('image-rendering:pixelated');
    expect(await style('/@octocat')).toContain('prefers-color-scheme:dark');
    expect(await style('/@octocat?pixelated=0')).not.toContain('image-rendering');
    expect(await style('/@octocat?darkmode=0')).not.toContain('brightness');
    expect(await style('/@octocat?darkmode=1')).toContain('brightness');
    expect(await style('/@octocat?darkmode=1')).not.toContain('prefers-color-scheme');
  });

  test('theme is one of the owner, and the digits of Seen for every unknown name', async () => {
    const { picture } = begin({ themes: THEMES });
    const hrefs = async (query: string) =>
      (await picture(`/@octocat?num=1122&padding=0${query}`))
        .filter(({ name }) => name === 'image')
        .map(({ attributes }) => attributes['xlink:href']);
    // One for each different digit.
    expect(await hrefs('&theme=rule34')).toEqual([href, href]);
    for (const name of ['seen', 'moebooru', 'toString', '__proto__', '', 'Rule34', '../rule34'])
      expect({ name, hrefs: await hrefs(`&theme=${name}`) }).toEqual({ name, hrefs: [] });
    expect(await hrefs('')).toEqual([]);
    const { body } = await begin().ask(`${ROOT}/@octocat?num=1&padding=0`);
    expect(body).toContain(SEEN_THEME.get('1')!.svg);
  });

  test('theme=random is any theme, of the owner and of Seen', async () => {
    const { get } = begin({ themes: THEMES });
    const kinds = new Set<boolean>();
    for (let time = 0; time < 1000 && kinds.size < 2; time++)
      kinds.add((await get('/@octocat?num=1&theme=random')).body.includes('<image'));
    expect(kinds.size).toBe(2);
    expect((await begin().get('/@octocat?theme=random')).status).toBe(200);
  });
});

describe('mistakes', () => {
  test('in a name or parameter are told as JSON, and do not count', async () => {
    const { get, store } = begin();
    for (const [path, field] of [
      [`/@${'x'.repeat(33)}`, 'name'],
      [`/get/@${'x'.repeat(33)}?name=short`, 'name'],
      ['/@octocat?padding=17', 'padding'],
      ['/@octocat?padding=-1', 'padding'],
      ['/@octocat?padding=1.5', 'padding'],
      ['/@octocat?padding=many', 'padding'],
      ['/@octocat?offset=501', 'offset'],
      ['/@octocat?offset=-501', 'offset'],
      ['/@octocat?align=middle', 'align'],
      ['/@octocat?scale=0.09', 'scale'],
      ['/@octocat?scale=2.1', 'scale'],
      ['/@octocat?scale=', 'scale'],
      ['/@octocat?pixelated=2', 'pixelated'],
      ['/@octocat?darkmode=yes', 'darkmode'],
      ['/@octocat?num=-1', 'num'],
      ['/@octocat?num=1000000000000001', 'num'],
      ['/@octocat?num=1.5', 'num'],
      ['/@octocat?prefix=-2', 'prefix'],
      ['/@octocat?prefix=1000000', 'prefix'],
      ['/@octocat?prefix=1.5', 'prefix'],
      ['/@octocat?prefix=x', 'prefix'],
      ['/@demo?scale=3', 'scale'],
    ] as const) {
      const { status, headers, body } = await get(path);
      expect({ path, status }).toEqual({ path, status: 400 });
      expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
      const error = JSON.parse(body) as unknown;
      expect(error).toEqual({
        code: 400,
        message: expect.stringMatching(new RegExp(`^The field \`${field}\` is invalid\\. .+`)),
      });
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('in a path are 404', async () => {
    const { get, store } = begin();
    for (const path of ['', '/', '/@', '/get/@', '/record/@', '/octocat', '/@a/b', '/@%FF']) {
      const { status, headers } = await get(path);
      expect({ path, status }).toEqual({ path, status: 404 });
      expect(headers.get('Content-Type')).toBe('application/problem+json');
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('of another kind are a picture, or JSON for scripts', async () => {
    const { get } = begin({ requestsPerMinute: 1 });
    await get('/@octocat');
    const picture = await get('/@octocat');
    expect(picture.status).toBe(200);
    expect(picture.headers.get('Content-Type')).toBe('image/svg+xml');
    expect(picture.headers.get('Cache-Control')).toBe(NEVER_KEPT);
    expect(picture.headers.get('X-Seen-Error')).toBe('rate-limited');
    expect(picture.body).toContain('too many requests');
    const record = await get('/record/@octocat');
    expect(record.status).toBe(429);
    expect(record.headers.has('Retry-After')).toBe(true);
    expect(JSON.parse(record.body)).toEqual({ code: 429, message: expect.any(String) });
    // And no other method gets a picture.
    expect((await get('/@octocat', {}, 'PUT')).status).toBe(405);
  });
});

test('a private counter shows dashes in the place of digits, and counts', async () => {
  const { get, picture, shown, start, store, total } = begin({ themes: THEMES });
  await start('octocat', 5);
  await store.registry.change('moe-counter/octocat', { rules: { private: true } });
  expect(await shown('/@octocat')).toBe('-------');
  expect(await shown('/@octocat?padding=0&prefix=3&extra=7&theme=rule34')).toBe('-');
  expect((await picture('/@octocat'))[0]?.attributes['aria-label']).toBe('private');
  expect((await get('/record/@octocat')).body).toBe('{"name":"octocat","num":null}');
  expect(await total('octocat')).toBe(9);
});

test('a closed Seen creates no counter', async () => {
  const { get, shown, store } = begin({ closed: true });
  expect((await get('/@octocat')).body).toContain('no such counter');
  const { status, body } = await get('/record/@octocat');
  expect(status).toBe(404);
  expect(JSON.parse(body)).toMatchObject({ code: 404 });
  expect(await store.registry.size()).toBe(0);
  expect(await shown('/@demo')).toBe('0123456789');
});

test('markup in a name or parameter stays text', async () => {
  const { get, picture } = begin({ closed: false });
  const evil = '"><script>alert(1)<';
  for (const path of [
    `/@${encodeURIComponent(evil)}`,
    ...['theme', 'name', 'label', '_', 'extra'].map(
      (name) => `/@octocat?${name}=${encodeURIComponent(evil)}`,
    ),
  ]) {
    expect((await picture(path)).map(({ name }) => name)).not.toContain('script');
    expect((await get(path)).body).not.toContain('alert');
  }
  const { headers, body } = await get(`/record/@${encodeURIComponent(evil)}`);
  expect(headers.get('Content-Type')).toStartWith('application/json');
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(JSON.parse(body)).toEqual({ name: evil, num: 3 });
  for (const name of ['prefix', 'padding', 'align', 'num'])
    expect((await get(`/@octocat?${name}=${encodeURIComponent(evil)}`)).body).not.toContain(
      'alert',
    );
});

test('on a host of its own the paths begin at the root', async () => {
  const { ask } = begin({ hosts: { 'count.example.com': 'moe-counter' } });
  const own = { Host: 'count.example.com' };
  expect((await ask('/@octocat', own)).body).toContain('aria-label="0000001"');
  expect((await ask('/get/@octocat', own)).body).toContain('aria-label="0000002"');
  expect((await ask('/record/@octocat', own)).body).toBe('{"name":"octocat","num":3}');
  expect((await ask('/heart-beat', own)).body).toBe('alive');
  expect((await ask('/@octocat?scale=9', own)).status).toBe(400);
});

test('a total below 0 is shown as 0', async () => {
  const { ask, store } = begin();
  await store.registry.create('moe-counter/octocat', { total: -5, madeAt: 0, owner: '' });
  expect((await ask('/moe-counter/@octocat')).body).toContain('aria-label="0000000"');
});
