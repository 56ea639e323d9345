/**
 * Creates, changes, lists and deletes counters in Redis, and knows their owners. One script
 * (`lua/registry.lua`) reads and writes them.
 */

import type {
  Condition,
  CounterChanges,
  Deletion,
  Description,
  Draft,
  ListQuery,
  Page,
  Registry,
} from '../../contract/registry.ts';
import { storeFull } from '../../counter/errors.ts';
import { addsLabel } from '../../counter/label.ts';
import { readRules, writeRuleChanges, writeRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import type { RedisConnection } from './connection.ts';
import { NAMES, totalOf } from './keys.ts';
import script from './lua/registry.lua' with { type: 'text' };
import { Script } from './script.ts';
import type { RedisSpace } from './space.ts';

/**
 * A counter as `lua/registry.lua` returns it: total, time of creation, owner, rules, title, link;
 * empty for a missing counter.
 */
type Fields = readonly [total: string, ...texts: string[]] | readonly [];

/** The arguments of `lua/registry.lua`, described there. */
type RegistryArguments =
  | {
      readonly what: 'create';
      readonly counter: string;
      readonly total: number;
      readonly owner: string | undefined;
      readonly rules: string | undefined;
      readonly title: string | undefined;
      readonly link: string | undefined;
      readonly madeAt: number;
      readonly countersMax: number;
    }
  | {
      readonly what: 'change';
      readonly counter: string;
      readonly condition: Condition;
      readonly madeAt: number;
      readonly total: number | undefined;
      readonly owner: string | undefined;
      readonly rules: string | undefined;
      readonly title: string | undefined;
      readonly link: string | undefined;
    }
  | {
      readonly what: 'delete';
      readonly counters: readonly string[];
      readonly condition: Condition;
    }
  | { readonly what: 'read'; readonly counters: readonly string[] };

const REGISTRY = new Script<RegistryArguments>(script);
/** The most names to search for one page, so that a search without a match does not take long. */
const LOOKED_THROUGH_MAX = 10_000;
/** The names that one read of a search returns. */
const AT_ONCE = 1000;

export class RedisRegistry implements Registry {
  readonly #connection: RedisConnection;
  readonly #space: RedisSpace;
  readonly #options: PartOptions;

  constructor(connection: RedisConnection, space: RedisSpace, options: PartOptions) {
    this.#connection = connection;
    this.#space = space;
    this.#options = options;
  }

  /** When memory is short no counter is created, as if the maximum were reached. */
  async create(
    counter: string,
    { total, madeAt, owner, rules, title, link }: Draft,
  ): Promise<'created' | 'exists' | 'counters-full'> {
    const answer = await this.#write<'ok' | 'exists' | 'full'>({
      what: 'create',
      counter,
      total,
      owner,
      rules: rules && writeRules(rules),
      title,
      link,
      madeAt,
      countersMax: this.#space.short ? 0 : this.#options.countersMax,
    });
    return answer === 'ok' ? 'created' : answer === 'full' ? 'counters-full' : 'exists';
  }

  async change(
    counter: string,
    changes: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    if (this.#space.short && addsLabel(changes)) throw storeFull();
    const { total, owner, rules, title, link } = changes;
    const answer = await this.#write<Fields | 'missing' | 'differs' | 'unreadable'>({
      what: 'change',
      counter,
      condition,
      madeAt: this.#options.now(),
      total,
      owner,
      rules: rules && writeRuleChanges(rules),
      title: title === null ? '' : title,
      link: link === null ? '' : link,
    });
    // Fails with the reason.
    if (answer === 'unreadable') totalOf('', counter);
    if (typeof answer === 'string') return answer === 'missing' ? 'missing' : 'differs';
    return descriptionOf(counter, answer)[0] ?? 'differs';
  }

  delete(counters: readonly string[], condition: Condition = {}): Promise<readonly Deletion[]> {
    return this.#write({ what: 'delete', counters, condition });
  }

  async describe(counter: string): Promise<Description | undefined> {
    return (await this.#describe([counter]))[0];
  }

  async list({ prefix = '', search, after, limit }: ListQuery): Promise<Page> {
    const found: string[] = [];
    // Without a search every name is a match.
    const atOnce = search === '' ? Math.min(limit, AT_ONCE) : AT_ONCE;
    let from = after < prefix || after === '' ? `[${prefix}` : `(${after}`;
    for (let looked = 0; looked < LOOKED_THROUGH_MAX; looked += atOnce) {
      // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
      const names = await this.#connection.ask(
        (client) =>
          client.zRangeByLex(NAMES, from, `(${prefix}~`, { LIMIT: { offset: 0, count: atOnce } }),
        'store-unavailable',
      );
      for (const name of names) {
        if (name.includes(search)) found.push(name);
        // eslint-disable-next-line no-await-in-loop -- returns
        if (found.length === limit) return { counters: await this.#describe(found), next: name };
      }
      from = `(${names.at(-1) ?? ''}`;
      // eslint-disable-next-line no-await-in-loop -- returns
      if (names.length < atOnce) return { counters: await this.#describe(found), next: undefined };
    }
    return { counters: await this.#describe(found), next: from.slice(1) };
  }

  size(): Promise<number> {
    return this.#connection.ask((client) => client.zCard(NAMES), 'store-unavailable');
  }

  #write<T>(args: RegistryArguments): Promise<T> {
    return this.#connection.ask(
      (client) => REGISTRY.run<T>(client, [NAMES], args),
      'hit-unconfirmed',
    );
  }

  /** The descriptions of the counters that exist, each as of one moment. */
  async #describe(counters: readonly string[]): Promise<Description[]> {
    if (counters.length === 0) return [];
    const all = await this.#connection.ask(
      (client) => REGISTRY.run<readonly Fields[]>(client, [NAMES], { what: 'read', counters }),
      'store-unavailable',
    );
    return counters.flatMap((counter, index) => descriptionOf(counter, all[index] ?? []));
  }
}

/** The counter with these fields, or none. Fails with `counter-unreadable`. */
function descriptionOf(
  counter: string,
  [total, made = '', owner = '', rules = '', title = '', link = '']: Fields,
): Description[] {
  if (total === undefined) return [];
  return [
    {
      counter,
      total: totalOf(total, counter),
      madeAt: made === '' ? undefined : Number(made),
      owner: owner === '' ? undefined : owner,
      rules: readRules(rules === '' ? undefined : rules),
      title: title === '' ? undefined : title,
      link: link === '' ? undefined : link,
    },
  ];
}
