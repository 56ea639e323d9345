/** Keeps passwords out of messages, which are logged. A pure function. */

/**
 * The text without what stands between `//` and `@` in a URL: `redis://…@redis:6379`. People type
 * the URL of a store in the wrong place, and in a path its two slashes become one.
 */
export function withoutPassword(text: string): string {
  return text.replace(/(?:(:)\/|\/\/)\/*.*@/s, '$1//…@');
}
