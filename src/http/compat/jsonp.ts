/**
 * JSONP: an answer as a script that calls a function of the page, for pages from before CORS.
 *
 * The page names the function, so the name must be one and no more. Not here: which answers are
 * scripts, and with what status.
 */
import { AppError } from '../../counter/errors.ts';

/**
 * A name, or names with dots between them: nothing that could be more than the function to call.
 */
const CALLBACK = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;
/** Longer than those that libraries make up. */
const CALLBACK_LENGTH_MAX = 100;

/** The content type of `asScript`. */
export const SCRIPT_TYPE = 'application/javascript; charset=utf-8';

/**
 * The function that a request names as `?callback=`; `undefined` for none, and for what is no
 * name.
 */
export function callbackIn(query: URLSearchParams): string | undefined {
  const name = query.get('callback') ?? '';
  return name.length <= CALLBACK_LENGTH_MAX && CALLBACK.test(name) ? name : undefined;
}

/**
 * Fails with `request-invalid` when the request names a callback that is none. To be asked before
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
export function asScript(callback: string, value: object): string {
  // The comment keeps the body from beginning with what the client chose.
  return `/**/${callback}(${asLiteral(value)});`;
}

/** JSON that is the same as a script, also where that script stands in a page. */
function asLiteral(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[<>\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
