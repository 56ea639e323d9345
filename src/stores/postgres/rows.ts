/** Counters and histories as the functions in `sql/` return them. */
import type { CounterHistory, Kind } from '../../contract/history.ts';
import type { Description } from '../../contract/registry.ts';
import { readRules } from '../../counter/rules.ts';
import { exactTotal } from '../exact-total.ts';

/** A counter, as `seen.described` returns it. */
export interface Row {
  readonly counter: string;
  readonly total: number;
  readonly madeAt: number | null;
  readonly owner: string | null;
  readonly rules: string | null;
  readonly title: string | null;
  readonly link: string | null;
}

type Entry = readonly [at: number, kind: Kind, amount: number];

/** A history, as `seen.history_of` returns it. */
export interface PastRow {
  readonly hours: readonly Entry[];
  readonly days: readonly Entry[];
  readonly visitors: readonly (readonly [day: number, visitors: number])[];
}

/** The counter in a row; `place` is the database. Fails with `counter-unreadable`. */
export function descriptionOf(
  { counter, total, madeAt, owner, rules, title, link }: Row,
  place: string,
): Description {
  return {
    counter,
    total: exactTotal(counter, total, place),
    madeAt: madeAt ?? undefined,
    owner: owner ?? undefined,
    rules: readRules(rules),
    title: title ?? undefined,
    link: link ?? undefined,
  };
}

/** The history of a counter, not folded. */
export function historyIn({ hours, days, visitors }: PastRow): CounterHistory {
  return { hours: hours.map(entryIn), days: days.map(entryIn), visitors: new Map(visitors) };
}

/** The reverse of `historyIn`. */
export function pastOf({ hours, days, visitors }: CounterHistory): PastRow {
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
