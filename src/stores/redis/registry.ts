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
import { writeRuleChanges, writeRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import type { CodeIfLost } from '../server.ts';
import { type CounterReply, counterUnreadable, descriptionOf, namesKey } from './keys.ts';
import { findNames } from './listing.ts';
import script from './lua/registry.lua' with { type: 'text' };
import { Script } from './script.ts';
import {
  askEach,
  changeEach,
  checkDivision,
  partOf,
  type RedisShard,
  type RedisShards,
  shardOf,
} from './shards.ts';

/** The arguments of `lua/registry.lua`, described there. */
interface CounterFields {
  readonly counter: string;
  readonly madeAt: number;
  readonly owner: string | undefined;
  readonly rules: string | undefined;
  readonly title: string | undefined;
  readonly link: string | undefined;
}
type RegistryArguments =
  | (CounterFields & {
      readonly what: 'create';
      readonly total: number;
      readonly countersMax: number;
    })
  | (CounterFields & {
      readonly what: 'change';
      readonly condition: Condition;
      readonly total: number | undefined;
    })
  | {
      readonly what: 'delete';
      readonly counters: readonly string[];
      readonly condition: Condition;
    }
  | { readonly what: 'read'; readonly counters: readonly string[] };

const REGISTRY = new Script<RegistryArguments & { readonly tag: string | undefined }>(script);

export class RedisRegistry implements Registry {
  readonly #shards: RedisShards;
  readonly #options: PartOptions;

  constructor(shards: RedisShards, options: PartOptions) {
    this.#shards = shards;
    this.#options = options;
  }

  /** When memory is short no counter is created, as if the maximum were reached. */
  async create(
    counter: string,
    { total, madeAt, owner, rules, title, link }: Draft,
  ): Promise<'created' | 'exists' | 'counters-full'> {
    const shard = shardOf(this.#shards, counter);
    await checkDivision(shard, this.#shards);
    const answer = await run<'ok' | 'exists' | 'full'>(shard, {
      what: 'create',
      counter: shard.tag + counter,
      total,
      owner,
      rules: rules && writeRules(rules),
      title,
      link,
      madeAt,
      countersMax: shard.space.short ? 0 : partOf(this.#options.countersMax, this.#shards),
    });
    return answer === 'ok' ? 'created' : answer === 'full' ? 'counters-full' : 'exists';
  }

  async change(
    counter: string,
    changes: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    const shard = shardOf(this.#shards, counter);
    await checkDivision(shard, this.#shards);
    if (shard.space.short && addsLabel(changes)) throw storeFull();
    const { total, owner, rules, title, link } = changes;
    const answer = await run<CounterReply | 'missing' | 'differs' | 'unreadable'>(shard, {
      what: 'change',
      counter: shard.tag + counter,
      condition,
      madeAt: this.#options.now(),
      total,
      owner,
      rules: rules && writeRuleChanges(rules),
      title: title === null ? '' : title,
      link: link === null ? '' : link,
    });
    if (answer === 'unreadable') throw counterUnreadable(shard.tag + counter);
    if (typeof answer === 'string') return answer;
    return descriptionOf(shard.tag, counter, answer)[0] ?? 'differs';
  }

  delete(counters: readonly string[], condition: Condition = {}): Promise<readonly Deletion[]> {
    return changeEach(
      this.#shards,
      counters,
      (counter) => counter,
      (shard, some) => {
        const tagged = some.map((counter) => shard.tag + counter);
        return run<readonly Deletion[]>(shard, { what: 'delete', counters: tagged, condition });
      },
    );
  }

  async describe(counter: string): Promise<Description | undefined> {
    return (await this.#describe([counter]))[0];
  }

  async list(query: ListQuery): Promise<Page> {
    const { names, next } = await findNames(this.#shards, query);
    return { counters: await this.#describe(names), next };
  }

  async size(): Promise<number> {
    const sizes = await Promise.all(
      this.#shards.all.map(({ tag, ask }) =>
        ask((client) => client.zCard(namesKey(tag)), 'store-unavailable'),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** The descriptions of the counters that exist, each as of one moment. */
  async #describe(counters: readonly string[]): Promise<Description[]> {
    const all = await askEach(
      this.#shards,
      counters,
      (counter) => counter,
      (shard, some) => {
        const read = { what: 'read', counters: some.map((name) => shard.tag + name) } as const;
        return run<readonly CounterReply[]>(shard, read, 'store-unavailable');
      },
    );
    return counters.flatMap((counter, index) =>
      descriptionOf(shardOf(this.#shards, counter).tag, counter, all[index] ?? []),
    );
  }
}

/** Calls the script. `args` have the names of counters with the tag of the shard. */
function run<T>(
  shard: RedisShard,
  args: RegistryArguments,
  codeIfLost: CodeIfLost = 'hit-unconfirmed',
): Promise<T> {
  const keys = shard.keys(namesKey(shard.tag));
  const tagged = { ...args, tag: shard.tagArgument };
  return shard.ask((client) => REGISTRY.run<T>(client, keys, tagged), codeIfLost);
}
