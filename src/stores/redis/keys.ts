/** The keys of Seen in Redis, and the form of their values. */

import type { Kind } from '../../contract/history.ts';
import { AppError } from '../../counter/errors.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';

/**
 * The names of all counters: a sorted set with equal scores, so that it is in the order of the
 * names.
 */
export const NAMES = 'seen:names';

/**
 * Visitors who have used part of a quota: a sorted set of "LIMIT:VISITOR" by the time when the
 * quota is full again, in microseconds since 1970.
 */
export const LIMITS = 'seen:limits';

/** The replicas: a hash from their ids to their last reports (`lua/presence.lua`). */
export const REPLICAS = 'seen:replicas';

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
  throw new AppError(
    'counter-unreadable',
    `The Redis key ${totalKey(counter)} does not hold a whole number. Move it out of the way, or use another name.`,
  );
}
