/**
 * Counters as pictures: badges, charts and the pixel; what they count and show, and errors, which
 * are pictures too.
 */
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../../src/counter/errors.ts';
import { logoUrl } from '../../../../src/images/logo.ts';
import { findLogo } from '../../../../src/images/logo-files.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';
import { elementsOf, wordsOf } from '../../../support/svg.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 24 * 3600_000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

function begin(options: Parameters<typeof setUp>[0] = {}) {
  let now = NOW;
  const app = setUp({ now: () => now, ...options });
  return {
    ...app,
    later: (ms: number) => {
      now += ms;
    },
    words: async (path: string, headers: Record<string, string> = {}) => {
      const { status, body } = await app.ask(path, headers);
      expect(status).toBe(200);
      return wordsOf(body);
    },
    total: async (name: string) => (await app.store.registry.describe(name))?.total,
  };
}

describe('a badge', () => {
  test('counts, or only reads, on any counter', async () => {
    const { words, total } = begin();
    expect(await words('/badge/my-site/page.svg')).toBe('visits: 1');
    expect(await words('/badge/my-site/page.svg')).toBe('visits: 2');
    expect(await words('/badge/my-site/page.svg?count=no')).toBe('visits: 2');
    expect(await words('/badge/hits.svg')).toBe('visits: 1');
    expect(await words('/badge/hits.svg?count=no')).toBe('visits: 1');
    expect([await total('my-site/page'), await total('hits')]).toEqual([2, 1]);
    // A key may end like a file.
    expect(await words('/badge/my-site/page.svg.svg')).toBe('visits: 1');
    expect(await total('my-site/page.svg')).toBe(1);
  });

  test('has the requested text, style and colours', async () => {
    const { ask, words } = begin();
    expect(await words('/badge/hits.svg?label=seen%20by')).toBe('seen by: 1');
    const { body } = await ask(
      '/badge/hits.svg?style=for-the-badge&color=ff0066&labelColor=green&label=x',
    );
    expect(body).toContain('#ff0066');
    expect(body).not.toBe((await ask('/badge/hits.svg?style=flat')).body);
  });

  test('writes large numbers in full, in a language’s format, or abbreviated', async () => {
    const { words, store } = begin();
    await store.registry.create('my-site/page', { total: 1_299_999, madeAt: 0, owner: '' });
    const written = (query: string) => words(`/badge/my-site/page.svg?count=no&${query}`);
    expect(await written('')).toBe('visits: 1299999');
    expect(await written('number=grouped')).toBe('visits: 1,299,999');
    expect(await written('number=grouped&lang=de')).toBe('visits: 1.299.999');
    expect(await written('number=short')).toBe('visits: 1.2M');
    expect(await written('number=short&lang=de')).toBe('visits: 1,2\u00A0Mio.');
  });

  test('shows today’s visits or visitors instead of the total', async () => {
    const { words, later } = begin();
    const from = (address: string) => ({ 'X-Forwarded-For': address, 'User-Agent': FIREFOX });
    await words('/badge/my-site/page.svg', from('192.0.2.1'));
    later(DAY);
    await words('/badge/my-site/page.svg', from('192.0.2.1'));
    await words('/badge/my-site/page.svg', from('192.0.2.1'));
    expect(await words('/badge/my-site/page.svg?show=visitors', from('192.0.2.2'))).toBe(
      'visits: 2',
    );
    expect(await words('/badge/my-site/page.svg?count=no&show=today')).toBe('visits: 3');
    expect(await words('/badge/my-site/page.svg?count=no')).toBe('visits: 4');
  });

  test('shows the visits of people, or today’s visits beside the total', async () => {
    const { words, later, store } = begin();
    const seen = (query: string) => words(`/badge/my-site/page.svg?count=no&${query}`);
    await store.registry.create('my-site/page', { total: 12_000, madeAt: 0, owner: '' });
    const person = { 'User-Agent': FIREFOX };
    await words('/badge/my-site/page.svg', person);
    await words('/badge/my-site/page.svg', { 'User-Agent': 'curl/8.0' });
    // Hours of this age are combined into days.
    later(40 * DAY);
    await words('/badge/my-site/page.svg', person);
    await words('/badge/my-site/page.svg', { 'User-Agent': 'github-camo (0)' });
    expect(await seen('show=people')).toBe('visits: 2');
    expect(await words('/badge/my-site/page.svg?show=people', person)).toBe('visits: 3');
    expect(await seen('show=today-total')).toBe('visits: 3 / 12005');
    expect(await seen('show=TODAY-TOTAL&number=grouped')).toBe('visits: 3 / 12,005');
    expect(await seen('show=today-total&number=short&lang=de')).toBe('visits: 3 / 12.005');
    expect(await words('/badge/my-site/page.svg?show=today-total', person)).toBe(
      'visits: 4 / 12006',
    );
    expect(await words('/badge/hits.svg?count=no&show=today-total')).toBe('visits: 0 / 0');
  });

  test('reads nothing but the total unless it shows more', async () => {
    const { words, store } = begin();
    let reads = 0;
    const read = store.history.read.bind(store.history);
    store.history.read = (name) => {
      reads++;
      return read(name);
    };
    const describeCounter = store.registry.describe.bind(store.registry);
    store.registry.describe = (name) => {
      reads++;
      return describeCounter(name);
    };
    await words('/badge/my-site/page.svg?style=social&logo=github');
    await words('/badge/my-site/page.svg?show=total');
    expect(reads).toBe(0);
    await words('/badge/my-site/page.svg?show=today-total');
    expect(reads).toBe(1);
  });

  test('that has counted is no error when the rest cannot be read', async () => {
    const { ask, words, store, total } = begin();
    store.history.read = () =>
      Promise.reject(new AppError('store-unavailable', 'The store does not answer.'));
    expect(await words('/badge/my-site/page.svg?show=today-total')).toBe('visits: 1');
    for (const show of ['today', 'visitors', 'people']) {
      const { headers, body } = await ask(`/badge/my-site/page.svg?show=${show}`);
      expect([wordsOf(body), headers.get('X-Seen-Error')]).toEqual([
        'visits: not available',
        null,
      ]);
    }
    expect(await total('my-site/page')).toBe(4);
    const { headers } = await ask('/badge/my-site/page.svg?count=no&show=today');
    expect(headers.get('X-Seen-Error')).toBe('store-unavailable');
  });

  test('has a logo, which no other picture may load and no unknown name brings', async () => {
    const { ask } = begin();
    const github = await findLogo('github');
    if (!github) throw new Error('simple-icons has no github');
    const policy = (headers: Headers) => headers.get('Content-Security-Policy');
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask('/badge/hits.svg?count=no&logo=github', {}, method);
      expect(policy(headers)).toBe(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
      );
    }
    const { body } = await ask('/badge/hits.svg?count=no&logo=GitHub&style=social');
    expect(body).toContain(`href="${logoUrl(github, true)}"`);
    const coloured = await ask('/badge/hits.svg?count=no&logo=github&logoColor=f06');
    expect(coloured.body).toContain(`href="${logoUrl(github, false, '#f06')}"`);
    const plain = await ask('/badge/hits.svg?count=no&logoColor=f06');
    expect(plain.body).not.toContain('data:');
    expect(policy(plain.headers)).toBe("default-src 'none'; style-src 'unsafe-inline'; sandbox");
  });

  test('counts once for a key, once for a visitor within a window, and not for a prefetch', async () => {
    const { words, ask, total, store } = begin();
    const key = { 'Idempotency-Key': 'a-key' };
    await words('/badge/my-site/page.svg', key);
    expect(await words('/badge/my-site/page.svg', key)).toBe('visits: 1');
    expect(await words('/badge/my-site/page.svg', { 'Sec-Purpose': 'prefetch' })).toBe(
      'visits: not counted',
    );
    expect((await ask('/badge/my-site/page.svg', {}, 'HEAD')).status).toBe(200);
    expect(await words('/badge/my-site/page.svg', { Cookie: 'seen_own_visits=out' })).toBe(
      'visits: 1',
    );
    expect(await total('my-site/page')).toBe(1);
    await store.registry.change('my-site/page', {
      rules: {
        lowest: 0,
        highest: 1,
        settable: false,
        private: false,
        windowMs: 60_000,
      },
    });
    const visitor = { 'User-Agent': FIREFOX };
    for (let n = 0; n < 3; n++)
      expect(await words('/badge/my-site/page.svg', visitor)).toBe('visits: 2');
  });

  test('of a private counter counts, and shows no number', async () => {
    const { words, store, total } = begin();
    const rules = { lowest: 0, highest: 1, settable: false, private: true, windowMs: 0 };
    await store.registry.create('my-site/page', { total: 41, madeAt: 0, owner: '', rules });
    for (const show of ['total', 'today', 'visitors', 'people', 'today-total']) {
      expect(await words(`/badge/my-site/page.svg?show=${show}`)).toBe('visits: private');
    }
    expect(await words('/badge/my-site/page.svg?count=no')).toBe('visits: no such counter');
    expect(await words('/chart/my-site/page.svg')).toBe('visits: no such counter');
    expect(await total('my-site/page')).toBe(46);
  });

  test('of a default counter that an import into Seen 1.0.0 made private shows no number, and neither does its chart', async () => {
    const { words, store } = begin();
    for (let n = 0; n < 3; n++) await words('/badge/hits.svg');
    await store.registry.change('hits', {
      rules: { lowest: 0, highest: 1, settable: false, private: true, windowMs: 0 },
    });
    for (const path of [
      '/chart/hits.svg',
      '/badge/hits.svg?count=no',
      '/badge/hits.svg?count=no&show=today',
    ]) {
      expect(await words(path)).toBe('visits: no such counter');
    }
  });

  test('is also available as data for shields.io', async () => {
    const { ask } = begin();
    const json = async (path: string) => JSON.parse((await ask(path)).body);
    expect(await json('/badge/my-site/page.json?label=seen&color=red&style=plastic')).toEqual({
      schemaVersion: 1,
      label: 'seen',
      message: '1',
      color: 'red',
      style: 'plastic',
    });
    expect(
      await json('/badge/my-site/page.json?show=today-total&logo=GitHub&logoColor=tomato'),
    ).toEqual({
      schemaVersion: 1,
      label: 'visits',
      message: '2 / 2',
      color: 'blue',
      style: 'flat',
      namedLogo: 'github',
      logoColor: '#ff6347',
    });
    // shields.io refuses a colour without a logo.
    expect(await json('/badge/my-site/page.json?count=no&logo=nothing&logoColor=red')).toEqual({
      schemaVersion: 1,
      label: 'visits',
      message: '2',
      color: 'blue',
      style: 'flat',
    });
    expect(await json('/badge/my-site/none.json?count=no')).toEqual({
      schemaVersion: 1,
      label: 'visits',
      message: 'no such counter',
      isError: true,
    });
  });
});

