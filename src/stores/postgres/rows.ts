/** Counters and histories as the functions in `sql/` return them. */
import type { CounterHistory, Kind } from '../../contract/history.ts';
import type { Description } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';

/** A counter, as `seen.described` returns it. */
export interface Row {
  readonly counter: string;
  readonly total: number;
  readonly madeAt: number | null;
  readonly owner: string | null;
  readonly rules: string | null;
}

type Entry = readonly [at: number, kind: Kind, amount: number];

/** A history, as `seen.history_of` returns it. */
export interface Past {
  readonly hours: readonly Entry[];
  readonly days: readonly Entry[];
  readonly visitors: readonly (readonly [day: number, visitors: number])[];
}

/** The counter in a row; `place` is the database. Fails with `counter-unreadable`. */
export function descriptionOf(
  { counter, total, madeAt, owner, rules }: Row,
  place: string,
): Description {
  return {
    counter,
    total: exactTotal(counter, total, place),
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

export function historyIn({ hours, days, visitors }: Past): CounterHistory {
  return { hours: hours.map(entryIn), days: days.map(entryIn), visitors: new Map(visitors) };
}

/** The reverse of `historyIn`. */
export function pastOf({ hours, days, visitors }: CounterHistory): Past {
  const entry = ({ at, kind, amount }: CounterHistory['hours'][number]): Entry => [
    at,
    kind,
    amount,
  ];
  return { hours: hours.map(entry), days: days.map(entry), visitors: [...visitors] };
}

function entryIn([at, kind, amount]: Entry) {
  return { at, kind, amount };
}
