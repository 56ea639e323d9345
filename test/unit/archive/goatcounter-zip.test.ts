/**
 * The JSON export of GoatCounter, a zip file: as its source code describes it, and damaged in many
 * ways.
 */
import { describe, expect, test } from 'bun:test';
import type { Item } from '../../../src/archive/item.ts';
import { DAY_MS, HOUR_MS } from '../../../src/contract/history.ts';
import { countersIn, itemsOf, mistakesIn, notesIn } from '../../support/archive.ts';
import { type ZipEntry, zipOf } from '../../support/zip.ts';

const INFO = '{\n  "export_version": "1.0",\n  "goatcounter_version": "2.7"\n}\n';
const PATHS = [
  '{"id":211,"path":"/","title":"Home page"}',
  '{"id":215,"path":"/%E4%BD%A0%E5%A5%BD/","title":"Hello"}',
  '{"id":216,"path":"/你好/","title":"Hello"}',
  '{"id":300,"event":true,"path":"click-banana","title":"Yellow"}',
  '{"id":400,"path":"/never","title":""}',
  '',
].join('\n');
const HITS = [
  '{"hour":"2026-10-05T19:00:00Z","path_id":211,"ref_id":1,"count":4}',
  '{"hour":"2026-10-05T19:00:00Z","path_id":211,"ref_id":2,"count":1}',
  '{"hour":"2026-10-06T09:00:00Z","path_id":211,"ref_id":2,"count":2}',
  '{"hour":"2026-10-06T15:00:00Z","path_id":215,"ref_id":1,"count":2}',
  '{"hour":"2026-10-06T15:00:00Z","path_id":216,"ref_id":1,"count":3}',
  '{"hour":"2026-10-06T15:00:00Z","path_id":300,"ref_id":1,"count":1}',
  '',
].join('\n');

/** The files of an export, with others in the place of some. */
function files(others: Readonly<Record<string, string>> = {}): ZipEntry[] {
  const contents = {
    'info.json': INFO,
    'paths.jsonl': PATHS,
    'browser_stats.jsonl': '{"day":"2026-10-05","path_id":211,"browser_id":1,"count":99}\n',
    'hit_stats.jsonl': HITS,
    ...others,
  };
  return Object.entries(contents).map(([name, content]) => ({
    name: `goatcounter-export-x/${name}`,
    content,
  }));
}
const read = (content: Uint8Array) => itemsOf(content, { namespace: 'my-blog' });
const totals = (items: readonly Item[]) =>
  Object.fromEntries(countersIn(items).map(({ counter, total }) => [counter, total]));