describe('an invalid style parameter', () => {
  const LOOKS = [
    ['style', 'round'],
    ['color', 'nocolour'],
    ['color', 'constructor'],
    ['labelColor', 'rgb(1,2'],
    ['lang', '!!'],
    ['lang', `en-${'x'.repeat(200)}`],
    ['number', 'roman'],
    ['show', 'all'],
    ['show', 'today_total'],
    ['logo', 'nosuchlogo'],
    ['logo', '../paths.txt'],
    ['logo', 'data:image/png;base64,AAAA'],
    ['logo', ''],
    ['logoColor', 'nocolour'],
    ['logoColor', 'red'],
    ['style', ''],
    ['color', '%zz'],
  ] as const;

  test('is ignored, and the visit counts', async () => {
    const { ask, total } = begin();
    let visits = 0;
    for (const [name, value] of LOOKS) {
      const { headers, body } = await ask(`/badge/my-site/page.svg?${name}=${value}`);
      expect({ name, value, error: headers.get('X-Seen-Error') }).toEqual({
        name,
        value,
        error: null,
      });
      visits++;
      const plain = await ask('/badge/my-site/page.svg?count=no');
      expect({ name, value, body }).toEqual({ name, value, body: plain.body });
    }
    expect(await total('my-site/page')).toBe(visits);
  });

  test('is ignored in data for shields.io and in Abacus’ badge too', async () => {
    const { ask, total } = begin();
    let visits = 0;
    for (const [name, value] of LOOKS) {
      const { body } = await ask(`/badge/my-site/page.json?${name}=${value}`);
      expect(JSON.parse(body)).toEqual({
        schemaVersion: 1,
        label: 'visits',
        message: `${++visits}`,
        color: 'blue',
        style: 'flat',
      });
    }
    for (const query of [
      'bgcolor=nocolour',
      'textcolor=12',
      'style=round',
      'font=x',
      'fontsize=x',
    ]) {
      const { status, headers } = await ask(`/abacus/hit/my-site/page/shield?${query}`);
      expect({ query, status, type: headers.get('Content-Type') }).toEqual({
        query,
        status: 200,
        type: 'image/svg+xml',
      });
      visits++;
    }
    expect(await total('my-site/page')).toBe(visits);
  });

  test('is none of these: CSS colours, styles in upper case, and text that is cut to fit', async () => {
    const { ask } = begin();
    const json = async (query: string) =>
      JSON.parse((await ask(`/badge/hits.json?count=no&${query}`)).body);
    for (const [color, said] of [
      ['tomato', '#ff6347'],
      ['RED', 'red'],
      ['%23F06', '#f06'],
      ['FF006680', '#ff006680'],
      ['rgb(255,0,102)', '#ff0066'],
      ['hsl(120,100%25,50%25)', '#00ff00'],
    ]) {
      expect({ color, ...(await json(`color=${color}&labelColor=${color}`)) }).toMatchObject({
        color: said,
        labelColor: said,
      });
    }
    expect(await json('style=PLASTIC&number=Grouped&show=TOTAL')).toMatchObject({
      style: 'plastic',
    });
    const { label } = await json(`label=${'%F0%9F%91%80'.repeat(101)}`);
    expect(label).toBe('👀'.repeat(100));
  });

  test('of a chart is ignored, too', async () => {
    const { ask } = begin();
    const plain = (await ask('/chart/hits.svg')).body;
    for (const query of ['theme=blue', 'lang=!!', 'theme=AUTO']) {
      expect((await ask(`/chart/hits.svg?${query}`)).body).toBe(plain);
    }
    expect((await ask(`/chart/hits.svg?title=${'x'.repeat(101)}`)).body).toContain(
      `${'x'.repeat(100)}: `,
    );
  });
});

