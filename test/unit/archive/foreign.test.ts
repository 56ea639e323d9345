/**
 * Reads the data of other counters: lists, exports of GoatCounter, badges, and Redis databases.
 */
import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readBusuanzi, type StoredTotal } from '../../../src/archive/formats/busuanzi.ts';
import { Names, readNames } from '../../../src/archive/formats/busuanzi-names.ts';
import { readRedisKeys } from '../../../src/archive/formats/plain.ts';
import { type Item, keyFor } from '../../../src/archive/item.ts';
import { COUNTER_PART } from '../../../src/counter/name.ts';
import { countersIn, itemsOf, mistakesIn, notesIn } from '../../support/archive.ts';

// eslint-disable-next-line no-control-regex -- what does something to a terminal
const CONTROLS = /[\u0000-\u001F\u007F-\u009F]/;
const totals = (items: readonly Item[]) =>
  Object.fromEntries(countersIn(items).map(({ counter, total }) => [counter, total]));
async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
async function gathered(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
const md5 = (text: string) => new Bun.CryptoHasher('md5').update(text).digest('hex');

describe('a list', () => {
  test('can be written in many ways', async () => {
    const list = [
      'counter,total',
      '',
      '# those of the old site',
      'my-site/one,1',
      '  my-site/two , 2  ',
      '"my-site/three","3"',
      'hits,-4',
      'my-site/huge,9007199254740991',
    ].join('\r\n');
    const items = await itemsOf(`\uFEFF${list}`);
    expect(mistakesIn(items)).toEqual([]);
    const expected = {
      'my-site/one': 1,
      'my-site/two': 2,
      'my-site/three': 3,
      hits: -4,
      'my-site/huge': 9007199254740991,
    };
    expect(totals(items)).toEqual(expected);
    expect(totals(await itemsOf('my-site/one;1\nmy-site/two\t2'))).toEqual({
      'my-site/one': 1,
      'my-site/two': 2,
    });
    expect(totals(await itemsOf('one,1\nother/two,2\nhits,3', { namespace: 'my-site' }))).toEqual({
      'my-site/one': 1,
      'other/two': 2,
      hits: 3,
    });
    expect(totals(await itemsOf(gzipSync('my-site/one,1\n')))).toEqual({ 'my-site/one': 1 });
  });

  test('gets a note when its first line may be a counter and not headings', async () => {
    for (const first of ['my-site/about,n/a', 'https://hits.sh/github.com/a/b/,none']) {
      const items = await itemsOf(`# old\n${first}\nmy-site/page,7\n`);
      expect(totals(items)).toEqual({ 'my-site/page': 7 });
      expect(notesIn(items)).toEqual([
        expect.stringMatching(/^line 2 is taken for headings, because "n.*write its total$/),
      ]);
    }
    expect(notesIn(await itemsOf('Counter,Total\nmy-site/page,7\n'))).toEqual([]);
  });

  test('sets only the total of each counter', async () => {
    expect(countersIn(await itemsOf('my-site/one,1'))).toEqual([
      {
        counter: 'my-site/one',
        total: 1,
        madeAt: undefined,
        owner: undefined,
        rules: { lowest: 0, highest: 1, settable: false, private: false, windowMs: 0 },
        past: { hours: [], days: [], visitors: new Map() },
      },
    ]);
  });

  test('gets an error for each wrong line, with the correct form', async () => {
    for (const [line, expected] of [
      ['my-site,1', 'is not a counter name'],
      ['my-site/a,1', 'is not a counter name'],
      ['my-site/a b c,1', 'is not a counter name'],
      ['my-site/abc/def,1', 'is not a counter name'],
      [`my-site/${'x'.repeat(65)},1`, 'is not a counter name'],
      ['my-site/page', 'is not a name and a total'],
      ['my-site/page,1,234', 'is not a name and a total'],
      ['my-site/page;1,234', 'is ambiguous: it may be the total'],
      ['my-site/page,1.5', 'is not a total'],
      ['my-site/page,1e5', 'is not a total'],
      ['my-site/page,0x10', 'is not a total'],
      ['my-site/page,', 'is not a total'],
      ['my-site/page,9007199254740992', 'is out of range'],
      ['my-site/page,-9007199254740992', 'is out of range'],
      ['=cmd|x!A1,1', 'is not a counter name'],
      ['\u001B[2Jx/abc,1', 'is not a counter name'],
      ['my-site/first,2', 'is already in line 1'],
    ] as const) {
      const mistakes = mistakesIn(await itemsOf(`my-site/first,1\n${line}\nmy-site/last,3\n`));
      expect({ line, mistakes }).toEqual({
        line,
        mistakes: [expect.stringMatching(new RegExp(`^2: .*${expected}`))],
      });
      expect(mistakes.join('')).not.toMatch(CONTROLS);
    }
  });
});

describe('the counter name for a path', () => {
  test('is readable, and always the same', () => {
    for (const [path, key] of [
      ['/', 'index'],
      ['', 'index'],
      ['/about', 'about'],
      ['/about/', 'about'],
      ['/blog/2026/a-post.html', 'blog-2026-a-post.html'],
      ['/a', '..a'],
      ['/日本', 'ff892135ad'],
      ['/日本/x', 'x-e245715941'],
    ] as const) {
      expect({ path, key: keyFor(path) }).toEqual({ path, key });
    }
  });

  test('is valid, and differs for paths that differ in more than slashes', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.string({ unit: 'binary' }), (path, text) => {
        for (const one of [path, text, `${path}${text}`])
          expect(keyFor(one)).toMatch(COUNTER_PART);
      }),
    );
    const paths = [
      '/x?a=1',
      '/x?a=2',
      '/x#a',
      '/é',
      '/è',
      `/${'a'.repeat(70)}`,
      `/${'a'.repeat(71)}`,
      '/x a',
      '/x  a',
      '/…',
      '/-',
    ];
    expect(new Set(paths.map(keyFor)).size).toBe(paths.length);
  });
});

