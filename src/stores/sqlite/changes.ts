/**
 * Applies the changes of a batch in a transaction: totals, keys, and the history of visits, which
 * is hours and today's visitors. All of it is limited, so that no visitor fills the disk or delays
 * the others.
 *
 * Not here: the transaction, and repeated batches (`counting.ts`); windows (`window.ts`); reading
 * the history (`history.ts`).
 */
import { type Change, KEY_MEMORY_MS, type Outcome } from '../../contract/counting.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS, KINDS, type Kind } from '../../contract/history.ts';
import type { StoreLimits } from '../../contract/limits.ts';
import { RULES, type Rules } from '../../contract/registry.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { readRules, withinWindow } from '../../counter/rules.ts';
import type { SqliteFile } from './file.ts';
import { firstVisits, noteVisits } from './window.ts';

/**
 * The time of a commit, and whether the disk is nearly full: then no counter, key, visitor or hour
 * is added.
 */
interface CommitContext {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly short: boolean;
}

/** Applies the changes in order and returns their outcomes. Call it in a transaction. */
export function applyChanges(
  file: SqliteFile,
  changes: readonly Change[],
  { keysMax, visitorsMax, hitsMake, countersMax }: StoreLimits,
  { at, short }: CommitContext,
): Outcome[] {
  const keys = changes.filter(({ once }) => once).length;
  let keysLeft = keys > 0 && !short ? keysMax - keysKept(file, keysMax - keys, at) : 0;
  const visits = new VisitRecorder(file, visitorsMax, { at, short });
  // The number of counters is read only when one is to be created.
  let mayMake: number | undefined;
  const makes = () => {
    mayMake ??= short ? 0 : countersMax - (file.size.get()?.counters ?? 0);
    return --mayMake >= 0;
  };

  const outcomes = changes.map((change) => {
    const { counter, once } = change;
    const there = file.read.get(counter);
    const rules = there?.rules ? readRules(there.rules) : RULES;
    const known = once && file.recallKey.get(once.key);
    if (known) return known.request === once.request ? outcome(known.total, rules) : 'key-reused';
    if (once && keysLeft <= 0) return 'keys-full';
    if (!there) {
      const isDefault = counter === DEFAULT_COUNTER;
      if (!isDefault && (!hitsMake || change.make === false)) return 'missing';
      // The default counter may always be created, and counts towards the maximum like any other.
      if (!makes() && !isDefault) return 'counters-full';
    }
    const counted = rules.windowMs > 0 ? firstVisits(file, change, rules.windowMs, at) : undefined;
    const left = counted ? withinWindow(change, counted) : change;
    const total =
      left.amount === 0 ? (there?.total ?? 0) : file.add.get(counter, left.amount, at)?.total;
    if (total === undefined) return 'out-of-range';
    visits.record({ ...change, ...left });
    if (counted) noteVisits(file, change, counted, at);
    if (once) {
      file.rememberKey.run(once.key, once.request, total, at);
      keysLeft--;
    }
    return outcome(total, rules, counted);
  });
  visits.end();
  return outcomes;
}

function outcome(
  total: number,
  { private: hidden }: Rules,
  counted?: readonly boolean[],
): Outcome {
  return hidden || counted ? { total, private: hidden, counted } : total;
}

/**
 * The number of stored keys. If it is more than `enough`, this first deletes some of the oldest
 * keys that are expired or come from a wrong clock. Otherwise it deletes none, so that a clock
 * that is wrong for a while loses no keys.
 */
function keysKept(file: SqliteFile, enough: number, at: number): number {
  const kept = file.keysKept.get()?.count ?? 0;
  if (kept <= enough) return kept;
  file.forgetKeys.run(at - KEY_MEMORY_MS, at + KEY_MEMORY_MS);
  return file.keysKept.get()?.count ?? 0;
}

/**
 * About how many rows of old hours one transaction folds into days: some milliseconds. The next
 * hour folds the others.
 */
const FOLD_ROWS_MAX = 1000;
/** The days of hours that one counter folds at once: up to 192 rows. */
const FOLD_DAYS_AT_ONCE = 2;

class VisitRecorder {
  readonly #file: SqliteFile;
  readonly #visitorsMax: number;
  readonly #moment: CommitContext;
  readonly #day: number;
  /** The number of today's visitors of all counters; read when a visitor may be new. */
  #visitors: number | undefined;
  #fresh = 0;
  #folded = 0;

  /** Records the visits of one transaction. */
  constructor(file: SqliteFile, visitorsMax: number, moment: CommitContext) {
    this.#file = file;
    this.#visitorsMax = visitorsMax;
    this.#moment = moment;
    this.#day = Math.floor(moment.at / DAY_MS);
  }

  /** Records the kinds and the visitors of a change. */
  record({ counter, amount, kinds = { program: amount }, visitors = [] }: Change): void {
    for (const kind of KINDS) if (kinds[kind]) this.#addToHour(counter, kind, kinds[kind]);
    if (visitors.length > 0 && !this.#moment.short) this.#addVisitors(counter, visitors);
  }

  /** Call it after the last change. */
  end(): void {
    if (this.#fresh === 0) return;
    this.#file.addToVisitorsOfDay.run(this.#day, this.#fresh);
    // An hour late, because another process of this machine may still use a slightly earlier time.
    const over = Math.floor((this.#moment.at - HOUR_MS) / DAY_MS);
    this.#file.forgetVisitors.run(over);
    this.#file.forgetVisitorsOfDays.run(over);
  }

  #addToHour(counter: string, kind: Kind, added: number): void {
    const hour = Math.floor(this.#moment.at / HOUR_MS);
    if (this.#moment.short) {
      this.#file.addToHourThere.run(counter, hour, kind, added);
      return;
    }
    // The row is new: the first visit of this kind in this hour.
    if (this.#file.addToHour.get(counter, hour, kind, added)?.amount === added)
      this.#fold(counter, hour);
  }

  /**
   * Folds some of the old hours into days. Their age is relative to the counter's last visit that
   * is at least a day old, so a clock that is far ahead for less than a day folds nothing.
   */
  #fold(counter: string, hour: number): void {
    if (this.#folded >= FOLD_ROWS_MAX) return;
    const { first, last } = this.#file.hoursKept.get(counter, hour - 24) ?? {};
    if (typeof first !== 'number' || typeof last !== 'number') return;
    const until = Math.min(last - HOURS_KEPT_DAYS * 24, first + FOLD_DAYS_AT_ONCE * 24);
    if (first >= until) return;
    this.#file.foldHours.run(counter, until);
    this.#folded += this.#file.deleteHours.run(counter, until).changes;
  }

  #addVisitors(counter: string, visitors: NonNullable<Change['visitors']>): void {
    const ofCounter = this.#file.visitorsOn.get(counter, this.#day)?.visitors ?? 0;
    this.#visitors ??= this.#file.visitorsOfDay.get(this.#day)?.visitors ?? 0;
    let room = Math.min(
      Math.ceil(this.#visitorsMax / 4) - ofCounter,
      this.#visitorsMax - this.#visitors - this.#fresh,
    );
    let fresh = 0;
    for (const { id } of visitors) {
      if (room <= 0) break;
      if (this.#file.addVisitor.run(this.#day, counter, id).changes === 0) continue;
      fresh++;
      room--;
    }
    if (fresh > 0) this.#file.addToUniques.run(counter, this.#day, fresh);
    this.#fresh += fresh;
  }
}
