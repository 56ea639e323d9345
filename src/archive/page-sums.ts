/**
 * Adds up visits of the pages of a site to counters with hours, days and visitors. The readers of
 * other services' exports add visits in any order.
 *
 * Memory is bounded: hours beyond their retention time become days at once, and the number of
 * pages is limited.
 */

import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS, KINDS, type Kind } from '../contract/history.ts';
import { RULES } from '../contract/registry.ts';
import { AppError } from '../counter/errors.ts';
import { checkYear } from './days.ts';
import { excerpt, type Item, itemOf, keyFor, SourceError } from './item.ts';
import type { ReadLimits } from './limits.ts';

/** Visits of a page in one hour. */
export interface Visits {
  readonly path: string;
  readonly kind: Kind;
  /** A time within the hour, in milliseconds since 1970. */
  readonly at: number;
  readonly amount: number;
  /** The number of first visits of a visitor on that day. */
  readonly visitors: number;
}

interface Sums {
  readonly paths: string[];
  readonly line: number;
  firstAt: number;
  lastAt: number;
  total: number;
  /** By hour and kind, as `slotOf` numbers them. */
  hours: Map<number, number>;
  /** By day and kind. */
  readonly days: Map<number, number>;
  readonly visitors: Map<number, number>;
}

/** The number of paths to remember for one counter, and of those to show. */
const PATHS_MAX = 20;
const PATHS_SHOWN = 3;
/** No browser has a longer address, and GoatCounter keeps 2,048 characters of it. */
const PATH_LENGTH_MAX = 8192;
/** Hours are folded into days when there are twice as many as may stay. */
const FOLD_ABOVE = 2 * HOURS_KEPT_DAYS * 24 * KINDS.length;

/** The sums of the pages of one site. */
export class PageSums {
  readonly #counters = new Map<string, Sums>();
  readonly #limits: ReadLimits;
  #figures = 0;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#counters.size;
  }

  /**
   * Adds the visits of `line`. Fails with `SourceError`, and with `usage-invalid` beyond the
   * limits.
   */
  add({ path, kind, at, amount, visitors }: Visits, line: number): void {
    if (path.length > PATH_LENGTH_MAX)
      throw new SourceError(`${excerpt(path)} is longer than a path can be`);
    checkYear(at);
    const page = decoded(path);
    const sums = this.#sumsOf(page, line, at);
    if (sums.paths.length < PATHS_MAX && !sums.paths.includes(page))
      sums.paths.push(ownCopy(page));
    const total = sums.total + amount;
    if (!Number.isSafeInteger(total))
      throw new SourceError(
        `the visits of ${excerpt(path)} add up past ${Number.MAX_SAFE_INTEGER}`,
      );
    sums.total = total;
    sums.firstAt = Math.min(sums.firstAt, at);
    sums.lastAt = Math.max(sums.lastAt, at);
    this.#put(sums.hours, slotOf(Math.floor(at / HOUR_MS), kind), amount);
    if (visitors > 0) this.#put(sums.visitors, Math.floor(at / DAY_MS), visitors);
    if (sums.hours.size > FOLD_ABOVE) this.#fold(sums);
    const { figures } = this.#limits;
    if (this.#figures > figures) throw tooMuch(`${figures.toLocaleString('en')} figures`);
  }

  /** The counters in `namespace`, then a note on each that combines several paths. */
  *items(namespace: string): Generator<Item> {
    for (const [key, sums] of this.#counters)
      yield itemOf(sums.line, () => archivedOf(`${namespace}/${key}`, sums));
    for (const [key, { paths }] of this.#counters) {
      if (paths.length < 2) continue;
      const many =
        paths.length === PATHS_MAX ? `${PATHS_MAX} paths or more` : `${paths.length} paths`;
      const some = paths.slice(0, PATHS_SHOWN).map(excerpt).join(', ');
      yield {
        note: `${namespace}/${key} is ${many} added up: ${some}${paths.length > PATHS_SHOWN ? ', …' : ''}`,
      };
    }
  }

  #sumsOf(page: string, line: number, at: number): Sums {
    const key = keyFor(page);
    const found = this.#counters.get(key);
    if (found) return found;
    const { pages } = this.#limits;
    if (this.#counters.size === pages) throw tooMuch(`${pages.toLocaleString('en')} pages`);
    const sums: Sums = {
      paths: [],
      line,
      firstAt: at,
      lastAt: at,
      total: 0,
      hours: new Map(),
      days: new Map(),
      visitors: new Map(),
    };
    this.#counters.set(ownCopy(key), sums);
    return sums;
  }

  #put(figures: Map<number, number>, at: number, amount: number): void {
    const before = figures.get(at);
    if (before === undefined) this.#figures++;
    figures.set(at, (before ?? 0) + amount);
  }

  /**
   * Folds hours into days that any store would fold, because they are too old relative to the
   * newest.
   */
  #fold(sums: Sums): void {
    const first = (Math.floor(sums.lastAt / DAY_MS) - HOURS_KEPT_DAYS) * 24;
    const { hours } = sums;
    sums.hours = new Map();
    this.#figures -= hours.size;
    for (const [slot, amount] of hours) {
      const { at, kind } = placeOf(slot);
      if (at < first) this.#put(sums.days, slotOf(Math.floor(at / 24), kind), amount);
      else this.#put(sums.hours, slot, amount);
    }
  }
}

/** A time and a kind as one number. */
function slotOf(at: number, kind: Kind): number {
  return at * KINDS.length + KINDS.indexOf(kind);
}

function placeOf(slot: number): { at: number; kind: Kind } {
  const at = Math.floor(slot / KINDS.length);
  return { at, kind: KINDS[slot - at * KINDS.length] ?? 'person' };
}

function archivedOf(counter: string, { total, firstAt, hours, days, visitors }: Sums) {
  const added = (figures: ReadonlyMap<number, number>) =>
    [...figures].map(([slot, amount]) => ({ ...placeOf(slot), amount }));
  return {
    counter,
    total,
    madeAt: firstAt,
    owner: undefined,
    rules: RULES,
    past: { hours: added(hours), days: added(days), visitors },
  };
}

/**
 * `/%E4%BD%A0` and `/你` are one page. A `%2F` stays, because it is not a slash. Text that cannot
 * be decoded stays as it is.
 */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** A copy of the text: a substring would keep the whole line in memory. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * The error for an export with more of something than is read. It cannot be split by time: a
 * counter that one part has made is kept as it is by the next.
 */
export function tooMuch(what: string): AppError {
  return new AppError(
    'usage-invalid',
    `It has more than ${what}. Split it so that all visits of a page are in one part (docs/import.md), and import each part.`,
  );
}