describe('an export of GoatCounter', () => {
  const HEAD_2 =
    '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date';
  const HEAD_1 =
    '1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size,Location,Date';
  const HEAD_0 =
    'Path,Title,Event,Bot,Referrer (sanitized),Referrer query params,Original Referrer,Browser,Screen size,Location,Date';
  const row2 = (path: string, bot: number, first: boolean, date: string) =>
    `${path},"A ""title"",\nof two lines",false,,Firefox 132,Linux,1f-ab,${bot},,,"1920,1080,1",NZ,${first},${date}`;
  const read = (text: string) => itemsOf(text, { namespace: 'my-blog' });

  test('gives totals, hours and visitors of each page', async () => {
    const items = await read(
      [
        HEAD_2,
        row2('/', 0, true, '2026-11-20T10:11:12Z'),
        row2('/', 1, false, '2026-11-20T10:59:59Z'),
        row2('/', 0, true, '2026-11-20T11:00:00Z'),
        row2('/', 5, true, '2026-11-20T12:00:00Z'),
        row2('/', 4, false, '2026-11-20T13:00:00Z'),
        row2('/about', 0, true, '2026-11-21T01:00:00+02:00'),
      ].join('\n'),
    );
    expect(mistakesIn(items)).toEqual([]);
    const [index, about] = countersIn(items);
    const hour = Date.UTC(2026, 10, 20, 10) / 3_600_000;
    const day = Math.floor(hour / 24);
    expect(index).toMatchObject({
      counter: 'my-blog/index',
      total: 5,
      madeAt: Date.UTC(2026, 10, 20, 10, 11, 12),
    });
    expect(index?.past).toEqual({
      hours: [
        { at: hour, kind: 'person', amount: 2 },
        { at: hour + 1, kind: 'person', amount: 1 },
        { at: hour + 2, kind: 'bot', amount: 1 },
        { at: hour + 3, kind: 'program', amount: 1 },
      ],
      days: [],
      visitors: new Map([[day, 2]]),
    });
    expect(about?.past.hours).toEqual([{ at: hour + 13, kind: 'person', amount: 1 }]);
    expect(notesIn(items)).toEqual([
      expect.stringContaining('1 visit by bots: part of the totals'),
      expect.stringContaining('the totals are of all 6 visits; GoatCounter itself shows 3'),
    ]);
  });

  test('can have any version, compressed or not', async () => {
    const one = '/x/y,Title,false,0,1f,true,,,Firefox,,NZ,2026-11-20T10:11:12Z';
    const none = '/x/y,Title,false,0,,,,Firefox,,NZ,2026-11-20T10:11:12Z';
    const two = row2('/x/y', 0, true, '2026-11-20T10:11:12Z');
    for (const text of [
      `${HEAD_2}\n${two}`,
      `${HEAD_2.replace('2Path', '2,Path')}\n${two}`,
      `${HEAD_1}\n${one}`,
      `${HEAD_0}\n${none}`,
    ]) {
      for (const content of [text, gzipSync(text)]) {
        const items = await itemsOf(content, { namespace: 'my-blog' });
        expect(mistakesIn(items)).toEqual([]);
        expect(totals(items)).toEqual({ 'my-blog/x-y': 1 });
        expect(countersIn(items)[0]?.past.visitors.size).toBe(text.startsWith('Path') ? 0 : 1);
      }
    }
    expect(notesIn(await read(`${HEAD_0}\n${none}`))).toEqual([
      expect.stringContaining('no visitors come with it'),
    ]);
    await expect(read(`${HEAD_2.replace('2Path', '3Path')}\n${two}`)).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('has version "3", and this Seen supports 1 and 2'),
    });
  });

  test('adds up paths with the same counter name, and reports it', async () => {
    const items = await read(
      [
        HEAD_2,
        ...['/a/b', '/a-b', '/a/b/'].map((path) => row2(path, 0, false, '2026-11-20T10:00:00Z')),
      ].join('\n'),
    );
    expect(totals(items)).toEqual({ 'my-blog/a-b': 3 });
    expect(notesIn(items)).toEqual([
      'my-blog/a-b is 3 paths added up: "/a/b", "/a-b", "/a/b/"',
      expect.stringContaining('GoatCounter itself shows 0'),
    ]);
  });

  test('gets an error for each wrong row', async () => {
    const good = row2('/ok', 0, true, '2026-11-20T10:00:00Z').replace('\n', ' ');
    for (const [row, expected] of [
      [good.replace(',0,', ',no,'), 'the column Bot'],
      [good.replace('true', 'maybe'), 'the column FirstVisit'],
      [good.replace('2026-11-20T10:00:00Z', 'yesterday'), 'is not a time'],
      [good.replace('2026-11-20T10:00:00Z', '2026-13-20T10:00:00Z'), 'is not a time'],
      ['/short', 'has 1 cells'],
    ] as const) {
      expect(mistakesIn(await read([HEAD_2, good, row, good].join('\n')))).toEqual([
        expect.stringMatching(new RegExp(`^3: .*${expected}`)),
      ]);
    }
    await expect(itemsOf(`${HEAD_2}\n${good}`)).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('--namespace'),
    });
  });
});

