/**
 * Another Redis, whose numbers are read for an import, by key, while it is in use. Nothing is
 * written there.
 *
 * Not here: the meaning of the keys (`archive/`).
 */
import { type Client, RedisConnection, type RedisOptions } from './connection.ts';

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

/** One Redis to import from, with a connection of its own. */
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
   * Reads the keys that match `pattern` (https://redis.io/docs/latest/commands/keys/): strings,
   * and members of sorted sets, each once. The value of a key of another type is empty text.
   * Fails with `store-unavailable`, `store-unusable`.
   */
  async *numbers(pattern: string): AsyncGenerator<KeptNumber> {
    const known = new Set<string>();
    let cursor = '0';
    do {
      const from = cursor;
      // eslint-disable-next-line no-await-in-loop -- each step begins where the one before ended
      const step = await this.#ask((client) =>
        client.scan(from, { MATCH: pattern, COUNT: AT_ONCE }),
      );
      ({ cursor } = step);
      yield* this.#read(onlyNew(step.keys, known, (key) => key));
    } while (cursor !== '0');
  }

  async *#read(keys: readonly string[]): AsyncGenerator<KeptNumber> {
    if (keys.length === 0) return;
    const [types, values] = await this.#ask((client) =>
      Promise.all([Promise.all(keys.map((key) => client.type(key))), client.mGet([...keys])]),
    );
    for (const [index, key] of keys.entries()) {
      if (types[index] === 'zset') yield* this.#members(key);
      else yield { key, value: values[index] ?? '' };
    }
  }

  async *#members(key: string): AsyncGenerator<KeptNumber> {
    const known = new Set<string>();
    let cursor = '0';
    do {
      const from = cursor;
      // eslint-disable-next-line no-await-in-loop -- each step begins where the one before ended
      const step = await this.#ask((client) => client.zScan(key, from, { COUNT: AT_ONCE }));
      ({ cursor } = step);
      for (const { value, score } of onlyNew(step.members, known, (member) => member.value))
        yield { key, member: value, value: String(score) };
    } while (cursor !== '0');
  }

  /** One step of a scan has the deadline of one call, however many steps there are. */
  #ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    return this.#connection.ask(question, 'store-unavailable');
  }

  close(): void {
    this.#connection.close();
  }
}

/** Those whose name is not in `known`, to which they are added: a scan may return one twice. */
function onlyNew<T>(all: readonly T[], known: Set<string>, nameOf: (one: T) => string): T[] {
  return all.filter((one) => {
    const name = nameOf(one);
    if (known.has(name)) return false;
    known.add(name);
    return true;
  });
}
