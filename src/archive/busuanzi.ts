/**
 * What busuanzi (https://github.com/soxft/busuanzi) keeps in Redis: totals of sites and of pages, under hashes of their addresses.
 *
 *   PREFIX:site_pv:SITE             a string: the total of a site
 *   PREFIX:page_pv:SITE             a sorted set: the totals of its pages; before version 2.6 PREFIX:page_pv:PAGE, a string
 *   PREFIX:site_uv:…, page_uv:…     who came; these cannot be brought, because Seen tells visitors by the day
 *
 * A hash cannot be turned back, so names come from a list of addresses whose hashes are tried, or from the hashes. Not here: asking Redis.
 */
import { createHash } from 'node:crypto';
import { bare, type Item, itemOf, readName, readWhole, shown, Wrong } from './item.ts';
import type { Line } from './lines.ts';

/** A total as it stands in Redis: in a string, or as a member of a sorted set. */
export interface Kept {
  readonly key: string;
  readonly member?: string | undefined;
  readonly value: string;
}

/** Names by hash: `SITE` for sites, `SITE PAGE` and `PAGE` for pages. */
export type Names = ReadonlyMap<string, string>;

/**
 * The names of a list of `ADDRESS,NAMESPACE/KEY` a line: `example.com` is the whole site, `example.com/` and `example.com/about` are pages of
 * it. Fails with `Wrong`.
 */
export async function readNames(lines: AsyncIterable<Line>): Promise<Names> {
  const names = new Map<string, string>();
  for await (const line of lines) {
    const text = line.text?.trim() ?? '';
    if (line.wrong === undefined && (text === '' || text.startsWith('#'))) continue;
    const [, address = '', name = ''] = /^(?:https?:\/\/)?([^\s,]+)\s*,\s*(\S+)$/.exec(text) ?? [];
    if (address === '') {
      throw new Wrong(
        `line ${line.number} of the names: write ADDRESS,NAMESPACE/KEY, as in example.com/about,my-site/about`,
      );
    }
    const slash = address.indexOf('/');
    const host = slash === -1 ? address : address.slice(0, slash);
    const counter = readName(name);
    for (const site of hashesOf(host)) {
      if (slash === -1) names.set(site, counter);
      else {
        const path = address.slice(slash);
        // As versions before 3, those before 2.8, and the first ones hashed a page.
        for (const page of [path, `${host}&${path}`, `${host}${path}`].flatMap(hashesOf)) {
          names.set(`${site} ${page}`, counter);
          if (!names.has(page)) names.set(page, counter);
        }
      }
    }
  }
  return names;
}

/** In both lengths that busuanzi can be set to. */
function hashesOf(text: string): string[] {
  const md5 = createHash('md5').update(text).digest('hex');
  return [md5, md5.slice(8, 24)];
}

/** The counters: with the names of `names`, and the others under their hashes in `namespace`, or left out where there is none. */
export async function* readBusuanzi(
  all: AsyncIterable<Kept>,
  names: Names,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  let visitors = 0;
  let nameless = 0;
  for await (const { key, member, value } of all) {
    const [, what = '', hash = ''] =
      /:(site_pv|page_pv|site_uv|page_uv):([0-9a-f]{16,32})(?::|$)/.exec(key) ?? [];
    if (what.endsWith('_uv')) visitors++;
    if (!what.endsWith('_pv')) continue;
    const name = nameOf(what === 'site_pv', hash, member, names, namespace);
    if (name === undefined) nameless++;
    else yield itemOf(0, () => bare(readName(name), totalOf(key, value)));
  }
  if (nameless > 0) {
    yield {
      note: `${nameless} totals are left out, because nobody has named them: give their addresses with --names, or --namespace for names of their hashes`,
    };
  }
  if (visitors > 0) {
    yield {
      note: `${visitors} sets of visitors are left out: Seen tells visitors by the day, and these are of all time`,
    };
  }
}

function nameOf(
  isSite: boolean,
  hash: string,
  member: string | undefined,
  names: Names,
  namespace: string | undefined,
): string | undefined {
  const page = isSite ? undefined : (member ?? hash);
  const known =
    page === undefined
      ? names.get(hash)
      : (names.get(`${hash} ${page}`) ?? (member === undefined ? names.get(page) : undefined));
  if (known !== undefined || namespace === undefined) return known;
  if (page === undefined) return `${namespace}/site-${hash}`;
  // Room for both is not there: the beginning of the site’s hash tells sites apart.
  return member === undefined
    ? `${namespace}/page-${page}`
    : `${namespace}/page-${hash.slice(0, 16)}-${page}`;
}

function totalOf(key: string, value: string): number {
  // A sorted set answers its scores as floating-point numbers.
  if (!/^-?\d+(\.0+)?$/.test(value))
    throw new Wrong(`the Redis key ${shown(key)} holds ${shown(value)}, and no whole number`);
  return readWhole(value.replace(/\..*$/, ''), 'total');
}
