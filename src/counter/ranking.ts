/**
 * Pages of counters in the order of their names, totals, visits of today or times of creation, and
 * the visits of the last days of each.
 *
 * Only names have an index: totals and visits change with every hit, and an index on them would
 * cost each hit a write. So for another order a replica walks over all counters in small calls,
 * with turns of the event loop between them, and keeps the best of one page.
 */
import { setImmediate } from 'node:timers/promises';
import { type History, HOURS_KEPT_DAYS, RECENT_AT_ONCE } from '../contract/history.ts';
import type { Description, ListQuery, Registry } from '../contract/registry.ts';

/** The values by which counters are sorted. */
export const SORTS = ['name', 'total', 'today', 'created'] as const;
export type Sort = (typeof SORTS)[number];

/** A page to read. */
export interface RankedQuery extends Omit<ListQuery, 'after'> {
  readonly sort: Sort;
  readonly descending: boolean;
  /** The end of the page before; undefined for the first page. */
  readonly after: Cursor | undefined;
  /** The number of last days whose visits are read of each counter; 0 for none. */
  readonly days: number;
  /** The number of today's day since 1970 (UTC). */
  readonly today: number;
}

/** A place in an order: after a counter. */
export interface Cursor {
  /** The value that the counters are sorted by; 0 for names. */
  readonly value: number;
  readonly counter: string;
}

/** A counter in a page. */
export interface RankedCounter {
  readonly description: Description;
  /** Its visits today; undefined when they were not read. */
  readonly today: number | undefined;
  /** Its visits on the last days, the earliest first; undefined when none were wanted. */
  readonly days: readonly number[] | undefined;
}

/** A page. */
export interface RankedPage {
  readonly counters: readonly RankedCounter[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: Cursor | undefined;
}

/** What the pages are read from. */
export interface RankingSource {
  readonly registry: Pick<Registry, 'list'>;
  readonly history: Pick<History, 'recent'>;
}

/** A counter and its value in the order. */
interface Ranked extends Cursor {
  readonly description: Description;
}

/**
 * The counters after the cursor, at most `limit`. Counters with the same value are in the order of
 * their names. A counter whose value changes between two pages may be on both or on none. Ends
 * early when `signal` is aborted: then the page is incomplete.
 */
export async function rankedPage(
  from: RankingSource,
  query: RankedQuery,
  signal: AbortSignal,
): Promise<RankedPage> {
  const { sort, descending } = query;
  const { ranked, next } =
    sort === 'name' && !descending ? await byName(from, query) : await best(from, query, signal);
  const all = ranked.map(({ description }) => description);
  const days = query.days === 0 ? undefined : await lastDays(from.history, all, query);
  return {
    counters: ranked.map(({ description, value }, index) => ({
      description,
      days: days?.[index],
      today: sort === 'today' ? value : days?.[index]?.at(-1),
    })),
    next,
  };
}

/** A page of the registry. */
async function byName({ registry }: RankingSource, { after, ...query }: RankedQuery) {
  const { counters, next } = await registry.list({ ...query, after: after?.counter ?? '' });
  return {
    ranked: counters.map((description) => ({
      description,
      value: 0,
      counter: description.counter,
    })),
    next: next === undefined ? undefined : { value: 0, counter: next },
  };
}

/** The number of counters that are listed in one call of the walk: two milliseconds of a store. */
const WALKED_AT_ONCE = 500;

/** The best counters after the cursor, of all. */
async function best(from: RankingSource, query: RankedQuery, signal: AbortSignal) {
  const { prefix, search, limit, after: cursor } = query;
  const inOrder = orderOf(query);
  let kept: Ranked[] = [];
  // The counter after a page tells that there is another page.
  const cut = () => {
    kept = kept.toSorted(inOrder).slice(0, limit + 1);
  };
  for (let after: string | undefined = ''; after !== undefined && !signal.aborted; ) {
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    const page = await from.registry.list({ prefix, search, after, limit: WALKED_AT_ONCE });
    // eslint-disable-next-line no-await-in-loop -- the same
    const ranked = await valuesOf(from, page.counters, query);
    kept.push(...ranked.filter((one) => cursor === undefined || inOrder(one, cursor) > 0));
    if (kept.length > limit) cut();
    after = page.next;
    // SQLite answers within one turn of the event loop, in which nothing else is done.
    // eslint-disable-next-line no-await-in-loop -- the same
    await setImmediate();
  }
  cut();
  const last = kept.length > limit ? kept[limit - 1] : undefined;
  const next = last && { value: last.value, counter: last.counter };
  return { ranked: kept.slice(0, limit), next };
}

/** Compares places in the order: below 0 when the first comes before the second. */
function orderOf({ sort, descending }: RankedQuery): (a: Cursor, b: Cursor) => number {
  const sign = descending ? -1 : 1;
  // In both orders of numbers, counters with the same number are in ascending order of names.
  const nameSign = sort === 'name' ? sign : 1;
  return (a, b) => {
    if (a.value !== b.value) return a.value < b.value ? -sign : sign;
    if (a.counter === b.counter) return 0;
    return a.counter < b.counter ? -nameSign : nameSign;
  };
}

async function valuesOf(
  { history }: RankingSource,
  counters: readonly Description[],
  { sort, today }: RankedQuery,
): Promise<Ranked[]> {
  const visits = sort === 'today' ? await recentVisits(history, counters, today, today) : [];
  return counters.map((description, index) => {
    const { counter, total, madeAt } = description;
    // A counter whose time of creation is unknown counts as the oldest.
    const created = madeAt ?? Number.MIN_SAFE_INTEGER;
    const value = { name: 0, total, created, today: visits[index]?.get(today) ?? 0 }[sort];
    return { description, counter, value };
  });
}

/** The visits of each counter on the last days, the earliest first. */
async function lastDays(
  history: RankingSource['history'],
  counters: readonly Description[],
  { days, today }: RankedQuery,
): Promise<number[][]> {
  const first = today - days + 1;
  const all = await recentVisits(history, counters, first, today);
  return all.map((visits) =>
    Array.from({ length: days }, (_, index) => visits.get(first + index) ?? 0),
  );
}

/** The visits of each counter by day, read in small calls. */
async function recentVisits(
  history: RankingSource['history'],
  counters: readonly Description[],
  first: number,
  last: number,
): Promise<ReadonlyMap<number, number>[]> {
  const atOnce = Math.floor(RECENT_AT_ONCE / Math.min(last - first + 1, HOURS_KEPT_DAYS));
  const all: ReadonlyMap<number, number>[] = [];
  for (let at = 0; at < counters.length; at += atOnce) {
    const names = counters.slice(at, at + atOnce).map(({ counter }) => counter);
    // eslint-disable-next-line no-await-in-loop -- one small call after the other
    all.push(...(await history.recent(names, first, last)));
    // eslint-disable-next-line no-await-in-loop -- the same
    await setImmediate();
  }
  return all;
}
