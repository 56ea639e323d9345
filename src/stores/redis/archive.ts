/**
 * Exports from Redis and imports into it. An export reads page by page in the order of the names,
 * each counter whole, from all shards at once.
 *
 * One call of a script reads a few counters, and nothing is written between its commands. Between
 * two calls counting goes on. Not here: the import of one counter (`import.ts`).
 */
import type {
  Archive,
  ArchivedCounter,
  ImportOutcome,
  ImportTerms,
} from '../../contract/archive.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import type { PartOptions } from '../part-options.ts';
import { type Dump, historyIn, readDumps } from './history.ts';
import { importInto } from './import.ts';
import { descriptionOf, namesKey } from './keys.ts';
import { type RedisShard, type RedisShards, shardOf } from './shards.ts';

/**
 * The number of names in one read of all shards, and of figures of history in one of a shard:
 * about a millisecond of Redis.
 */
const NAMES_AT_ONCE = 200;
const FIGURES_AT_ONCE = 2000;

export class RedisArchive implements Archive {
  readonly #shards: RedisShards;
  readonly #options: PartOptions;

  constructor(shards: RedisShards, options: PartOptions) {
    this.#shards = shards;
    this.#options = options;
  }

  readAll(after = ''): AsyncIterable<ArchivedCounter> {
    return merged(this.#shards.all.map((shard) => readAllOf(this.#shards, shard, after)));
  }

  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return importInto(this.#shards, 'import', counters, terms, this.#options);
  }

  previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return importInto(this.#shards, 'preview', counters, terms, this.#options);
  }
}

/** The counters of several lists that are in the order of their names, in that order. */
async function* merged(
  lists: readonly AsyncGenerator<ArchivedCounter>[],
): AsyncGenerator<ArchivedCounter> {
  const next = async (list: AsyncGenerator<ArchivedCounter>) => {
    const { value, done } = await list.next();
    return done === true ? [] : [{ list, archived: value }];
  };
  const heads = (await Promise.all(lists.map(next))).flat();
  for (;;) {
    const first = heads.reduce<(typeof heads)[number] | undefined>(
      (least, head) => (least && least.archived.counter < head.archived.counter ? least : head),
      undefined,
    );
    if (first === undefined) return;
    yield first.archived;
    // eslint-disable-next-line no-await-in-loop -- each list is read as far as it is needed
    heads.splice(heads.indexOf(first), 1, ...(await next(first.list)));
  }
}

/** The counters of one shard after that name. */
async function* readAllOf(
  shards: RedisShards,
  shard: RedisShard,
  after: string,
): AsyncGenerator<ArchivedCounter> {
  for await (const names of pagesOfNames(shards, shard, after)) {
    for (let at = 0; at < names.length; ) {
      // eslint-disable-next-line no-await-in-loop -- a little at a time
      const dumps = await readDumps(shard, names.slice(at), FIGURES_AT_ONCE);
      for (const dump of dumps) {
        if (dump) yield* archivedOf(dump, shard.tag);
      }
      at += dumps.length;
    }
  }
}

/**
 * The names of a shard after that one, in their order. The default counter may exist without an
 * entry.
 */
async function* pagesOfNames(
  shards: RedisShards,
  shard: RedisShard,
  after: string,
): AsyncGenerator<readonly string[]> {
  const { tag } = shard;
  const count = Math.ceil(NAMES_AT_ONCE / shards.all.length);
  let from = after === '' ? '-' : `(${tag}${after}`;
  let hasDefault = after >= DEFAULT_COUNTER || shard !== shardOf(shards, DEFAULT_COUNTER);
  for (;;) {
    // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
    const stored = await shard.ask(
      (client) => client.zRangeByLex(namesKey(tag), from, '+', { LIMIT: { offset: 0, count } }),
      'store-unavailable',
    );
    const names = stored.map((name) => name.slice(tag.length));
    const last = names.at(-1);
    hasDefault ||= names.includes(DEFAULT_COUNTER);
    if (!hasDefault && (last === undefined || last > DEFAULT_COUNTER)) {
      hasDefault = true;
      yield [...names, DEFAULT_COUNTER].toSorted();
    } else yield names;
    if (last === undefined) return;
    from = `(${tag}${last}`;
  }
}

/** The counter in a dump of the shard with this tag. Fails with `counter-unreadable`. */
function archivedOf(dump: Dump, tag: string): ArchivedCounter[] {
  const [name, total, made, owner, rules, , , , , , title, link] = dump;
  const fields = [total, made, owner, rules, title, link] as const;
  const past = historyIn(dump);
  return descriptionOf(tag, name.slice(tag.length), fields).map((found) => ({ ...found, past }));
}
