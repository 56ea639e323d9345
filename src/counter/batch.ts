/**
 * Turns the front of a queue of hits into the changes of one batch, and the outcomes of the batch
 * into a number for each hit: pure functions.
 *
 * Hits keep their order. Gathering stops at the first hit that needs a change too many, so nobody
 * is overtaken, and the first hit always fits. Not here: when to gather, and what happens to the
 * batch (`counter.ts`).
 */
import type {
  Change,
  ChangeVisitor,
  CountedOutcome,
  Outcome,
  RequestKey,
} from '../contract/counting.ts';
import type { Kind } from '../contract/history.ts';
import { withinWindow } from './rules.ts';
import type { Visitor } from './visitor.ts';

/**
 * The maximum number of changes in a batch: it limits one step of the store to about a
 * millisecond.
 */
export const BATCH_CHANGES_MAX = 1000;

/** The part of a hit that decides how it is gathered and numbered. */
export interface OneHit extends Pick<Change, 'counter' | 'amount' | 'once' | 'make'> {
  readonly visitor?: Visitor | undefined;
  /** Whether the response may contain the number of a private counter. */
  readonly reveal?: boolean | undefined;
}

/** The changes for one batch, and the hits that they come from. */
export interface GatheredHits {
  /** The number of hits taken from the front of the queue. */
  readonly taken: number;
  /**
   * One per counter and one per hit with `once`, in the order in which they came. A counter has
   * further ones when hits move it the other way, or would make a sum that is not exact.
   */
  readonly changes: readonly Change[];
  /** For each hit taken, the index of its change. */
  readonly places: readonly number[];
}

/**
 * Gathers from the front of `hits`. A hit with `once` has its own change, because only the store
 * knows whether it counts. All hits of a change have the same sign: with safe integers before and
 * after it, every number in between is a safe integer too. A hit that does not fit begins a
 * further change of its counter, so it is in nobody's way.
 */
export function gather(hits: readonly OneHit[], changesMax = BATCH_CHANGES_MAX): GatheredHits {
  const placeOf = new Map<string, number>();
  const changes: Gathering[] = [];
  const places: number[] = [];
  for (const { counter, amount, once, make, visitor } of hits) {
    const place = once ? undefined : placeOf.get(counter);
    const change = place === undefined ? undefined : changes[place];
    if (place === undefined || change === undefined || !fits(change, amount)) {
      if (changes.length === changesMax) break;
      if (!once) placeOf.set(counter, changes.length);
      places.push(changes.length);
      const fresh: Gathering = once ? { counter, amount, once } : { counter, amount };
      if (make === false) fresh.make = false;
      note(fresh, 0, amount, visitor);
      changes.push(fresh);
    } else {
      note(change, change.amount, amount, visitor);
      change.amount += amount;
      // One hit that may make the counter is enough.
      if (make !== false && change.make === false) change.make = undefined;
      places.push(place);
    }
  }
  return { taken: places.length, changes: changes.map(toChange), places };
}

/** Whether a hit of this amount can join a change. */
function fits(change: Gathering, amount: number): boolean {
  return (
    Number.isSafeInteger(change.amount + amount) && Math.sign(change.amount) === Math.sign(amount)
  );
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

/**
 * Whether a hit is a visit, to which a window applies: hits of other amounts are deliberate calls
 * of programs.
 */
function isVisit(amount: number): boolean {
  return amount === 1;
}

/** The state of a change while its hits get their numbers. */
interface Running {
  /** The number of the last hit that counted. */
  total: number;
  readonly private: boolean;
  /** Whether a hit counts. Called once for each. */
  readonly counts: (hit: OneHit) => boolean;
}

/** A hit's number, `null` for a private one, or the reason why it has none. */
export type HitAnswer = number | null | Refusal | undefined;
/** The reason why the hits of a change do not count. */
export type Refusal = Exclude<Outcome, number | CountedOutcome>;

/**
 * Assigns the numbers: the first hit of a change gets the previous total plus its own amount, and
 * so on. A reload within a window gets the current number. Returns an answer for each hit, which
 * is undefined if its change has no outcome, and how many hits counted.
 */
export function numbersOf(
  hits: readonly OneHit[],
  { places, changes }: Omit<GatheredHits, 'taken'>,
  outcomes: readonly Outcome[],
): { readonly answers: readonly HitAnswer[]; readonly counted: number } {
  const runs = outcomes.map((outcome, place) => begin(outcome, changes[place]));
  let counted = 0;
  const answers = hits.map((hit, index) => {
    const run = runs[places[index] ?? -1];
    if (run === undefined || typeof run === 'string') return run;
    if (run.counts(hit)) {
      run.total += hit.amount;
      counted++;
    }
    return run.private && !hit.reveal ? null : run.total;
  });
  return { answers, counted };
}

/** The state before the first hit of a change, or the reason why its hits do not count. */
function begin(outcome: Outcome, change: Change | undefined): Running | Refusal {
  if (typeof outcome === 'string') return outcome;
  if (change === undefined)
    throw new Error('the store answered more outcomes than there are changes');
  if (typeof outcome === 'number')
    return { total: outcome - change.amount, private: false, counts: always };
  const { total, counted, private: hidden } = outcome;
  if (!counted) return { total: total - change.amount, private: hidden, counts: always };
  const first = new Map(change.visitors?.map(({ id }, index) => [id, counted[index] ?? false]));
  return {
    total: total - withinWindow(change, counted).amount,
    private: hidden,
    counts: (hit) => {
      const id = hit.visitor?.id;
      if (id === undefined || !isVisit(hit.amount)) return true;
      const counts = first.get(id) ?? true;
      first.set(id, false);
      return counts;
    },
  };
}

const always = () => true;
