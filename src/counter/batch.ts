/**
 * Turns the front of a queue of hits into the changes of one batch: a pure function.
 *
 * Hits keep their order. Gathering stops at the first hit that does not fit, so nobody is
 * overtaken, and the first hit always fits. Not here: when to gather, and what happens to the
 * batch.
 */
import type { Change, ChangeVisitor, RequestKey } from '../contract/counting.ts';
import type { Kind } from '../contract/history.ts';
import type { Visitor } from './visitor.ts';
import { isVisit } from './window.ts';

/**
 * The maximum number of changes in a batch: it limits one step of the store to about a
 * millisecond.
 */
export const BATCH_COUNTERS_MAX = 1000;

/** One hit, as it is gathered. */
export interface OneHit extends Pick<Change, 'counter' | 'amount' | 'once' | 'make'> {
  readonly visitor?: Visitor | undefined;
  /** Whether the response may contain the number of a private counter. */
  readonly reveal?: boolean | undefined;
}

export interface GatheredHits {
  /** The number of hits taken from the front of the queue. */
  readonly taken: number;
  /** One per counter and one per hit with `once`, in the order in which they came. */
  readonly changes: readonly Change[];
  /** For each hit taken, the index of its change. */
  readonly places: readonly number[];
}

/**
 * Gathers from the front of `hits`. A hit with `once` has its own change, because only the store
 * knows whether it counts. All changes of a counter in a batch have the same sign: with safe
 * integers before and after, every number in between is a safe integer too.
 */
export function gather(hits: readonly OneHit[]): GatheredHits {
  const placeOf = new Map<string, number>();
  const changes: Gathering[] = [];
  const places: number[] = [];
  for (const { counter, amount, once, make, visitor } of hits) {
    const place = once ? undefined : placeOf.get(counter);
    const change = place === undefined ? undefined : changes[place];
    if (place === undefined || change === undefined) {
      if (changes.length === BATCH_COUNTERS_MAX) break;
      if (!once) placeOf.set(counter, changes.length);
      places.push(changes.length);
      const fresh: Gathering = once ? { counter, amount, once } : { counter, amount };
      if (make === false) fresh.make = false;
      note(fresh, 0, amount, visitor);
      changes.push(fresh);
    } else {
      const sum = change.amount + amount;
      if (!Number.isSafeInteger(sum) || Math.sign(change.amount) !== Math.sign(amount)) break;
      note(change, change.amount, amount, visitor);
      change.amount = sum;
      // One hit that may make the counter is enough.
      if (make !== false && change.make === false) change.make = undefined;
      places.push(place);
    }
  }
  return { taken: places.length, changes: changes.map(toChange), places };
}

const PROGRAM: Visitor = { kind: 'program', id: undefined };

/** A change that still grows. */
interface Gathering {
  readonly counter: string;
  amount: number;
  readonly once?: RequestKey;
  make?: false | undefined;
  kinds?: Partial<Record<Kind, number>>;
  callers?: Map<string, ChangeVisitor>;
}

/**
 * Records who added `amount` to the existing `before`. A hit without a visitor is a program's; if
 * programs added everything, nothing is recorded.
 */
function note(
  change: Gathering,
  before: number,
  amount: number,
  visitor: Visitor | undefined,
): void {
  if (!visitor && !change.kinds) return;
  const { kind, id } = visitor ?? PROGRAM;
  change.kinds ??= before === 0 ? {} : { program: before };
  change.kinds[kind] = (change.kinds[kind] ?? 0) + amount;
  if (id === undefined) return;
  change.callers ??= new Map();
  const visits = (change.callers.get(id)?.visits ?? 0) + (isVisit(amount) ? 1 : 0);
  change.callers.set(id, { id, kind, visits });
}

function toChange({ callers, ...change }: Gathering): Change {
  return callers ? { ...change, visitors: [...callers.values()] } : change;
}
