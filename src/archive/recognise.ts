/** Which kind of file it is that somebody wants to import, by what stands in it; and what stands in it as items. */
import type { Hash } from 'node:crypto';
import { AppError } from '../counter/errors.ts';
import { readBadge } from './badge.ts';
import { rowsOf } from './csv.ts';
import { isGoatcounter, readGoatcounter } from './goatcounter.ts';
import { type Item, itemOf } from './item.ts';
import { readJsonLines } from './json-lines.ts';
import { linesOf } from './lines.ts';
import { readList } from './list.ts';
import { COLUMNS, readCsv } from './seen-csv.ts';

/** What may be imported from a file. */
export type FileKind = 'seen' | 'list' | 'goatcounter' | 'badge';

/** What whoever imports has said. */
export interface Wishes {
  /** Where names belong that have no namespace. */
  readonly namespace: string | undefined;
  /** The name of the one counter. */
  readonly as: string | undefined;
}

/** The file at `path` as what it is, or as `kind` if that is given. Fails with `usage-invalid`. */
export async function recognise(path: string, kind: FileKind | undefined): Promise<FileKind> {
  const first = await firstLine(path);
  if (first === undefined)
    throw new AppError('usage-invalid', `${path} is empty: there is nothing to import.`);
  return kind ?? kindOf(first);
}

/** What stands in the file; `hash` is told all of its bytes. Fails with `usage-invalid`. */
export async function* readFile(
  path: string,
  kind: FileKind,
  { namespace, as }: Wishes,
  hash: Hash,
): AsyncGenerator<Item> {
  switch (kind) {
    case 'seen': {
      const json = (await firstLine(path))?.startsWith('{') ?? false;
      yield* json ? readJsonLines(linesOf(path, hash)) : readCsv(afterFirst(rowsOf(linesOf(path, hash))));
      return;
    }
    case 'list':
      yield* readList(linesOf(path, hash), namespace);
      return;
    case 'goatcounter':
      if (namespace === undefined)
        throw needs('--namespace', 'the namespace of its pages, as in --namespace my-site');
      yield* readGoatcounter(rowsOf(linesOf(path, hash)), namespace);
      return;
    case 'badge': {
      if (as === undefined) throw needs('--as', 'the counter that it belongs to, as in --as my-site/page');
      let text = '';
      for await (const line of linesOf(path, hash)) {
        if (line.wrong !== undefined) yield { wrong: line.wrong, line: line.number };
        else text += `${line.text}\n`;
      }
      yield itemOf(1, () => readBadge(text, as));
    }
  }
}

function needs(flag: string, what: string): AppError {
  return new AppError(
    'usage-invalid',
    `What is imported has no names of counters: say with ${flag} ${what}.`,
  );
}

function kindOf(first: string): FileKind {
  if (/^\s*</.test(first)) return 'badge';
  if (first.startsWith('{') || first.startsWith(COLUMNS.join(','))) return 'seen';
  return isGoatcounter(first.split(',').map((cell) => cell.replaceAll('"', ''))) ? 'goatcounter' : 'list';
}

/** The first line with anything on it; empty for one that is no text. */
async function firstLine(path: string): Promise<string | undefined> {
  for await (const line of linesOf(path)) if (line.text?.trim() !== '') return line.text ?? '';
  return undefined;
}

async function* afterFirst<T>(all: AsyncIterable<T>): AsyncGenerator<T> {
  let first = true;
  for await (const one of all) {
    if (!first) yield one;
    first = false;
  }
}
