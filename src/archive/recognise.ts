/**
 * Recognises the kind of a file to import by its content, and reads it as items.
 */
import type { Hash } from 'node:crypto';
import { AppError } from '../counter/errors.ts';
import { BADGE_LENGTH_MAX, readBadge } from './formats/badge.ts';
import { foreignKind, foreignText, foreignZip } from './formats/foreign.ts';
import { isGoatcounter, readGoatcounter } from './formats/goatcounter.ts';
import { isGoatcounterZip, readGoatcounterZip } from './formats/goatcounter-zip.ts';
import { readJsonLines } from './formats/json-lines.ts';
import { cellsOfLine, isListLine, readList } from './formats/plain.ts';
import { namesColumns, readCsv } from './formats/seen-csv.ts';
import type { Item } from './item.ts';
import { COMMAND_LIMITS, type ReadLimits } from './limits.ts';
import {
  isPacked,
  type Line,
  linesOf,
  nameOf,
  readBeginning,
  type SourceFile,
} from './reading/bytes.ts';
import { cellsOf, isSeparatorLine, rowsOf, separatorOf } from './reading/csv.ts';
import { openZip } from './reading/zip.ts';

/** The kinds of files, by their names for `--from`, with descriptions. */
export const FILE_KINDS = {
  seen: 'an export of Seen, JSON Lines or CSV',
  list: 'a line for each counter: NAMESPACE/KEY,TOTAL or OLD-URL,TOTAL',
  goatcounter: 'an export of GoatCounter, CSV or zip; pages become counters in --namespace',
  badge: 'the SVG of a badge with a number, for the counter --as',
} as const;

export type FileKind = keyof typeof FILE_KINDS;

/** Flags of the import, and its limits. */
export interface ImportHints {
  /** The namespace of names that have none. */
  readonly namespace: string | undefined;
  /** The name of the one counter. */
  readonly as: string | undefined;
  /** `COMMAND_LIMITS` when not given. */
  readonly limits?: ReadLimits;
}

/** The number of lines that are checked to recognise a file. */
const LINES_LOOKED_AT = 100;

/** The kinds of files, a line for each. */
export function fileKindLines(): string {
  return Object.entries(FILE_KINDS)
    .map(([kind, what]) => `  ${kind.padEnd(12)} ${what}`)
    .join('\n');
}

/**
 * The kind of the file, or `kind` if that is given. Fails with `usage-invalid` when it cannot be
 * imported.
 */
export async function recognise(file: SourceFile, kind: FileKind | undefined): Promise<FileKind> {
  const path = nameOf(file);
  const beginning = await readBeginning(file);
  const text = new TextDecoder().decode(beginning);
  if (text.trim() === '')
    throw new AppError('usage-invalid', `${path} is empty: there is nothing to import.`);
  if (isZip(beginning) && !(await isPacked(file))) {
    await using zip = await openZip(file);
    if (!isGoatcounterZip(zip)) throw unreadable(path, foreignZip(zip.names));
    if (kind === undefined || kind === 'goatcounter') return 'goatcounter';
    throw new AppError(
      'usage-invalid',
      `${path} is an export of GoatCounter, a zip file. --from ${kind} cannot read it.`,
    );
  }
  const foreign = foreignKind(beginning);
  if (foreign !== undefined) throw unreadable(path, foreign);
  const found = kind ?? kindOf(text);
  if (found === undefined)
    throw unreadable(
      path,
      foreignText(text),
      '\n\nIf it is one of these, name its kind, as in --from list.',
    );
  return found;
}

/** The error for a file that no reader supports; `hint` is further advice. */
function unreadable(path: string, what: string, hint = ''): AppError {
  return new AppError(
    'usage-invalid',
    `${path} is ${what}.\n\nThese can be imported:\n${fileKindLines()}${hint}`,
  );
}

/** The items of the file; `hash` is updated with all bytes. Fails with `usage-invalid`. */
export async function* readFile(
  file: SourceFile,
  kind: FileKind,
  { namespace, as, limits = COMMAND_LIMITS }: ImportHints,
  hash: Hash,
): AsyncGenerator<Item> {
  const beginning = await readBeginning(file);
  const text = new TextDecoder().decode(beginning);
  const rows = () => rowsOf(linesOf(file, hash), separatorOf(significantLines(text)[0] ?? ''));
  switch (kind) {
    case 'seen':
      yield* text.trimStart().startsWith('{')
        ? readJsonLines(linesOf(file, hash))
        : readCsv(rows());
      return;
    case 'list':
      yield* readList(linesOf(file, hash), namespace);
      return;
    case 'goatcounter':
      if (namespace === undefined)
        throw needs('--namespace', 'the namespace of its pages, as in --namespace my-site');
      yield* isZip(beginning)
        ? readGoatcounterZip(file, namespace, hash, limits)
        : readGoatcounter(rows(), namespace, limits);
      return;
    case 'badge':
      if (as === undefined)
        throw needs('--as', 'the counter that it belongs to, as in --as my-site/page');
      yield* readBadgeFile(linesOf(file, hash), as);
  }
}

async function* readBadgeFile(lines: AsyncIterable<Line>, as: string): AsyncGenerator<Item> {
  const texts: string[] = [];
  let length = 0;
  for await (const line of lines) {
    if (line.wrong !== undefined) yield { wrong: line.wrong, line: line.number };
    length += (line.text ?? '').length + 1;
    if (length > BADGE_LENGTH_MAX) {
      yield {
        wrong: `is beyond ${BADGE_LENGTH_MAX / 1024 ** 2} MiB: this is not a badge`,
        line: line.number,
      };
      return;
    }
    texts.push(line.text ?? '');
  }
  yield* readBadge(texts.join('\n'), as);
}

function needs(flag: string, what: string): AppError {
  return new AppError(
    'usage-invalid',
    `The source has no counter names: use ${flag} to give ${what}.`,
  );
}

/** Whether a file begins like a zip file, empty ones included. */
function isZip(beginning: Uint8Array): boolean {
  const start = Buffer.from(beginning.subarray(0, 4)).toString('latin1');
  return start === 'PK\x03\x04' || start === 'PK\x05\x06';
}

function kindOf(text: string): FileKind | undefined {
  if (/^\s*</.test(text)) return /<svg[\s/>]/i.test(text) ? 'badge' : undefined;
  if (/^\s*\{/.test(text)) return /^\s*\{\s*"(seen|counter)"/.test(text) ? 'seen' : undefined;
  const lines = significantLines(text);
  const [first] = lines;
  if (first === undefined) return 'list';
  const cells = cellsOf(first, separatorOf(first));
  if (typeof cells !== 'string') {
    if (namesColumns(cells)) return 'seen';
    if (isGoatcounter(cells)) return 'goatcounter';
  }
  return lines.some((line) => isListLine(cellsOfLine(line) ?? [])) ? 'list' : undefined;
}

/** The first lines that are neither blank nor comments. */
function significantLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^\s*"?#/.test(line) && !isSeparatorLine(line))
    .slice(0, LINES_LOOKED_AT);
}
