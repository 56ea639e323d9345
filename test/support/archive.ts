/** Exports and imports without the command line: for tests. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJsonLines } from '../../src/archive/formats/json-lines.ts';
import { writeCsv } from '../../src/archive/formats/seen-csv.ts';
import { gather } from '../../src/archive/gather.ts';
import type { Item } from '../../src/archive/item.ts';
import { withoutRepeats } from '../../src/archive/item.ts';
import { type FileKind, readFile, recognise } from '../../src/archive/recognise.ts';
import type { Archive, ArchivedCounter } from '../../src/contract/archive.ts';
import { temporaryFolder } from './folder.ts';

/** All that stands in a file with this content. */
export async function itemsOf(
  content: string | Uint8Array,
  {
    kind,
    namespace,
    as,
  }: { kind?: FileKind | undefined; namespace?: string | undefined; as?: string | undefined } = {},
): Promise<Item[]> {
  using folder = temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, content);
  const items: Item[] = [];
  const found = await recognise(path, kind);
  for await (const item of withoutRepeats(
    readFile(path, found, { namespace, as }, createHash('sha256')),
  )) {
    items.push(item);
  }
  return items;
}

export const countersIn = (items: readonly Item[]): ArchivedCounter[] =>
  items.flatMap((item) => ('archived' in item ? [item.archived] : []));
export const mistakesIn = (items: readonly Item[]): string[] =>
  items.flatMap((item) => ('wrong' in item ? [`${item.line}: ${item.wrong}`] : []));
export const notesIn = (items: readonly Item[]): string[] =>
  items.flatMap((item) => ('note' in item ? [item.note] : []));

/** The text of an export. */
export async function exportText(
  archive: Pick<Archive, 'readAll'>,
  format: 'jsonl' | 'csv',
  moment = Date.now(),
): Promise<string> {
  using folder = temporaryFolder();
  const spool = join(folder.path, 'spool');
  const gathered = await gather(archive.readAll(), moment, spool, () => undefined);
  return await textOf(gathered, gathered.all, format);
}

/** The text of an export of these counters. */
export async function textOf(
  heading: { moment: number; counters: number },
  all: AsyncIterable<ArchivedCounter>,
  format: 'jsonl' | 'csv',
): Promise<string> {
  let text = '';
  for await (const piece of (format === 'csv' ? writeCsv : writeJsonLines)(heading, all))
    text += piece;
  return text;
}
