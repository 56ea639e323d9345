/** What a history must not show. */

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What is wrong: a function where the text takes long to make, because most checks hold. */
export type Finding = string | (() => string);

export const textOf = (finding: Finding) => (typeof finding === 'string' ? finding : finding());

/** Fails the history unless `holds`. */
export function must(holds: boolean, what: Finding): asserts holds {
  if (!holds) throw new Violation(textOf(what));
}
