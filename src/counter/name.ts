/**
 * Names of counters: the default counter `hits`, and `ns/key` for all others.
 *
 * Both parts are 3 to 64 of letters, digits, `_`, `.` and `-`: the rule that CountAPI and Abacus
 * share, so that the URLs of either can be carried over. The default counter has no `/` and so can
 * never be hit under another's name.
 */
import { AppError } from './errors.ts';

/**
 * The counter behind `GET /`. The name is the Redis key that the stack guide's own application
 * uses.
 */
export const DEFAULT_COUNTER = 'hits';

/** What either part of a name may be. */
export const COUNTER_PART = /^[A-Za-z0-9_.-]{3,64}$/;

/** The counter's name from its two parts. Fails with `name-invalid`. */
export function counterName(namespace: string, key: string): string {
  for (const [what, part] of [
    ['namespace', namespace],
    ['key', key],
  ] as const) {
    if (!COUNTER_PART.test(part)) {
      throw new AppError(
        'name-invalid',
        `The ${what} ${JSON.stringify(part.slice(0, 80))} is not a name. Use 3 to 64 letters, digits, "_", "." or "-", as in /hit/my-site/front-page.`,
      );
    }
  }
  return `${namespace}/${key}`;
}