describe('a badge', () => {
  const svg = (...texts: string[]) =>
    `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><title>5</title><!-- <text>7</text> --><g>${texts.map((text) => `<text x="1">${text}</text>`).join('\n')}</g></svg>`;
  const read = (text: string) => itemsOf(text, { as: 'my-site/page' });

  test('gives its number, however it is written', async () => {
    for (const [texts, total] of [
      [['visitors', '1234'], 1234],
      [['visitors', 'visitors', '1234', '1234'], 1234],
      [['hits', ' 1 / 12345 '], 12345],
      [['hits', '1,001 / 12,345'], 12345],
      [['views 2024', '1,234,567'], 1234567],
      [['views', '1.234.567'], 1234567],
      [['views', '1&#160;234&#xa0;567'], 1234567],
      [['views', '1\u202F234\u2009567'], 1234567],
      [['views', '1’234’567'], 1234567],
      [['views', '12,34,567'], 1234567],
      [['views', '<tspan>1</tspan><tspan>2</tspan>'], 12],
      [['0'], 0],
      [['views', '12,345', ''], 12345],
    ] as const) {
      expect({ texts, items: totals(await read(svg(...texts))) }).toEqual({
        texts,
        items: { 'my-site/page': total },
      });
    }
  });

  test('is refused when its number is not known for certain', async () => {
    for (const [text, expected] of [
      [svg('views', '12.3k'), 'is abbreviated'],
      [svg('views', '1M'), 'is abbreviated'],
      [svg('views', '1.2万'), 'is abbreviated'],
      [svg('views', '1.5'), 'and not a number'],
      [svg('views', '1,23,4'), 'and not a number'],
      [svg('views', '1,234.567'), 'and not a number'],
      [svg('views', 'no hits'), 'and not a number'],
      [svg('1234', 'hits'), 'and not a number'],
      [svg('views', '99999999999999999999'), 'is out of range'],
      ['<svg><image href="data:image/gif;base64,R0lG"/><image/></svg>', 'are images'],
      ['<svg/>', 'there is no text'],
    ] as const) {
      expect({ text, mistakes: mistakesIn(await read(text)) }).toEqual({
        text,
        mistakes: [expect.stringContaining(expected)],
      });
    }
    await expect(itemsOf(svg('hits', '1'))).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('--as'),
    });
  });
});