describe('a chart', () => {
  test('shows the visits by day, hour and month, and never counts', async () => {
    const { ask, later, words, total } = begin();
    for (let n = 0; n < 3; n++) await ask('/hit/my-site/page');
    later(DAY);
    await ask('/hit/my-site/page');
    expect(await words('/chart/my-site/page.svg')).toBe('my-site/page: 4 visits in 30 days');
    expect(await words('/chart/my-site/page.svg?by=hour')).toBe(
      'my-site/page: 4 visits in 48 hours',
    );
    expect(await words('/chart/my-site/page.svg?by=month&title=Front')).toBe(
      'Front: 4 visits in 12 months',
    );
    expect(await words('/chart/hits.svg')).toBe('hits: 0 visits in 30 days');
    expect((await ask('/chart/hits.svg')).body).toContain('>no visits yet<');
    await ask('/hit/my-site/once');
    expect(await words('/chart/my-site/once.svg')).toBe('my-site/once: 1 visit in 30 days');
    const { body } = await ask('/chart/my-site/page.svg');
    const bars = [...body.matchAll(/<rect class="bar"[^>]*><title>([^<]*)</g)].map(
      ([, said]) => said,
    );
    expect(bars.slice(-2)).toEqual(['Nov 22: 3', 'Nov 23: 1']);
    const german = await ask('/chart/my-site/page.svg?by=month&lang=de&zone=Europe/Berlin');
    expect(german.body).toContain('Nov. 2026: 4');
    expect(await total('my-site/page')).toBe(4);
  });

  test('without visits says so', async () => {
    const { ask, later } = begin();
    await ask('/hit/my-site/page');
    const body = async () => (await ask('/chart/my-site/page.svg')).body;
    expect(await body()).not.toContain('no visits');
    later(40 * DAY);
    expect(await body()).toContain('>no visits in this time<');
    expect((await ask('/chart/my-site/page.svg?by=month')).body).not.toContain('no visits');
  });

  test('has the colours of a theme, or a ground of its own', async () => {
    const { ask } = begin();
    const body = async (theme: string) => (await ask(`/chart/hits.svg?theme=${theme}`)).body;
    const [auto, light, dark] = [await body('auto'), await body('light'), await body('dark')];
    expect(new Set([auto, light, dark]).size).toBe(3);
    expect(light + dark).not.toMatch(/prefers-color-scheme|class="ground"/);
    expect(auto).toContain('<rect class="ground"');
  });
});

