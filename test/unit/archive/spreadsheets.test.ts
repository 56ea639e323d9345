/**
 * Lists and Seen's CSV as spreadsheets save them: other separators, byte order marks, empty
 * columns, digit groups.
 */
import { describe, expect, test } from 'bun:test';
import type { Item } from '../../../src/archive/item.ts';
import { DAY_MS, HOUR_MS } from '../../../src/contract/history.ts';
import { RULES } from '../../../src/contract/registry.ts';
import { plain } from '../../contract/archive-contract.ts';
import { countersIn, itemsOf, mistakesIn, textOf } from '../../support/archive.ts';

const totals = (items: readonly Item[]) =>
  Object.fromEntries(countersIn(items).map(({ counter, total }) => [counter, total]));

describe('a list that a spreadsheet saved', () => {
  test('is read with semicolons or tabs, a byte order mark, CRLF, quotes and empty columns', async () => {
    for (const separator of [',', ';', '\t']) {
      const lines = [
        ['Counter', 'Total', ''],
        ['my-site/one', '1234', ''],
        ['"my-site/two"', '"5"', ''],
        ['', '', ''],
        ['# a comment', '', ''],
        ['"# another', ' in quotes"', ''],
        ['my-site/three', '-7', ''],
      ];
      const text = `\uFEFF${lines.map((cells) => cells.join(separator)).join('\r\n')}\r\n`;
      for (const content of [text, `sep=${separator}\r\n${text.slice(1)}`]) {
        const items = await itemsOf(content);
        expect({ separator, mistakes: mistakesIn(items), totals: totals(items) }).toEqual({
          separator,
          mistakes: [],
          totals: { 'my-site/one': 1234, 'my-site/two': 5, 'my-site/three': -7 },
        });
      }
    }
  });

  test('may name counters by their old URLs at other services', async () => {
    const items = await itemsOf(
      'URL,Views\n"https://komarev.com/ghpvc/?username=octocat&label=a,b",1234\nhttps://hits.sh/github.com/octocat/hello.svg,5\nmy-site/one,6\n',
    );
    expect(mistakesIn(items)).toEqual([]);
    expect(totals(items)).toEqual({
      'komarev/octocat': 1234,
      'github.com/octocat..hello': 5,
      'my-site/one': 6,
    });
    // Two URLs of one counter.
    const twice =
      'https://hits.sh/a.example/b.svg,5\nhttps://hits.sh/a.example/b.svg?style=flat,5\n';
    expect(mistakesIn(await itemsOf(twice))).toHaveLength(1);
    for (const [line, why] of [
      ['https://example.com/x.svg,5', 'is not a URL of a service that Seen knows (docs/migrate/)'],
      [
        'https://komarev.com/,5',
        'is a URL of komarev and names no counter: docs/migrate/komarev.md',
      ],
      ['https://hits.sh/a.example/b.svg,5k', 'is not a total'],
    ] as const) {
      expect(mistakesIn(await itemsOf(`${line}\n`))).toEqual([expect.stringContaining(why)]);
    }
  });

  test('may have digit groups in numbers that can only be whole numbers', async () => {
    for (const [written, total] of [
      ['1.234.567', 1234567],
      ['1,234,567', 1234567],
      ['12,34,567', 1234567],
      ['1 234', 1234],
      ['1\u00A0234', 1234],
      ['1\u202F234', 1234],
      ["1'234", 1234],
      ['-1’234', -1234],
    ] as const) {
      expect({ written, totals: totals(await itemsOf(`my-site/page;${written}\n`)) }).toEqual({
        written,
        totals: { 'my-site/page': total },
      });
    }
  });

  test('is refused where a number is ambiguous or was rounded', async () => {
    for (const [written, expected] of [
      ['1.234', 'it may be the total 1234 or a fraction'],
      ['1,234', 'it may be the total 1234 or a fraction'],
      ['-1.234', 'it may be the total -1234 or a fraction'],
      ['12.00', 'is not a total'],
      ['1,5', 'is not a total'],
      ['1.234,00', 'is not a total'],
      ['1,23E+05', 'a spreadsheet has rounded it'],
      ['9.00719925474099E+15', 'a spreadsheet has rounded it'],
      ['#REF!', 'is not a total'],
    ] as const) {
      const mistakes = mistakesIn(await itemsOf(`my-site/first;1\nmy-site/page;${written}\n`));
      expect({ written, mistakes }).toEqual({
        written,
        mistakes: [expect.stringContaining(expected)],
      });
    }
  });

  test('that names a counter twice is refused with both totals', async () => {
    const items = await itemsOf('my-site/page;70\nmy-site/other;1\nmy-site/page;80\n');
    expect(mistakesIn(items)).toEqual([
      '3: my-site/page is already in line 1, and has 80 here: neither is imported. Remove one of the two',
    ]);
  });
});

describe('Seen’s CSV that a spreadsheet saved', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const archived = {
    counter: 'my-site/page',
    total: 41,
    madeAt: now,
    owner: undefined,
    rules: { ...RULES, private: true },
    past: {
      hours: [{ at: now / HOUR_MS, kind: 'person' as const, amount: 3 }],
      days: [],
      visitors: new Map([[Math.floor(now / DAY_MS), 2]]),
    },
  };
  async function* one() {
    yield archived;
  }

  test('is read with semicolons or tabs, a byte order mark, quotes, empty columns and words in capitals', async () => {
    const text = (await textOf({ moment: now, counters: 1 }, one(), 'csv')).replaceAll(
      'true',
      'TRUE',
    );
    for (const other of [
      text.replaceAll(',', ';'),
      text.replaceAll(',', '\t'),
      `\uFEFF${text.replaceAll(',', ';')}`,
      `sep=;\r\n${text.replaceAll(',', ';')}`,
      text.replaceAll(',', ';').replaceAll('\r\n', ';;;\r\n'),
      text.replace(/^.*$/m, '"counter","what","time","kind","value"'),
      `${text.replaceAll(',', ';')};;;;\r\n`,
    ]) {
      const items = await itemsOf(other);
      expect({ other, mistakes: mistakesIn(items) }).toEqual({ other, mistakes: [] });
      expect(countersIn(items).map(plain)).toEqual([plain(archived)]);
    }
  });

  test('is refused when a number with digit groups may be a fraction', async () => {
    const text = await textOf({ moment: now, counters: 1 }, one(), 'csv');
    const grouped = text.replaceAll(',', ';').replace(';;41', ';;4.100');
    expect(mistakesIn(await itemsOf(grouped))).toContainEqual(
      expect.stringContaining('may be the total 4100 or a fraction'),
    );
  });
});

test('GoatCounter’s CSV is read with semicolons, too', async () => {
  const text = '2Path;Title;Bot;FirstVisit;Date\r\n/;"a; b";0;TRUE;2026-10-01T10:00:00Z\r\n';
  const items = await itemsOf(text, { namespace: 'my-blog' });
  expect({ mistakes: mistakesIn(items), totals: totals(items) }).toEqual({
    mistakes: [],
    totals: { 'my-blog/index': 1 },
  });
});