describe('the Redis of another program', () => {
  test('gives the counter of the guide, and others under names of their own', async () => {
    const kept: StoredTotal[] = [
      { key: 'hits', value: '41' },
      { key: 'my-site/page', value: '1' },
      { key: 'my-site:other', value: '-2' },
      { key: 'seen:total:abc/def', value: '9' },
    ];
    expect(totals(await gathered(readRedisKeys(each(kept), undefined)))).toEqual({
      hits: 41,
      'my-site/page': 1,
      'my-site/other': -2,
    });
    const own = await gathered(
      readRedisKeys(
        each([
          { key: 'views:/about', value: '3' },
          { key: 'page', value: '4' },
        ]),
        'my-site',
      ),
    );
    expect(totals(own)).toEqual({ 'my-site/views-about': 3, 'my-site/page': 4 });
    expect(
      mistakesIn(await gathered(readRedisKeys(each([{ key: 'page', value: '4' }]), undefined))),
    ).toEqual([expect.stringContaining('--namespace')]);
    expect(
      mistakesIn(await gathered(readRedisKeys(each([{ key: 'hits', value: 'x' }]), undefined))),
    ).toEqual([expect.stringContaining('not a whole number')]);
    expect(mistakesIn(await gathered(readRedisKeys(each([]), undefined)))).toEqual([
      expect.stringContaining('--keys'),
    ]);
  });
});