test('the pixel counts and is invisible, also when it cannot count', async () => {
  const { app, ask, total, store } = begin();
  const { status, headers, body } = await ask('/pixel/my-site/page.gif');
  expect({ status, type: headers.get('Content-Type'), begins: body.slice(0, 6) }).toEqual({
    status: 200,
    type: 'image/gif',
    begins: 'GIF89a',
  });
  await ask('/pixel/my-site/page.gif');
  expect(await total('my-site/page')).toBe(2);
  const refused = await ask('/pixel/no/page.gif');
  expect({
    status: refused.status,
    code: refused.headers.get('X-Seen-Error'),
    begins: refused.body.slice(0, 6),
  }).toEqual({
    status: 200,
    code: 'name-invalid',
    begins: 'GIF89a',
  });
  expect(app.underWay()).toBe(0);
  expect(await store.registry.size()).toBe(1);
});

describe('every picture', () => {
  const PICTURES = ['/badge/hits.svg', '/badge/hits.json', '/chart/hits.svg', '/pixel/hits.gif'];

  test('must not be cached, can be shown anywhere, and runs nothing', async () => {
    const { ask } = begin();
    for (const path of PICTURES) {
      for (const asked of [path, path.replace('hits', 'no')]) {
        const { status, headers } = await ask(asked);
        expect({
          asked,
          status,
          cache: headers.get('Cache-Control'),
          policy: headers.get('Content-Security-Policy'),
          from: headers.get('Cross-Origin-Resource-Policy'),
          cors: headers.get('Access-Control-Allow-Origin'),
          sniff: headers.get('X-Content-Type-Options'),
        }).toEqual({
          asked,
          status: 200,
          cache: 'max-age=0, no-cache, no-store, must-revalidate',
          policy: "default-src 'none'; style-src 'unsafe-inline'; sandbox",
          from: 'cross-origin',
          cors: '*',
          sniff: 'nosniff',
        });
      }
    }
  });

  test('that fails is a picture of the error, with the code in a header', async () => {
    const { ask, words, store, hits } = begin();
    const said = async (path: string) => [
      await words(path),
      (await ask(path)).headers.get('X-Seen-Error'),
    ];
    expect(await said('/badge/my-site/none.svg?count=no')).toEqual([
      'visits: no such counter',
      'counter-missing',
    ]);
    expect(await said('/chart/my-site/none.svg')).toEqual([
      'visits: no such counter',
      'counter-missing',
    ]);
    expect(await said('/badge/a/b.svg?label=seen')).toEqual([
      'seen: no such name',
      'name-invalid',
    ]);
    expect(await said('/badge/hits.png')).toEqual(['visits: no such picture', 'route-missing']);
    // Whether it counts is no question of how it looks.
    expect((await ask('/badge/hits.svg?count=perhaps')).headers.get('X-Seen-Error')).toBe(
      'request-invalid',
    );
    expect((await ask('/chart/hits.svg?by=year')).headers.get('X-Seen-Error')).toBe(
      'request-invalid',
    );
    expect((await ask('/chart/hits.svg?zone=Nowhere')).headers.get('X-Seen-Error')).toBe(
      'request-invalid',
    );
    expect(await hits()).toBe(0);
    store.counting.steps.push(...Array.from({ length: 1 }, () => 'bug' as const));
    expect(await words('/badge/hits.svg')).toBe('visits: not available');
  });

  test('is well-formed whatever its text is', async () => {
    const { ask } = begin();
    for (const label of ['<script>', '"&\'', '\u0000\u0007', '𝕏 ☃', ']]>', '--><svg onload=x>']) {
      for (const path of [
        '/badge/hits.svg?label=',
        '/chart/hits.svg?title=',
        '/badge/no.svg?label=',
      ]) {
        const { body } = await ask(`${path}${encodeURIComponent(label)}`);
        const elements = elementsOf(body);
        expect(elements.length).toBeGreaterThan(3);
        expect(elements.filter(({ name }) => /script|foreignObject|use|image/.test(name))).toEqual(
          [],
        );
        expect(
          elements
            .flatMap(({ attributes }) => Object.keys(attributes))
            .filter((key) => /^on|href/.test(key)),
        ).toEqual([]);
      }
    }
  });

  test('says when the store is unavailable', async () => {
    const { app, store, clock, words } = begin();
    store.counting.steps.push(
      'refuse',
      'refuse',
      'refuse',
      'refuse',
      'refuse',
      'refuse',
      'refuse',
      'refuse',
      'refuse',
    );
    const asked = words('/badge/hits.svg');
    await clock.pass(2000);
    expect(await asked).toBe('visits: not available');
    expect(app.underWay()).toBe(0);
  });

  test('has the same limits as other requests', async () => {
    const { words } = begin({ requestsPerMinute: 2 });
    for (let n = 0; n < 2; n++) expect(await words('/badge/hits.svg?count=no')).toBe('visits: 0');
    expect(await words('/badge/hits.svg?count=no')).toBe('visits: too many requests');
    expect(
      await words('/badge/hits.svg?count=no', { Authorization: `Bearer ${INSTALLATION}` }),
    ).toBe('visits: 0');
  });
});
