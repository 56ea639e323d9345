/**
 * The JSON export of GoatCounter 2.7 and later: a zip file of JSON Lines, version 1
 * (https://www.goatcounter.com/help/export-json).
 *
 * - info.json: `{"export_version":"1.0", …}`; 1.1 may add fields and files, 2.0 may change them
 * - paths.jsonl: `{"id":211,"path":"/","title":"Home page"}`, with `"event":true` for events
 * - hit_stats.jsonl: `{"hour":"2026-03-05T19:00:00Z","path_id":211,"ref_id":1,"count":4}`
 *
 * The other files have the same visits by browser, place and so on, per day, and some sites do not
 * collect them all. GoatCounter counts the first visit of a session on a page, without bots, so
 * each is also a visitor.
 */
import type { Hash } from 'node:crypto';
import { AppError } from '../../counter/errors.ts';
import { readMoment } from '../days.ts';
import { asFields, asText, asWhole, type Fields } from '../fields.ts';
import { excerpt, type Item, mistakeAt, SourceError } from '../item.ts';
import type { ReadLimits } from '../limits.ts';
import { PageSums, tooMuch } from '../page-sums.ts';
import { type Line, linesIn, nameOf, type SourceFile } from '../reading/bytes.ts';
import { openZip, type Zip } from '../reading/zip.ts';
import { parse } from './json-lines.ts';

const PATHS = 'paths.jsonl';
const HITS = 'hit_stats.jsonl';
const INFO = 'info.json';
const INFO_LENGTH_MAX = 64 * 1024;
const PATH_LENGTH_MAX = 2048;

/** Whether these are the files of such an export. */
export function isGoatcounterZip({ names }: Zip): boolean {
  return names.has(HITS) && names.has(PATHS);
}

/**
 * The counters of the export, in `namespace`; `hash` is updated with all bytes read. Fails with
 * `usage-invalid` for a damaged file, an unknown version, and beyond the limits.
 */
export async function* readGoatcounterZip(
  file: SourceFile,
  namespace: string,
  hash: Hash,
  limits: ReadLimits,
): AsyncGenerator<Item> {
  await using zip = await openZip(file);
  if (!isGoatcounterZip(zip))
    throw new AppError(
      'usage-invalid',
      `${nameOf(file)} is a zip file without ${PATHS} and ${HITS}.`,
    );
  await requireVersion(zip, hash);
  const paths = new Map<number, string>();
  const sums = new PageSums(limits);
  const readPath = (fields: Fields) => {
    if (paths.size === limits.pages)
      throw tooMuch(`${limits.pages.toLocaleString('en')} paths in ${PATHS}`);
    paths.set(wholeIn(fields, 'id'), pathIn(fields));
  };
  const readHits = (fields: Fields, line: number) => {
    const page = paths.get(wholeIn(fields, 'path_id'));
    if (page === undefined) throw new SourceError(`its path_id is not in ${PATHS}`);
    const amount = wholeIn(fields, 'count');
    const at = readMoment(asText(fields['hour'], 'hour'));
    sums.add({ path: page, kind: 'person', at, amount, visitors: amount }, line);
  };
  let spoiled = yield* eachLine(zip, PATHS, hash, readPath);
  spoiled = (yield* eachLine(zip, HITS, hash, readHits)) || spoiled;
  if (spoiled) return;
  if (sums.size === 0) {
    yield {
      wrong: `${HITS} has no visits: the export is empty, or begins after the last visit`,
      line: 0,
    };
    return;
  }
  yield* sums.items(namespace);
  yield {
    note:
      `the totals are those of ${HITS}, which GoatCounter shows: first visits of sessions, without bots. ` +
      'Its sums by browser, system, place, size and language are not taken',
  };
}

/**
 * Calls `read` with the object on each line of a file. Yields the mistakes, and returns whether
 * there were any.
 */
async function* eachLine(
  zip: Zip,
  name: string,
  hash: Hash,
  read: (fields: Fields, line: number) => void,
): AsyncGenerator<Item, boolean> {
  let spoiled = false;
  for await (const line of linesIn(zip.bytesOf(name), hash)) {
    try {
      const fields = fieldsOf(line);
      if (fields) read(fields, line.number);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      spoiled = true;
      yield { wrong: mistakeAt(`line ${line.number} of ${name}`, error.message), line: 0 };
    }
  }
  return spoiled;
}

function fieldsOf({ text, wrong }: Line): Fields | undefined {
  if (wrong !== undefined) throw new SourceError(wrong);
  if (text.trim() === '') return undefined;
  return asFields(parse(text), excerpt(text));
}

async function requireVersion(zip: Zip, hash: Hash): Promise<void> {
  // An export that somebody has packed again may lack it.
  if (!zip.names.has(INFO)) return;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of zip.bytesOf(INFO)) {
    pieces.push(bytes);
    size += bytes.length;
    if (size > INFO_LENGTH_MAX) break;
  }
  const text = Buffer.concat(pieces);
  hash.update(text);
  const version = versionIn(text.subarray(0, INFO_LENGTH_MAX).toString());
  if (/^1(\.\d+)?$/.test(version)) return;
  throw new AppError(
    'usage-invalid',
    `This export of GoatCounter has version ${excerpt(version)}, and this Seen supports version 1. ` +
      'Import it with a newer Seen.',
  );
}

function versionIn(text: string): string {
  try {
    const info = JSON.parse(text) as Fields;
    const version = info['export_version'];
    return typeof version === 'string' ? version : '';
  } catch {
    return '';
  }
}

function wholeIn(fields: Fields, name: string): number {
  const value = asWhole(fields[name], name);
  if (value >= 0) return value;
  throw new SourceError(`its ${name} is not a whole number of at least 0`);
}

function pathIn(fields: Fields): string {
  const path = asText(fields['path'], 'path');
  if (path.length <= PATH_LENGTH_MAX) return path;
  throw new SourceError(`${excerpt(path)} is longer than a path can be`);
}
