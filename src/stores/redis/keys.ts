/**
 * The keys of Seen in Redis, and the form of their values.
 *
 * Each function takes the tag of a shard (`shards.ts`), or the name of a counter with the tag of
 * its shard before it. A single Redis has an empty tag.
 */

import type { Kind } from '../../contract/history.ts';
import type { Description } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { readRules } from '../../counter/rules.ts';

/**
 * The names of all counters: a sorted set with equal scores, so that it is in the order of the
 * names.
 */
export const namesKey = (tag: string): string => `seen:${tag}names`;

/**
 * Visitors who have used part of a quota: a sorted set of "LIMIT:VISITOR" by the time when the
 * quota is full again, in microseconds since 1970.
 */
export const limitsKey = (tag: string): string => `seen:${tag}limits`;

/** The replicas: a hash from their ids to their last reports (`lua/presence.lua`). */
export const replicasKey = (tag: string): string => `seen:${tag}replicas`;

/** The last batch of a writer (`lua/commit.lua`). */
export const writerKey = (tag: string, writer: string): string => `seen:writer:${tag}${writer}`;

/** The salt of a day. */
export const saltKey = (tag: string, day: number): string => `seen:salt:${tag}${day}`;

/** The number of shards of the cluster, in each shard. */
export const shardsKey = (tag: string): string => `seen:${tag}shards`;

/** A key that never exists (`RedisShard.keys`). */
export const absentKey = (tag: string): string => `seen:${tag}absent`;

/** A counter's total: a plain integer. */
export function totalKey(counter: string): string {
  return counter === DEFAULT_COUNTER ? DEFAULT_COUNTER : `seen:total:${counter}`;
}

/**
 * A counter's data besides its total: a hash of `made` (milliseconds since 1970), `owner` (the
 * hash of a token), `rules`, `title`, `link`.
 */
export function recordKey(counter: string): string {
  return `seen:counter:${counter}`;
}

/** The letters for kinds of visits in keys of history. */
export const KIND_LETTERS: Readonly<Record<Kind, string>> = {
  person: 'p',
  program: 'g',
  proxy: 'x',
  bot: 'b',
};

/** Parses a total. Fails with `counter-unreadable`. */
export function totalOf(value: string, counter: string): number {
  const total = Number(value);
  if (/^-?\d+$/.test(value) && Number.isSafeInteger(total)) return total;
  throw counterUnreadable(counter);
}

/** The error for a counter whose total is not a number. */
export function counterUnreadable(counter: string): AppError {
  return new AppError(
    'counter-unreadable',
    `The Redis key ${totalKey(counter)} does not hold a whole number. Move it out of the way, or use another name.`,
  );
}

/**
 * A counter as scripts return it: total, time of creation, owner, rules, title, link; empty for a
 * missing counter.
 */
export type CounterReply = readonly [total: string, ...texts: string[]] | readonly [];

/**
 * The counter in a reply, or none. `tag` is that of its shard. Fails with
 * `counter-unreadable`.
 */
export function descriptionOf(
  tag: string,
  counter: string,
  [total, made = '', owner = '', rules = '', title = '', link = '']: CounterReply,
): Description[] {
  if (total === undefined) return [];
  return [
    {
      counter,
      total: totalOf(total, tag + counter),
      madeAt: made === '' ? undefined : Number(made),
      owner: owner === '' ? undefined : owner,
      rules: readRules(rules === '' ? undefined : rules),
      title: title === '' ? undefined : title,
      link: link === '' ? undefined : link,
    },
  ];
}
