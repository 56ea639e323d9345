/**
 * Another Redis, whose numbers are read for an import, by key, while it is in use. Nothing is
 * written there.
 *
 * Not here: the meaning of the keys (`archive/`).
 */
import { RedisConnection, type RedisOptions } from './connection.ts';

/**
 * A number under a key: a string, or the score of a member of a sorted set. Other types have no
 * value.
 */
export interface KeptNumber {
  readonly key: string;
  readonly member?: string | undefined;
  readonly value: string;
}

/** The keys or members that Redis looks at in one step of a scan. */
const AT_ONCE = 1000;

export class RedisSource {
  /** For people, without a password. */
  readonly place: string;
  readonly #connection: RedisConnection;

  /** Connects on first use, not here. */
  constructor(options: RedisOptions) {
    this.#connection = new RedisConnection({ ...options, urlIn: 'the URL to import from' });
    this.place = this.#connection.place;
  }

  /**
   * Reads the keys that match `pattern` (https://redis.io/docs/latest/commands/keys/), each once:
   * strings, and members of sorted sets. The value of a key of another type is empty text. Fails
   * with `store-unavailable`, `store-unusable`.
   */
  async *numbers(pattern: string): AsyncGenerator<KeptNumber> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const scan = cursor;
      // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
      const answer = await this.#connection.ask(
        (client) => client.scan(scan, { MATCH: pattern, COUNT: AT_ONCE }),
        'store-unavailable',
      );
      ({ cursor } = answer);
      // SCAN may return a key more than once.
      const keys = answer.keys.filter((key) => !seen.has(key));
      for (const key of keys) seen.add(key);
      // eslint-disable-next-line no-await-in-loop -- the same
      yield* await this.#read(keys);
    } while (cursor !== '0');
  }

  async #read(keys: readonly string[]): Promise<KeptNumber[]> {
    if (keys.length === 0) return [];
    return this.#connection.ask(async (client) => {
      const [types, values] = await Promise.all([
        Promise.all(keys.map((key) => client.type(key))),
        client.mGet([...keys]),
      ]);
      const found = await Promise.all(
        keys.map(async (key, index): Promise<KeptNumber[]> => {
          if (types[index] !== 'zset') return [{ key, value: values[index] ?? '' }];
          const members: KeptNumber[] = [];
          for await (const some of client.zScanIterator(key, { COUNT: AT_ONCE })) {
            members.push(
              ...some.map(({ value, score }) => ({ key, member: value, value: String(score) })),
            );
          }
          return members;
        }),
      );
      return found.flat();
    }, 'store-unavailable');
  }

  close(): void {
    this.#connection.close();
  }
}
