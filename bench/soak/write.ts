/**
 * Stores a soak run: all samples as JSON in `bench/results/`, and its report in docs/soak.md, in
 * the part of its store.
 *
 * A run that is too short to be judged does not change the document; its report and plots are
 * beside the samples.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/support/program.ts';
import { plotsOf } from './plots.ts';
import { report, type Soak } from './report.ts';
import type { Judged } from './verdict.ts';

/** Writes all samples so far, so that none is lost when the run is killed. Returns the file. */
export function writeSamples(soak: Soak): string {
  const folder = folderOf(soak);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'samples.json');
  writeFileSync(file, `${JSON.stringify(soak)}\n`);
  return file;
}

/** Writes the report and its plots. Returns the file of the report. */
export function writeReport(soak: Soak, judged: readonly Judged[] | undefined): string {
  const plots = plotsOf(soak.store, soak.samples, soak.faults);
  const document = join(ROOT, 'docs/soak.md');
  const folder = judged ? join(ROOT, 'docs/soak') : folderOf(soak);
  mkdirSync(folder, { recursive: true });
  for (const { file, svg } of plots) {
    writeFileSync(join(folder, `${soak.store.toLowerCase()}-${file}.svg`), svg);
  }
  const words = report(soak, judged, plots, judged ? 'soak' : '.');
  const file = judged ? document : join(folder, 'soak.md');
  writeFileSync(
    file,
    judged ? withPart(readFileSync(document, 'utf8'), soak.store, words) : words,
  );
  return file;
}

/** The document with `words` between the two comments of a store. */
export function withPart(document: string, store: string, words: string): string {
  const [begin, end] = [`<!-- ${store} -->\n`, `<!-- end of ${store} -->\n`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`docs/soak.md has no part for ${store}.`);
  return `${document.slice(0, from + begin.length)}${words}${document.slice(to)}`;
}

function folderOf({ store, startedAt }: Soak): string {
  const name = `soak-${store.toLowerCase()}-${startedAt.toISOString().replace(/[:.]/g, '-')}`;
  return join(ROOT, 'bench/results', name);
}
