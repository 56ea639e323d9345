/**
 * docs/bench.md and the README have the figures of the same run of the bench, and the page is
 * complete.
 */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEEN } from '../../bench/seen.ts';
import { statedRatio } from '../../bench/stated.ts';
import { ROOT } from '../support/program.ts';

const page = readFileSync(join(ROOT, 'docs/bench.md'), 'utf8');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The rows of the first table in a text: their cells by the headings. */
function rowsOf(text: string): Record<string, string>[] {
  const [table = ''] = /(^\|.*\n?)+/m.exec(text) ?? [];
  const [head = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.map((cells) => Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])));
}

test('the costs in the README are those in docs/bench.md', () => {
  const written = /<!-- bench: .*-->\n([\s\S]*?)<!-- \/bench -->/.exec(readme)?.[1] ?? '';
  const [table = '', said = ''] = written.trim().split('\n\n');
  const rows = rowsOf(table);
  expect(rows.map(({ service }) => service)).toContain('Seen on Redis');
  // The page has more rows and columns.
  expect(rowsOf(page)).toEqual(
    expect.arrayContaining(rows.map((row) => expect.objectContaining(row))),
  );
  expect(said).toContain('Redis ');
  // Lines may be broken elsewhere.
  const words = (text: string) => text.replaceAll(/\s+/g, ' ');
  expect(words(page)).toContain(words(said).replace(' Ratios say more than figures.', ''));
});

test('docs/bench.md shows exactly the existing plots', () => {
  const shown = [...page.matchAll(/!\[.+\]\(bench\/(.+)\)/g)].map(([, file = '']) => file);
  expect(shown.length).toBeGreaterThan(0);
  expect(readdirSync(join(ROOT, 'docs/bench')).toSorted()).toEqual(shown.toSorted());
});

test('decision 8 states the cost of a visit in rows that the guard can read', () => {
  for (const { replicas } of Object.values(SEEN))
    expect(statedRatio(replicas[1].name)).toBeGreaterThan(1);
});
