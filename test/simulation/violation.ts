/** What a history must not show. */

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Fails the history unless `holds`. */
export function must(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof what === 'string' ? what : what());
}