describe('the Redis of busuanzi', () => {
  const site = md5('example.com');
  const kept: StoredTotal[] = [
    { key: `bsz:site_pv:${site}`, value: '1000' },
    { key: `bsz:page_pv:${site}`, member: md5('/about'), value: '70' },
    { key: `bsz:page_pv:${site}`, member: md5('/'), value: '30.0' },
    { key: `bsz:page_pv:${md5('example.com&/old')}`, value: '5' },
    { key: `bsz:site_uv:${site}`, value: '' },
    { key: `bsz:page_uv:${site}:${md5('/about')}`, value: '' },
    { key: 'bsz:other', value: '7' },
  ];
  const names = (text: string) =>
    readNames(each(text.split('\n').map((line, index) => ({ number: index + 1, text: line }))));

  test('gives sites and pages under the names in a list of addresses', async () => {
    const known = await names(
      '# mine\nexample.com,my-site/total\nhttps://example.com/about, my-site/about\nexample.com/old,my-site/old\nexample.com/,my-site/home\n',
    );
    const items = await gathered(readBusuanzi(each(kept), known, undefined));
    expect(totals(items)).toEqual({
      'my-site/total': 1000,
      'my-site/about': 70,
      'my-site/home': 30,
      'my-site/old': 5,
    });
    expect(notesIn(items)).toEqual([expect.stringContaining('2 sets of visitors are left out')]);
    const some = await gathered(
      readBusuanzi(each(kept), await names('example.com,my-site/total'), undefined),
    );
    expect(totals(some)).toEqual({ 'my-site/total': 1000 });
    expect(notesIn(some)[0]).toContain('3 totals are left out');
  });

  test('is read in any version, and with short hashes', async () => {
    const known = await names('example.com,my-site/total\nexample.com/about,my-site/about');
    const short = (text: string) => md5(text).slice(8, 24);
    for (const [sites, page] of [
      [short('example.com'), short('/about')],
      [site, md5('example.com&/about')],
      [site, md5('example.com/about')],
    ]) {
      const of = [
        { key: `any:site_pv:${sites}`, value: '2' },
        { key: `any:page_pv:${sites}`, member: page, value: '1' },
      ];
      expect(totals(await gathered(readBusuanzi(each(of), known, undefined)))).toEqual({
        'my-site/total': 2,
        'my-site/about': 1,
      });
    }
  });

  test('gives unnamed pages under their hashes, if there is a namespace for them', async () => {
    const items = await gathered(readBusuanzi(each(kept), new Names(), 'my-site'));
    expect(Object.values(totals(items))).toEqual([1000, 70, 30, 5]);
    for (const { counter } of countersIn(items))
      expect(counter.split('/')[1]).toMatch(COUNTER_PART);
    expect(countersIn(items)[0]?.counter).toBe(`my-site/site-${site}`);
  });

  test('finds a page however its address is written: as browsers send it, as people read it, with query and fragment', async () => {
    // What soxft/busuanzi hashes: the host and the decoded path of location.href, as Go parses it.
    const page = '/你好/a b.html';
    const of: StoredTotal[] = [
      { key: `bsz:site_pv:${site}`, value: '10' },
      { key: `bsz:page_pv:${site}`, member: md5(page), value: '7' },
    ];
    for (const address of [
      'example.com/你好/a b.html',
      'example.com/%E4%BD%A0%E5%A5%BD/a%20b.html',
      'https://Example.COM/%e4%bd%a0%e5%a5%bd/a%20b.html?from=feed#top',
      'HTTP://EXAMPLE.com:80/你好/./a b.html#top',
      '//example.com/你好/x/../a b.html?',
    ]) {
      const known = await names(`${address},my-site/page\nEXAMPLE.COM,my-site/total`);
      const items = await gathered(readBusuanzi(each(of), known, undefined));
      expect({ address, totals: totals(items), notes: notesIn(items) }).toEqual({
        address,
        totals: { 'my-site/total': 10, 'my-site/page': 7 },
        notes: [],
      });
    }
    const punycode = md5('xn--r8jz45g.jp');
    const foreign = await names('例え.JP,my-site/total\n例え.jp/,my-site/home');
    const items = await gathered(
      readBusuanzi(
        each([
          { key: `bsz:site_pv:${punycode}`, value: '3' },
          { key: `bsz:page_pv:${punycode}`, member: md5('/'), value: '2' },
        ]),
        foreign,
        undefined,
      ),
    );
    expect(totals(items)).toEqual({ 'my-site/total': 3, 'my-site/home': 2 });
  });

  test('reports names that match nothing', async () => {
    const known = await names(
      'address;counter\nexample.com;my-site/total\nexample.com/about;my-site/about\nexample.com/abuot;my-site/abuot\nexample.com/about/;my-site/other',
    );
    const items = await gathered(readBusuanzi(each(kept.slice(0, 2)), known, undefined));
    expect(totals(items)).toEqual({ 'my-site/total': 1000, 'my-site/about': 70 });
    expect(notesIn(items)).toEqual([
      '2 names match nothing: line 4 "example.com/abuot", line 5 "example.com/about/". For a busuanzi, an address with / at its end and one without are two pages',
    ]);
  });

  test('adds up totals that belong to one counter, and reports it', async () => {
    const of: StoredTotal[] = [
      // Before and after an upgrade.
      { key: `bsz:page_pv:${site}`, member: md5('example.com&/about'), value: '40' },
      { key: `bsz:page_pv:${site}`, member: md5('/about'), value: '2' },
      { key: `bsz:page_pv:${site}`, member: md5('/about/'), value: '1' },
    ];
    const known = await names('example.com/about,my-site/about\nexample.com/about/,my-site/about');
    const items = await gathered(readBusuanzi(each(of), known, undefined));
    expect(mistakesIn(items)).toEqual([]);
    expect(totals(items)).toEqual({ 'my-site/about': 43 });
    expect(notesIn(items)).toEqual([
      expect.stringContaining('my-site/about is the sum of 3 totals'),
    ]);
  });

  test('fails with the reason when there is nothing to import', async () => {
    const nothing = async (of: readonly StoredTotal[], list: string) =>
      mistakesIn(await gathered(readBusuanzi(each(of), await names(list), undefined)));
    expect(await nothing([], '')).toEqual([expect.stringContaining('--keys')]);
    expect(await nothing(kept, '')).toEqual([
      expect.stringContaining('give addresses with --names'),
    ]);
    expect(await nothing(kept, 'example.org,my-site/total')).toEqual([
      expect.stringContaining('none of the addresses in --names is among them'),
    ]);
  });

  test('reports a page that is named twice, as two counters', async () => {
    await expect(
      names('example.com/%E4%BD%A0,my-site/one\nEXAMPLE.com/你?q,my-site/two'),
    ).rejects.toThrow(
      'line 2 of the names: "EXAMPLE.com/你?q" is already in line 1, as my-site/one',
    );
    const known = await names('example.com/%E4%BD%A0,my-site/one\nEXAMPLE.com/你?q,my-site/one');
    expect(known.unfound()).toHaveLength(1);
  });

  test('reports a wrong line in the list of names', async () => {
    for (const text of [
      'example.com',
      'example.com,my',
      ',my-site/x',
      'http:///x,my-site/x',
      'a b,my-site/x',
    ]) {
      await expect(names(`a.com,my-site/abc\n${text}`)).rejects.toThrow(
        /line 2|no name of a counter/,
      );
    }
  });
});