describe('the JSON export of GoatCounter', () => {
  test('gives totals, hours and visitors of each page, and says which totals these are', async () => {
    const items = await read(zipOf(files()));
    expect(mistakesIn(items)).toEqual([]);
    expect(Object.values(totals(items))).toEqual([7, 5, 1]);
    expect(totals(items)).toMatchObject({ 'my-blog/index': 7, 'my-blog/click-banana': 1 });
    const at = Date.UTC(2026, 9, 5, 19);
    const [index] = countersIn(items);
    expect(index).toMatchObject({
      madeAt: at,
      past: {
        hours: [
          { at: at / HOUR_MS, kind: 'person', amount: 5 },
          { at: at / HOUR_MS + 14, kind: 'person', amount: 2 },
        ],
        days: [],
      },
    });
    const day = Math.floor(at / DAY_MS);
    expect(index!.past.visitors).toEqual(
      new Map([
        [day, 5],
        [day + 1, 2],
      ]),
    );
    expect(notesIn(items)).toEqual([
      expect.stringContaining('the totals are those of hit_stats.jsonl'),
    ]);
  });

  test('can have any folder or none, and a later version with more data', async () => {
    const more = { 'info.json': INFO.replace('1.0', '1.4'), 'campaigns.jsonl': '{}\n' };
    const hits = HITS.replaceAll('"count"', '"more":[1],"count"');
    const all = files({ ...more, 'hit_stats.jsonl': hits });
    for (const entries of [
      all,
      all.map((entry) => ({ ...entry, name: entry.name.split('/')[1]! })),
    ]) {
      const items = await read(zipOf(entries));
      expect({ mistakes: mistakesIn(items), totals: Object.values(totals(items)) }).toEqual({
        mistakes: [],
        totals: [7, 5, 1],
      });
    }
  });

  test('gives days for hours beyond their retention time, and loses no visit', async () => {
    const start = Date.UTC(2020, 0, 1);
    const hours = 24 * 800;
    const lines = Array.from({ length: hours }, (_, hour) => {
      const name = new Date(start + hour * HOUR_MS).toISOString().replace('.000', '');
      return `{"hour":"${name}","path_id":211,"ref_id":1,"count":1}\n`;
    });
    const [index] = countersIn(await read(zipOf(files({ 'hit_stats.jsonl': lines.join('') }))));
    const { hours: kept, days, visitors } = index!.past;
    expect([index!.total, kept.length < 10_000, visitors.size]).toEqual([hours, true, 800]);
    const sum = (all: readonly { amount: number }[]) =>
      all.reduce((before, { amount }) => before + amount, 0);
    expect(sum(kept) + sum(days)).toBe(hours);
    expect(days.every(({ amount }) => amount === 24)).toBe(true);
  });

  test('gets an error for each wrong line, with its file', async () => {
    for (const [name, line, expected] of [
      [
        'paths.jsonl',
        '{"id":"x","path":"/"}',
        'line 1 of paths.jsonl: its id is not a whole number',
      ],
      ['paths.jsonl', '{"id":1}', 'line 1 of paths.jsonl has no path'],
      ['paths.jsonl', `{"id":1,"path":"/${'x'.repeat(3000)}"}`, 'is longer than a path can be'],
      ['hit_stats.jsonl', '[]', 'line 1 of hit_stats.jsonl: "[]" is not an object'],
      ['hit_stats.jsonl', '{"hour":"2026-10', 'is not JSON'],
      ['hit_stats.jsonl', '{"hour":"yesterday","path_id":211,"count":1}', 'is not a time'],
      [
        'hit_stats.jsonl',
        '{"hour":"2026-10-05T19:00:00Z","path_id":7,"count":1}',
        'is not in paths.jsonl',
      ],
      [
        'hit_stats.jsonl',
        '{"hour":"2026-10-05T19:00:00Z","path_id":211,"count":-1}',
        'of at least 0',
      ],
      [
        'hit_stats.jsonl',
        '{"hour":"2026-10-05T19:00:00Z","path_id":211,"count":1.5}',
        'is not a whole number',
      ],
      ['hit_stats.jsonl', '', 'hit_stats.jsonl has no visits'],
    ] as const) {
      const rest = name === 'paths.jsonl' ? `\n${PATHS}` : '';
      const mistakes = mistakesIn(await read(zipOf(files({ [name]: `${line}${rest}` }))));
      expect({ line, mistakes }).toEqual({ line, mistakes: [expect.stringContaining(expected)] });
    }
  });

  test('is refused with advice when it is damaged, encrypted, newer, or another zip file', async () => {
    const whole = zipOf(files());
    const changed = (more: Partial<ZipEntry>) =>
      zipOf(
        files().map((entry) =>
          entry.name.endsWith('hit_stats.jsonl') ? { ...entry, ...more } : entry,
        ),
      );
    for (const [content, expected] of [
      [whole.subarray(0, whole.length - 30), 'damaged or incomplete zip file'],
      [whole.subarray(0, 40), 'damaged or incomplete zip file'],
      [changed({ size: 10 }), 'damaged or incomplete zip file'],
      [changed({ sum: 1 }), 'another check sum'],
      [changed({ encrypted: true }), 'has a password'],
      [
        zipOf(files({ 'info.json': INFO.replace('1.0', '2.0') })),
        'has version "2.0", and this Seen supports version 1',
      ],
      [zipOf(files({ 'info.json': 'x'.repeat(200_000) })), 'has version ""'],
      [
        zipOf(Array.from({ length: 1001 }, (_, index) => ({ name: `${index}`, content: '' }))),
        '1000 files',
      ],
      [zipOf([]), 'is a zip file without an export of GoatCounter'],
      [
        zipOf([{ name: 'a.txt', content: 'hello' }]),
        'is a zip file without an export of GoatCounter',
      ],
      [zipOf([{ name: 'xl/workbook.xml', content: '' }]), 'is a spreadsheet: save it as CSV'],
    ] as const) {
      const said = await read(content).then(mistakesIn, (error: unknown) => String(error));
      expect({ expected, said }).toEqual({ expected, said: expect.stringContaining(expected) });
    }
    await expect(itemsOf(whole)).rejects.toMatchObject({
      message: expect.stringContaining('--namespace'),
    });
    await expect(itemsOf(whole, { kind: 'list' })).rejects.toMatchObject({
      message: expect.stringContaining('is an export of GoatCounter'),
    });
  });
});
