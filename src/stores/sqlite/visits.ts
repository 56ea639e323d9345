/**
 * Writes the history of visits in a commit: hours, and today's visitors. All of it is limited, so
 * that no visitor fills the disk or delays the others.
 *
 * Not here: totals, keys and windows (`changes.ts`), and reading the history (`history.ts`).
 */

import type { Change } from '../../contract/counting.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS, KINDS, type Kind } from '../../contract/history.ts';
import type { SqliteFile } from './file.ts';

/**
 * The time of a commit, and whether the disk is nearly full: then no counter, key, visitor or hour
 * is added.
 */
export interface CommitContext {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly short: boolean;
}

/**
 * About how many rows of old hours one transaction folds into days: some milliseconds. The next
 * hour folds the others.
 */
const FOLD_ROWS_MAX = 1000;
/** The days of hours that one counter folds at once: up to 192 rows. */
const FOLD_DAYS_AT_ONCE = 2;

export class VisitRecorder {
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
      if (this.#file.addVisitor.get(this.#day, counter, id) === null) continue;
      fresh++;
      room--;
    }
    if (fresh > 0) this.#file.addToUniques.run(counter, this.#day, fresh);
    this.#fresh += fresh;
  }
}
