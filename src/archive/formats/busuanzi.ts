/**
 * Reads the data of busuanzi (https://github.com/soxft/busuanzi) in Redis: totals of sites and
 * pages, under hashes of their addresses.
 *
 * - `PREFIX:site_pv:SITE`, a string: the total of a site
 * - `PREFIX:page_pv:SITE`, a sorted set: the totals of its pages; before version 2.6
 *   `PREFIX:page_pv:PAGE`, a string
 * - `PREFIX:site_uv:…`, `page_uv:…`: all-time visitors, which are not imported because Seen counts
 *   visitors per day
 *
 * A hash cannot be reversed, so names come from a list of addresses, which are hashed, or from the
 * hashes themselves. A page that was counted before and after an upgrade has a total under each
 * version's hash; its counter gets the sum. Not here: reading Redis, and names
 * (`busuanzi-names.ts`).
 */

import {
  counterWithTotal,
  excerpt,
  type Item,
  itemOf,
  readName,
  readWhole,
  SourceError,
} from '../item.ts';
import type { NamedPage, Names } from './busuanzi-names.ts';

/** A total as it stands in Redis: in a string, or as a member of a sorted set. */
export interface StoredTotal {
  readonly key: string;
  readonly member?: string | undefined;
  readonly value: string;
}

/** The number of unmatched names to show. */
const UNFOUND_SHOWN = 5;

/**
 * The counters: named by `names`; the others are named by their hashes in `namespace`, or left out
 * without a namespace.
 */
export async function* readBusuanzi(
  all: AsyncIterable<StoredTotal>,
  names: Names,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  const sums = new Map<string, { total: number; totals: number }>();
  let [visitors, nameless, spoiled] = [0, 0, false];
  for await (const { key, member, value } of all) {
    const [, what = '', hash = ''] =
      /:(site_pv|page_pv|site_uv|page_uv):([0-9a-f]{16,32})(?::|$)/.exec(key) ?? [];
    if (what.endsWith('_uv')) visitors++;
    if (!what.endsWith('_pv')) continue;
    const name = nameOf(what === 'site_pv', hash, member, names, namespace);
    if (name === undefined) nameless++;
    else {
      try {
        const sum = sums.get(name) ?? { total: 0, totals: 0 };
        sum.total += totalOf(key, value);
        if (!Number.isSafeInteger(sum.total))
          throw new SourceError(`the totals of ${name} add up past ${Number.MAX_SAFE_INTEGER}`);
        sum.totals++;
        sums.set(name, sum);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        spoiled = true;
        yield { wrong: error.message, line: 0 };
      }
    }
  }
  for (const [name, { total }] of sums)
    yield itemOf(0, () => counterWithTotal(readName(name), total));
  if (sums.size === 0 && !spoiled) yield { wrong: nothingIn(nameless, names), line: 0 };
  for (const [name, { totals }] of sums) {
    if (totals > 1)
      yield {
        note: `${name} is the sum of ${totals} totals, of versions of busuanzi or of pages with this name`,
      };
  }
  yield* notesOn(nameless, visitors, names.unfound());
}

/** A number of things, in words: `1 total`, `1,200 totals`. */
function countOf(count: number, one: string, more: string): string {
  return count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${more}`;
}

function nothingIn(nameless: number, names: Names): string {
  if (nameless === 0)
    return 'there is no total of a busuanzi under these keys: name others with --keys, as in --keys "PREFIX:*"';
  const totals = countOf(nameless, 'total', 'totals');
  return names.empty
    ? `${totals} of a busuanzi, and no name for any: give addresses with --names, or a --namespace`
    : `${totals} of a busuanzi, and none of the addresses in --names is among them: check them`;
}

function* notesOn(
  nameless: number,
  visitors: number,
  unfound: readonly NamedPage[],
): Generator<Item> {
  if (nameless > 0) {
    yield {
      note:
        `${countOf(nameless, 'total is', 'totals are')} left out, because nobody has named them: ` +
        'give their addresses with --names, or --namespace for names of their hashes',
    };
  }
  if (unfound.length > 0) {
    const some = unfound
      .slice(0, UNFOUND_SHOWN)
      .map(({ line, address }) => `line ${line} ${excerpt(address)}`);
    if (unfound.length > UNFOUND_SHOWN) some.push('…');
    yield {
      note:
        `${countOf(unfound.length, 'name matches', 'names match')} nothing: ${some.join(', ')}. ` +
        'For a busuanzi, an address with / at its end and one without are two pages',
    };
  }
  if (visitors > 0) {
    yield {
      note:
        `${countOf(visitors, 'set of visitors is', 'sets of visitors are')} left out: ` +
        'Seen counts visitors per day, and these are all-time visitors',
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
  const known = isSite
    ? names.site(hash)
    : names.page(member === undefined ? undefined : hash, member ?? hash);
  if (known !== undefined || namespace === undefined) return known;
  if (isSite) return `${namespace}/site-${hash}`;
  // A key is too short for both hashes: the beginning of the site’s hash distinguishes sites.
  return member === undefined
    ? `${namespace}/page-${hash}`
    : `${namespace}/page-${hash.slice(0, 16)}-${member}`;
}

function totalOf(key: string, value: string): number {
  // A sorted set answers its scores as floating-point numbers.
  if (!/^-?\d+(\.0+)?$/.test(value))
    throw new SourceError(
      `the Redis key ${excerpt(key)} holds ${excerpt(value)}, which is not a whole number`,
    );
  return readWhole(value.replace(/\..*$/, ''), 'total');
}
