/** The counters in Redis as things: made, owned, set, listed and deleted. One script (`registry.lua`) does what changes anything. */
import {
  type Description,
  type Draft,
  type Page,
  type Registry,
  type Rules,
  readRules,
  type Wanted,
  writeRules,
} from '../counter/registry.ts';
import type { RedisConnection } from './redis-connection.ts';
import { NAMES, recordKey, totalKey, totalOf } from './redis-keys.ts';
import { Script } from './redis-script.ts';
import script from './registry.lua' with { type: 'text' };

export interface RedisRegistryOptions {
  /** How many counters there may be. */
  countersMax: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

type Answer = 'ok' | 'exists' | 'full' | 'missing';

const CHANGE = new Script(script);
/** So many names are looked through for one page at the most, so that one that is searched for in vain takes no long time. */
const LOOKED_THROUGH_MAX = 10_000;
const AT_ONCE = 1000;

export class RedisRegistry implements Registry {
  readonly #connection: RedisConnection;
  readonly #options: RedisRegistryOptions;

  constructor(connection: RedisConnection, options: RedisRegistryOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async make(
    counter: string,
    { total, madeAt, owner, rules }: Draft,
  ): Promise<'made' | 'exists' | 'counters-full'> {
    const { countersMax } = this.#options;
    const written = rules === undefined ? '' : writeRules(rules);
    switch (await this.#change('make', counter, madeAt, `${total}`, owner, `${countersMax}`, written)) {
      case 'ok':
        return 'made';
      case 'full':
        return 'counters-full';
      case 'exists':
      case 'missing':
        return 'exists';
    }
  }

  async set(counter: string, total: number): Promise<boolean> {
    return (await this.#change('set', counter, this.#options.now(), `${total}`)) === 'ok';
  }

  async give(counter: string, owner: string): Promise<boolean> {
    return (await this.#change('give', counter, this.#options.now(), owner)) === 'ok';
  }

  async rule(counter: string, rules: Rules): Promise<boolean> {
    return (await this.#change('rule', counter, this.#options.now(), writeRules(rules))) === 'ok';
  }

  async delete(counter: string): Promise<void> {
    await this.#change('delete', counter, this.#options.now());
  }

  async describe(counter: string): Promise<Description | undefined> {
    return (await this.#describe([counter]))[0];
  }

  async list({ search, after, limit }: Wanted): Promise<Page> {
    const found: string[] = [];
    let from = after === '' ? '-' : `(${after}`;
    for (let looked = 0; looked < LOOKED_THROUGH_MAX; looked += AT_ONCE) {
      // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
      const names = await this.#connection.ask(
        (client) => client.zRangeByLex(NAMES, from, '+', { LIMIT: { offset: 0, count: AT_ONCE } }),
        'store-unavailable',
      );
      for (const name of names) {
        if (name.includes(search)) found.push(name);
        // eslint-disable-next-line no-await-in-loop -- returns
        if (found.length === limit) return { counters: await this.#describe(found), next: name };
      }
      from = `(${names.at(-1) ?? ''}`;
      // eslint-disable-next-line no-await-in-loop -- returns
      if (names.length < AT_ONCE) return { counters: await this.#describe(found), next: undefined };
    }
    return { counters: await this.#describe(found), next: from.slice(1) };
  }

  size(): Promise<number> {
    return this.#connection.ask((client) => client.zCard(NAMES), 'store-unavailable');
  }

  async #change(
    what: 'make' | 'set' | 'give' | 'rule' | 'delete',
    counter: string,
    at: number,
    ...args: string[]
  ): Promise<Answer> {
    const keys = [totalKey(counter), recordKey(counter), NAMES];
    return this.#connection.ask(
      (client) => CHANGE.run<Answer>(client, keys, [what, counter, `${at}`, ...args]),
      'hit-unconfirmed',
    );
  }

  /** Those of them that there are. */
  async #describe(counters: readonly string[]): Promise<Description[]> {
    if (counters.length === 0) return [];
    const [totals, records] = await this.#connection.ask(
      (client) =>
        Promise.all([
          client.mGet(counters.map(totalKey)),
          Promise.all(
            counters.map((counter) => client.hmGet(recordKey(counter), ['made', 'owner', 'rules'])),
          ),
        ]),
      'store-unavailable',
    );
    return counters.flatMap((counter, index) => {
      const total = totals[index];
      const [made, owner, rules] = records[index] ?? [];
      if (total === null || total === undefined) return [];
      return {
        counter,
        total: totalOf(total, counter),
        madeAt: made ? Number(made) : undefined,
        owner: owner ?? undefined,
        rules: readRules(rules),
      };
    });
  }
}
