/**
 * Another Redis, of which numbers are read to be imported: by key, while it is in use. Nothing is
 * written there.
 *
 * Not here: what the keys mean (`archive/`).
 */
import { RedisConnection, type RedisOptions } from './connection.ts';

/**
 * A number under a key: in a string, or of a member of a sorted set. What else there is has no
 * value.
 */
export interface KeptNumber {
  readonly key: string;
  readonly member?: string | undefined;
  readonly value: string;
}

const AT_ONCE = 1000;

export class RedisSource {
  /** For people: without a password. */
  readonly place: string;
  readonly #connection: RedisConnection;

  /** Connects at the first need, not here. */
  constructor(options: RedisOptions) {
    this.#connection = new RedisConnection({ ...options, urlIn: 'the URL to import from' });
    this.place = this.#connection.place;
  }

  /**
   * What stands under the keys that `pattern` matches
   * (https://redis.io/docs/latest/commands/keys/), each once: strings, and members of sorted sets.
   * Keys of other types come without a value: as empty text. Fails with `store-unavailable`,
   * `store-unusable`.
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
      // A key may be answered more than once.
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
