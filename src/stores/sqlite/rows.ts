/** A counter's row as the contract describes it. */

import type { Description } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import type { Row } from './statements.ts';

/** The counter in a row; `place` is the file. Fails with `counter-unreadable`. */
export function descriptionOf(
  { name, total, made_at: madeAt, owner, rules }: Row,
  place: string,
): Description {
  return {
    counter: name,
    total: exactTotal(name, total, place),
    madeAt: madeAt ?? undefined,
    owner: owner ?? undefined,
    rules: readRules(rules),
  };
}

/** The total of a counter. Fails with `counter-unreadable` when a number cannot carry it. */
export function exactTotal(counter: string, total: number, place: string): number {
  if (Number.isSafeInteger(total)) return total;
  throw new AppError(
    'counter-unreadable',
    `The total of ${counter} in ${place} was set past ${Number.MAX_SAFE_INTEGER}. Set it lower.`,
  );
}
