/** docs/monitoring.md: its table of metrics, compared with a running Seen, and its pictures. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';

const DOCUMENT = 'docs/monitoring.md';
/** More than this makes a document slow to open. */
const PICTURE_BYTES_MAX = 150_000;

const text = readFileSync(join(ROOT, DOCUMENT), 'utf8');

interface Metric {
  readonly name: string;
  readonly kind: string;
  readonly labels: readonly string[];
}

/** The rows of the table. */
const documented: Metric[] = [
  ...text.matchAll(/^\| `(seen_\w+)` \| (\w+) \|([^|]*)\|[^|]*\|$/gm),
].map(([, name = '', kind = '', labels = '']) => ({
  name,
  kind,
  labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(),
}));

/** The metrics of Seen in Prometheus' text format, without the labels that all have. */
function metricsIn(exposed: string): Metric[] {
  return [...exposed.matchAll(/^# TYPE (seen_\w+) (\w+)$/gm)].map(([, name = '', kind = '']) => {
    const series = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(exposed)?.[1] ?? '';
    const labels = [...series.matchAll(/(\w+)="/g)]
      .map(([, label = '']) => label)
      .filter((label) => label !== 'replica')
      .toSorted();
    return { name, kind, labels };
  });
}

const byName = (metrics: readonly Metric[]) =>
  metrics.toSorted((a, b) => a.name.localeCompare(b.name));

test('the table of metrics has those of a running Seen, with their kinds and labels', async () => {
  await using program = await Program.start();
  await program.visit();
  const reader = new AbortController();
  await fetch(`${program.url}/live?counters=hits`, { signal: reader.signal });
  let exposed: Metric[] = [];
  await until('the stream to be counted', async () => {
    const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    exposed = metricsIn(metrics);
    return metrics.includes('seen_open_streams{route="/live"');
  });
  reader.abort();
  expect(byName(documented)).toEqual(byName(exposed));
});

describe('the pictures', () => {
  const shown = [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path = '']) => path);

  test('are those of the folder', () => {
    const files = readdirSync(join(ROOT, 'docs/monitoring')).map((file) => `monitoring/${file}`);
    expect(shown.toSorted()).toEqual(files.toSorted());
  });

  for (const path of shown) {
    test(`${path} is small`, () => {
      expect(statSync(join(ROOT, 'docs', path)).size).toBeLessThan(PICTURE_BYTES_MAX);
    });
  }
});

test('links lead to files that exist', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(join(ROOT, 'docs', path)))).toEqual([]);
});
