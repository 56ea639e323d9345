/** The data of memory stores, which several stores can share. */
import type { Outcome } from '../../../src/contract/counting.ts';
import type { HistoryEntry, Kind } from '../../../src/contract/history.ts';
import type { StoreLimits } from '../../../src/contract/limits.ts';
import type { HeartbeatReport } from '../../../src/contract/presence.ts';
import {
  type Description,
  type Label,
  RULES,
  type Rules,
} from '../../../src/contract/registry.ts';
import { AppError } from '../../../src/counter/errors.ts';

/** What several memory stores may share. */
export interface MemoryDatabase extends StoreLimits {
  readonly totals: Map<string, number>;
  readonly writers: Map<string, { sequence: number; outcomes: Outcome[] }>;
  readonly keys: Map<string, { request: string; total: number; madeAt: number }>;
  /** By counter; hours and days by "AT KIND". */
  readonly pasts: Map<string, MemoryPast>;
  readonly salts: Map<number, string>;
  /** When a visit counted last, where there is a window, by "COUNTER VISITOR". */
  readonly counted: Map<string, number>;
  /** By limit and visitor: when all is there again, in microseconds since 1970. */
  readonly limits: Map<string, number>;
  readonly replicas: Map<string, HeartbeatReport & { heardAt: number }>;
  /** By counter: the sources that it was imported from. */
  readonly sources: Map<string, Set<string>>;
  readonly now: () => number;
  readonly records: Map<
    string,
    Label & { madeAt: number | undefined; owner: string | undefined; rules: Rules }
  >;
}

interface MemoryPast {
  readonly hours: Map<string, HistoryEntry>;
  readonly days: Map<string, HistoryEntry>;
  readonly visitors: Map<number, Set<string>>;
  /** How many more visitors days had, imported from elsewhere. */
  readonly brought: Map<number, number>;
}

/** An empty one. */
export function memoryDatabase(
  limits: Partial<Pick<MemoryDatabase, keyof StoreLimits | 'now'>> = {},
): MemoryDatabase {
  const none = {
    keysMax: Number.POSITIVE_INFINITY,
    visitorsMax: Number.POSITIVE_INFINITY,
    countersMax: Number.POSITIVE_INFINITY,
    hitsMake: true,
    now: Date.now,
  };
  return {
    totals: new Map(),
    writers: new Map(),
    keys: new Map(),
    records: new Map(),
    pasts: new Map(),
    salts: new Map(),
    counted: new Map(),
    replicas: new Map(),
    limits: new Map(),
    sources: new Map(),
    ...none,
    ...limits,
  };
}

/** One store's way to a database, which it may close. */
export class MemoryConnection {
  readonly database: MemoryDatabase;
  #closed = false;

  constructor(database: MemoryDatabase) {
    this.database = database;
  }

  refuseIfClosed(): void {
    if (this.#closed) throw new AppError('store-unavailable', 'closed');
  }

  close(): void {
    this.#closed = true;
  }
}

export function described(
  { totals, records }: MemoryDatabase,
  counter: string,
): Description | undefined {
  const total = totals.get(counter);
  if (total === undefined) return undefined;
  const { madeAt, owner, rules = RULES, title, link } = records.get(counter) ?? {};
  return { counter, total, madeAt, owner, rules, title, link };
}

export function forget(database: MemoryDatabase, counter: string): void {
  database.totals.delete(counter);
  database.records.delete(counter);
  database.pasts.delete(counter);
  for (const visit of database.counted.keys()) {
    if (visit.startsWith(`${counter} `)) database.counted.delete(visit);
  }
  database.sources.delete(counter);
}

/** The history of a counter, to be added to. */
export function pastOf({ pasts }: MemoryDatabase, counter: string): MemoryPast {
  const past = pasts.get(counter) ?? {
    hours: new Map(),
    days: new Map(),
    visitors: new Map(),
    brought: new Map(),
  };
  pasts.set(counter, past);
  return past;
}

export function addTo(
  sums: Map<string, HistoryEntry>,
  at: number,
  kind: Kind,
  amount: number,
): void {
  const name = `${at} ${kind}`;
  sums.set(name, { at, kind, amount: within((sums.get(name)?.amount ?? 0) + amount) });
}

/** As far as a number carries. */
export function within(sum: number): number {
  return Math.max(Math.min(sum, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
}
