/**
 * Reads plain whole numbers under keys of a Redis, such as `hits` of the guide's application. Not
 * here: reading Redis.
 */
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { counterWithTotal, excerpt, type Item, itemOf, readName, SourceError } from '../item.ts';
import { readWhole } from '../reading/numbers.ts';
import { keyFor } from '../slug.ts';
import type { StoredTotal } from './busuanzi.ts';

/**
 * The counters: `hits` is the default counter, NAMESPACE/KEY and NAMESPACE:KEY are names, and
 * every other key becomes a name in `namespace`, by `keyFor`.
 */
export async function* readRedisKeys(
  all: AsyncIterable<StoredTotal>,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  let found = false;
  for await (const { key, member, value } of all) {
    // Keys of a Seen are skipped: use seen export for them.
    if (member !== undefined || key.startsWith('seen:')) continue;
    found = true;
    yield itemOf(0, () => {
      if (!/^-?\d+$/.test(value))
        throw new SourceError(
          `the Redis key ${excerpt(key)} holds ${excerpt(value)}, which is not a whole number`,
        );
      return counterWithTotal(nameOf(key, namespace), readWhole(value, 'total'));
    });
  }
  if (!found)
    yield {
      wrong: 'no such key holds a number: select others with --keys PATTERN',
      line: 0,
    };
}

function nameOf(key: string, namespace: string | undefined): string {
  if (key === DEFAULT_COUNTER) return key;
  if (namespace !== undefined) return `${namespace}/${keyFor(key.replaceAll(':', '/'))}`;
  try {
    return readName(key.includes('/') ? key : key.replace(':', '/'));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SourceError(
      `the Redis key ${excerpt(key)} does not name a counter: give its namespace with --namespace`,
    );
  }
}
