/**
 * JSONP: a response as a script that calls a function of the page, for pages from before CORS.
 *
 * The page chooses the function's name, so the name is validated. Not here: which responses are
 * scripts, and their status.
 */
import { AppError } from '../../counter/errors.ts';

/** A name, or names with dots between them. No other code matches. */
const CALLBACK = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;
/** Longer than the names that libraries generate. */
const CALLBACK_LENGTH_MAX = 100;

/** The content type of `jsonpScript`. */
export const SCRIPT_TYPE = 'application/javascript; charset=utf-8';

/** The function that a request names as `?callback=`; `undefined` for none or an invalid name. */
export function callbackIn(query: URLSearchParams): string | undefined {
  const name = query.get('callback') ?? '';
  return name.length <= CALLBACK_LENGTH_MAX && CALLBACK.test(name) ? name : undefined;
}

/**
 * Fails with `request-invalid` when the callback of a request is not a valid name. Call it before
 * anything is counted.
 */
export function requireCallable(query: URLSearchParams): void {
  if (query.has('callback') && callbackIn(query) === undefined) {
    throw new AppError(
      'request-invalid',
      `callback must be the name of a function, of letters, digits, "_", "$" and "." and at most ${CALLBACK_LENGTH_MAX} characters. Nothing was counted.`,
    );
  }
}

/** The script that calls `callback` with `value`. */
export function jsonpScript(callback: string, value: object): string {
  // The comment keeps the body from beginning with text that the client chose.
  return `/**/${callback}(${asLiteral(value)});`;
}

/** JSON that is also valid JavaScript, and safe inside a page. */
function asLiteral(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[<>\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
