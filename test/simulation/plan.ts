/**
 * The choices of a seed for its whole history: the number of replicas, and the features and faults
 * with their frequencies.
 *
 * Each history uses only some features and faults, with different probabilities, so that faults
 * hide each other in fewer histories (Groce et al., "Swarm Testing", 2012). Not here: the events,
 * which are chosen during the history.
 */
import { HOUR_MS } from '../../src/contract/history.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Dice } from './dice.ts';
import { EACH } from './visitors.ts';

/** More than any history has. */
export const MANY = 1_000_000;

/** How likely a message to the store meets each fault. */
export interface MessageFaults {
  /**
   * The connection is lost: the message may arrive or not, soon or late, and the answer does not.
   */
  readonly lose: number;
  /** The message takes longer than the sender waits. */
  readonly late: number;
  /** The store cannot be reached; the message certainly does not arrive. */
  readonly refuse: number;
  /** A command of the store fails in the middle of its work. */
  readonly fail: number;
  /** The code of the store fails as a bug does. */
  readonly bug: number;
}

export interface Plan {
  readonly replicas: number;
  readonly counters: readonly string[];
  /** How much a store may keep in this history; `MANY` visitors are all. */
  readonly limits: StoreLimits;
  readonly waitMs: number;
  readonly waitingMax: number;
  /** The maximum number of changes in a batch: sometimes so few that a queue becomes several. */
  readonly changesMax: number;
  /** How long a replica waits for an answer of the store. */
  readonly timeoutMs: number;
  /** How long a message takes at the most when all is well. */
  readonly latencyMs: number;
  /** Whether the store asks replicas to let others write first (`Counting.waitForTurn`). */
  readonly turns: boolean;
  /** Hits arrive in each of these periods. Beginnings since the start, in milliseconds. */
  readonly periods: readonly number[];
  readonly spanMs: number;
  readonly bursts: number;
  readonly burstMax: number;
  readonly faults: MessageFaults;
  readonly crashes: number;
  readonly drains: number;
  readonly outages: number;
  /** How often the store is set back to an older copy, and how often emptied. */
  readonly setBacks: number;
  readonly emptied: number;
  /**
   * How far the clock of a replica may be from the right time, an hour at the most as documented,
   * and how often it jumps.
   */
  readonly skewMs: number;
  readonly clockJumps: number;
  /** Milliseconds since 1970 at which the history begins. */
  readonly startsAt: number;
  /** Changes by owners: counters made, set, deleted, given other rules. */
  readonly changes: number;
  readonly windows: boolean;
  readonly privacy: boolean;
  /**
   * The part of the hits that carry a key, that have a visitor, and that add another amount than
   * 1.
   */
  readonly keyed: number;
  readonly visitors: number;
  /** How many visitors of each kind there are. */
  readonly regulars: number;
  readonly amounts: number;
  /** The part of the hits that must not make their counter. */
  readonly barred: number;
}

/** Noon of a day: the clocks of all replicas are on the same day for as long as a period lasts. */
const NOON = 20_000 * 24 * HOUR_MS + 12 * HOUR_MS;
/** The day ends in the middle of what happens. */
export const BEFORE_MIDNIGHT = 20_001 * 24 * HOUR_MS - 1000;
/** After this, stores may have forgotten writers and keys, though clocks differ by an hour. */
const NEXT_DAY = 26 * HOUR_MS;
/**
 * Hours become days after a month, at the visits of the days after that: then no clock that is
 * wrong can be the reason.
 */
const NEXT_MONTH = 36 * 24 * HOUR_MS;
const MONTHS = [0, NEXT_MONTH, NEXT_MONTH + NEXT_DAY, NEXT_MONTH + 2 * NEXT_DAY];

export function choosePlan(dice: Dice): Plan {
  const yes = (chance: number) => dice.yes(chance);
  const some = (chance: number, max: number) => (yes(chance) ? dice.between(0.02, max) : 0);
  const often = (chance: number, max: number) => (yes(chance) ? 1 + dice.below(max) : 0);
  const one = <T>(first: T, ...rest: T[]): T => dice.one([first, ...rest]);
  const midnight = yes(0.08);
  const later = midnight ? 1 : dice.next();
  // Whether there may be fewer counters than are asked for, often in one batch.
  const full = yes(0.2);
  const windows = yes(0.4);
  const keysMax = yes(0.2) ? one(1, 2, 3) : 1000;
  return {
    replicas: one(1, 2, 2, 3),
    counters: ['hits', 'n/aaa', 'n/bbb', 'n/ccc', 'n/ddd'].slice(0, full ? 5 : one(1, 2, 3, 5)),
    limits: {
      keysMax,
      visitorsMax: yes(0.1) ? one(1, 4, 12) : MANY,
      countersMax: full ? one(1, 2, 3) : 1000,
      hitsMake: yes(0.9),
    },
    waitMs: one(40, 200, 1000, 5000),
    waitingMax: one(3, 8, 40, 40),
    changesMax: later > 0.7 ? 2 : 1000,
    timeoutMs: one(20, 100, 1000),
    latencyMs: one(0, 2, 20),
    turns: yes(0.3),
    periods: later < 0.1 ? [0, NEXT_DAY] : later < 0.2 ? MONTHS : [0],
    // The shortest windows are over within the longest span.
    spanMs: windows ? one(100, 4000, 200_000) : one(10, 100, 1000, 4000),
    bursts: 2 + dice.below(10),
    burstMax: full ? one(6, 14) : one(1, 3, 6, 14),
    faults: {
      lose: some(0.6, 0.5),
      late: some(0.5, 0.5),
      refuse: some(0.3, 0.4),
      // The first visits of a day do more, each of which may fail.
      fail: later < 0.2 ? dice.between(0.2, 0.6) : some(0.5, 0.4),
      bug: some(0.1, 0.2),
    },
    crashes: often(0.3, 2),
    drains: often(0.2, 1),
    outages: often(0.3, 2),
    setBacks: often(0.15, 1),
    emptied: often(0.1, 1),
    skewMs: yes(0.3) ? one(600_000, HOUR_MS) : 0,
    clockJumps: often(0.5, 4),
    startsAt: midnight ? BEFORE_MIDNIGHT : NOON,
    changes: often(0.6, 6),
    windows,
    privacy: yes(0.4),
    keyed: keysMax < 1000 ? dice.between(0.3, 0.8) : some(0.5, 0.6),
    visitors: yes(0.8) ? dice.between(0.3, 1) : 0,
    regulars: one(2, EACH, EACH),
    amounts: some(0.3, 0.5),
    barred: some(0.2, 1),
  };
}
