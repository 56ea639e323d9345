/**
 * Names of counters: the default counter `hits`, and `ns/key` for all others.
 *
 * Both parts are 3 to 64 of letters, digits, `_`, `.` and `-`: the rule of CountAPI and Abacus, so
 * that their URLs keep working. The default counter has no `/`, so its name never collides with
 * another.
 */
import { AppError } from './errors.ts';

/**
 * The counter behind `GET /`. The name is the Redis key that the stack guide's own application
 * uses.
 */
export const DEFAULT_COUNTER = 'hits';

/** The pattern of either part of a name. */
export const COUNTER_PART = /^[A-Za-z0-9_.-]{3,64}$/;
/** The pattern of a whole name. */
export const COUNTER_NAME = /^(hits|[A-Za-z0-9_.-]{3,64}\/[A-Za-z0-9_.-]{3,64})$/;

/** The first invalid part of a name; `undefined` when both are valid. */
export function invalidPart(namespace: string, key: string): 'namespace' | 'key' | undefined {
  if (!COUNTER_PART.test(namespace)) return 'namespace';
  return COUNTER_PART.test(key) ? undefined : 'key';
}

/** The counter's name from its two parts. Fails with `name-invalid`. */
export function counterName(namespace: string, key: string): string {
  const wrong = invalidPart(namespace, key);
  if (wrong === undefined) return `${namespace}/${key}`;
  const part = JSON.stringify((wrong === 'key' ? key : namespace).slice(0, 80));
  throw new AppError(
    'name-invalid',
    `The ${wrong} ${part} is not a valid name. Use 3 to 64 letters, digits, "_", "." or "-", as in /hit/my-site/front-page.`,
  );
}

/** Checks a whole name and returns it. Fails with `name-invalid`. */
export function counterIn(text: string): string {
  if (COUNTER_NAME.test(text)) return text;
  const [namespace = '', ...key] = text.split('/');
  return counterName(namespace, key.join('/'));
}
