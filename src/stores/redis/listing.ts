/**
 * Finds the names of counters for a list: in each shard by itself, and together in the order of
 * the names. Not here: what else a list shows of them (`registry.ts`).
 */
import type { ListQuery } from '../../contract/registry.ts';
import { namesKey } from './keys.ts';
import type { RedisShard, RedisShards } from './shards.ts';

/** The most names to search in a shard for one page, so that one without a match is soon there. */
const LOOKED_THROUGH_MAX = 10_000;
/** The names that one read of a search returns. */
const AT_ONCE = 1000;

/** Names in their order: all of them up to `next`, or all there are when it is undefined. */
interface FoundNames {
  readonly names: readonly string[];
  readonly next: string | undefined;
}

/** The names for a page (`Page`). Fails with `store-unavailable`, `store-unusable`. */
export async function findNames({ all }: RedisShards, query: ListQuery): Promise<FoundNames> {
  const found = await Promise.all(all.map((shard) => namesIn(shard, query)));
  const until = found.flatMap(({ next }) => next ?? []).toSorted()[0];
  const names = found
    .flatMap((one) => one.names)
    .filter((name) => until === undefined || name <= until)
    .toSorted()
    .slice(0, query.limit);
  return { names, next: names.length === query.limit ? names.at(-1) : until };
}

async function namesIn(
  { tag, ask }: RedisShard,
  { prefix = '', search, after, limit }: ListQuery,
): Promise<FoundNames> {
  const found: string[] = [];
  // Without a search every name is a match.
  const atOnce = search === '' ? Math.min(limit, AT_ONCE) : AT_ONCE;
  const before = `(${tag}${prefix}~`;
  let from = after < prefix || after === '' ? `[${tag}${prefix}` : `(${tag}${after}`;
  let last = after;
  for (let looked = 0; looked < LOOKED_THROUGH_MAX; looked += atOnce) {
    // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
    const stored = await ask(
      (client) =>
        client.zRangeByLex(namesKey(tag), from, before, { LIMIT: { offset: 0, count: atOnce } }),
      'store-unavailable',
    );
    const names = stored.map((name) => name.slice(tag.length));
    for (const name of names) {
      if (name.includes(search)) found.push(name);
      if (found.length === limit) return { names: found, next: name };
    }
    if (names.length < atOnce) return { names: found, next: undefined };
    last = names.at(-1) ?? last;
    from = `(${tag}${last}`;
  }
  return { names: found, next: last };
}
