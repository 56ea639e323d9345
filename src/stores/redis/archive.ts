/**
 * Exports from Redis and imports into it. An export reads page by page in the order of the names,
 * each counter whole.
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
import { readRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import type { RedisConnection } from './connection.ts';
import { type Dump, historyIn, readDumps } from './history.ts';
import { importInto } from './import.ts';
import { NAMES, totalOf } from './keys.ts';

/** The number of names, and of figures of history, in one read: about a millisecond of Redis. */
const NAMES_AT_ONCE = 200;
const FIGURES_AT_ONCE = 2000;

export class RedisArchive implements Archive {
  readonly #connection: RedisConnection;
  readonly #options: PartOptions;

  constructor(connection: RedisConnection, options: PartOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  readAll(after = ''): AsyncIterable<ArchivedCounter> {
    return readAllOf(this.#connection, after);
  }

  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return importInto(this.#connection, 'import', counters, terms, this.#options);
  }

  previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return importInto(this.#connection, 'preview', counters, terms, this.#options);
  }
}

async function* readAllOf(
  connection: RedisConnection,
  after: string,
): AsyncGenerator<ArchivedCounter> {
  for await (const names of pagesOfNames(connection, after)) {
    for (let at = 0; at < names.length; ) {
      // eslint-disable-next-line no-await-in-loop -- a little at a time
      const dumps = await connection.ask(
        (client) => readDumps(client, names.slice(at), FIGURES_AT_ONCE),
        'store-unavailable',
      );
      for (const dump of dumps) {
        if (dump) yield archivedOf(dump);
      }
      at += dumps.length;
    }
  }
}

/** The names after that one, in their order. The default counter may exist without an entry. */
async function* pagesOfNames(
  connection: RedisConnection,
  after: string,
): AsyncGenerator<readonly string[]> {
  let from = after === '' ? '-' : `(${after}`;
  let hasDefault = after >= DEFAULT_COUNTER;
  for (;;) {
    // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
    const names = await connection.ask(
      (client) =>
        client.zRangeByLex(NAMES, from, '+', { LIMIT: { offset: 0, count: NAMES_AT_ONCE } }),
      'store-unavailable',
    );
    const last = names.at(-1);
    hasDefault ||= names.includes(DEFAULT_COUNTER);
    if (!hasDefault && (last === undefined || last > DEFAULT_COUNTER)) {
      hasDefault = true;
      yield [...names, DEFAULT_COUNTER].toSorted();
    } else yield names;
    if (last === undefined) return;
    from = `(${last}`;
  }
}

/** Fails with `counter-unreadable`. */
function archivedOf(dump: Dump): ArchivedCounter {
  const [counter, total, made, owner, rules, , , , , , title, link] = dump;
  return {
    counter,
    total: totalOf(total, counter),
    madeAt: made === '' ? undefined : Number(made),
    owner: owner === '' ? undefined : owner,
    rules: readRules(rules === '' ? undefined : rules),
    title: title === '' ? undefined : title,
    link: link === '' ? undefined : link,
    past: historyIn(dump),
  };
}
