/** Suggests the name that somebody meant who misspelt one. A pure function. */

/**
 * The known name that shares most letters with the unknown one at its beginning and end; the
 * shorter of two. `undefined` when they share less than two letters, or less than half of the
 * unknown one's, after `prefix`, with which all names begin.
 */
export function nearest(
  unknown: string,
  known: Iterable<string>,
  prefix: string,
): string | undefined {
  let [best, most]: [string | undefined, number] = [undefined, 0];
  for (const name of known) {
    const shared = sharedLetters(unknown, name);
    if (shared > most || (shared === most && best !== undefined && name.length < best.length))
      [best, most] = [name, shared];
  }
  const [shared, letters] = [most - prefix.length, unknown.length - prefix.length];
  return shared < 2 || shared * 2 < letters ? undefined : best;
}

/** How many letters two words share at the beginning and at the end; none counts twice. */
function sharedLetters(left: string, right: string): number {
  const most = Math.min(left.length, right.length);
  let start = 0;
  while (start < most && left[start] === right[start]) start++;
  let end = 0;
  while (end < most - start && left.at(-1 - end) === right.at(-1 - end)) end++;
  return start + end;
}
