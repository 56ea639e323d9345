/**
 * A file as the source of an import: on disk, or uploaded. A source can be read twice, with the
 * same result.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type Item, withoutRepeats } from '../../archive/item.ts';
import { nameOf, type SourceFile } from '../../archive/reading/bytes.ts';
import { type FileKind, type ImportHints, readFile, recognise } from '../../archive/recognise.ts';
import { AppError } from '../../counter/errors.ts';

/** A source of `seen import`. */
export interface Source {
  /** A description for people. */
  readonly what: string;
  /** The items of the source. */
  read(): AsyncIterable<Item>;
  /**
   * Identifies the source by its content; available after it has been read completely. Fails with
   * `usage-invalid` when it has changed.
   */
  digest(): string;
  /**
   * Fails with `usage-invalid` when the source has changed since it was opened, without reading
   * it.
   */
  requireUnchanged(): void;
}

const WHAT = {
  seen: 'an export of Seen',
  list: 'a list of counters',
  goatcounter: 'an export of GoatCounter',
  badge: 'a badge',
} as const;
/** 128 bits of a digest. */
export const DIGEST_LENGTH = 22;

/** Opens a file as a source; `from` is its kind, if it is known. Fails with `usage-invalid`. */
export async function openFile(
  file: SourceFile,
  from: FileKind | undefined,
  hints: ImportHints,
): Promise<Source> {
  const kind = await recognise(file, from);
  const path = nameOf(file);
  if (hints.namespace !== undefined && (kind === 'seen' || kind === 'badge'))
    throw new AppError(
      'usage-invalid',
      `--namespace is for names that have none: leave it out for ${WHAT[kind]}.`,
    );
  const state = stateOf(file);
  let known: string | undefined;
  let hash = createHash('sha256');
  return {
    what: `${path}: ${WHAT[kind]}`,
    read() {
      hash = createHash('sha256');
      return withoutRepeats(readFile(file, kind, hints, hash), hints.limits?.counters);
    },
    digest() {
      const digest = hash.copy().digest('base64url').slice(0, DIGEST_LENGTH);
      known ??= digest;
      if (digest === known) return digest;
      throw changed(path);
    },
    requireUnchanged() {
      if (stateOf(file) !== state) throw changed(path);
    },
  };
}

/** What differs after a change of a file on disk; one in memory does not change. */
function stateOf(file: SourceFile): string | undefined {
  if (typeof file !== 'string') return undefined;
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}

function changed(path: string): AppError {
  return new AppError(
    'usage-invalid',
    `${path} was changed while it was read. Counters that were imported stay. Copy the file, and import the copy. It counts as another file, so --existing add would add again what was imported: remove it from the copy first.`,
  );
}
