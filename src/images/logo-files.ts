/**
 * The logos of simple-icons (https://simpleicons.org), in two files (decision 35): `index.tsv`
 * with a line for each logo, `SLUG TITLE HEX OFFSET LENGTH`, and `paths.txt` with the paths, of
 * which a line of the index names the part of its logo.
 *
 * The index is read when the first logo is wanted, and of the paths only what is wanted. A built
 * program has both files beside it (`build/program.ts`). Not here: drawing (`logo.ts`), and
 * writing these files (`test/support/logo-files.ts`).
 */
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Logo } from './logo.ts';

const FOLDER = join(import.meta.dir, 'logos');
/** Names that the index may have. A longer text is not searched for. */
const SLUG = /^[a-z\d_]{1,60}$/;
/** The paths of some 200 logos, or of four of the longest. */
const REMEMBERED_CHARACTERS = 256 * 1024;

const remembered = new LRUCache<string, Logo>({
  maxSize: REMEMBERED_CHARACTERS,
  sizeCalculation: ({ path }) => path.length,
});
let index: Promise<string> | undefined;

/** The text of the index. All callers get the same promise. */
function readIndex(): Promise<string> {
  if (!index) {
    index = Bun.file(join(FOLDER, 'index.tsv')).text();
    // Retry after a failure.
    index.catch(() => {
      index = undefined;
    });
  }
  return index;
}

/**
 * The logo with this slug, in any case; `undefined` for an unknown one. Fails when its file cannot
 * be read.
 */
export async function findLogo(name: string): Promise<Logo | undefined> {
  const slug = name.trim().toLowerCase();
  if (!SLUG.test(slug)) return undefined;
  const known = remembered.get(slug);
  if (known) return known;
  const text = await readIndex();
  // The first line has the version, so every logo is after a line break.
  const begin = text.indexOf(`\n${slug}\t`) + 1;
  if (begin === 0) return undefined;
  const line = text.slice(begin, text.indexOf('\n', begin));
  const [, , hex = '', offset, length] = line.split('\t');
  const from = Number(offset);
  const path = await Bun.file(join(FOLDER, 'paths.txt'))
    .slice(from, from + Number(length))
    .text();
  const logo = { slug, hex, path };
  remembered.set(slug, logo);
  return logo;
}

/**
 * The logo with this slug for a badge; `undefined` for an unknown one, and when its file cannot be
 * read, because the look of a badge never decides whether a visit counts.
 */
export async function logoOf(name: string): Promise<Logo | undefined> {
  // The files may be missing, or no descriptor be left to read them.
  return findLogo(name).catch(() => undefined);
}

/** All logos by slug, with the names of their brands. Fails when the index cannot be read. */
export async function logoNames(): Promise<{ slug: string; title: string }[]> {
  const [, ...lines] = (await readIndex()).trimEnd().split('\n');
  return lines.map((line) => {
    const [slug = '', title = ''] = line.split('\t', 2);
    return { slug, title };
  });
}
