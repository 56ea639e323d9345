/**
 * The calls of counterapi.dev, for both versions of its API.
 *
 * On counterapi.dev everybody may lower and set every counter. In Seen everybody may add 1, and
 * only the counter's owner, or everybody if its rules say so, may do the rest. Not here: routes
 * (`counterapi.ts`), what a response looks like (`bodies.ts`), and statistics (`past.ts`).
 */
import type { CounterHistory, History } from '../../../contract/history.ts';
import type { Description, Registry } from '../../../contract/registry.ts';
import { AppError, isAppError } from '../../../counter/errors.ts';
import type { CountVisit, VisitOptions } from '../../visit/counting.ts';
import type { Owners } from '../../visit/owners.ts';
import type { NamedCounter } from '../shared.ts';

export interface CounterapiOptions {
  readonly registry: Registry;
  readonly history: Pick<History, 'read'>;
  readonly owners: Owners;
  readonly count: CountVisit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A parsed request. */
export interface Call {
  readonly named: NamedCounter;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Whether the request is a HEAD, which changes nothing. */
  readonly isHead: boolean;
  /** Counts this request on its counter and returns the number, `null` when it is not public. */
  readonly count: (options: VisitOptions) => Promise<number | null>;
}

/** A counter as this client may see it. */
export interface Shown {
  /** `null` for the total of a private counter. */
  readonly total: number | null;
  /** Milliseconds since 1970; `undefined` when it is unknown. */
  readonly madeAt: number | undefined;
}

/** Reads; never counts. `undefined` if the counter is missing, or private to somebody else. */
export async function get(call: Call, options: CounterapiOptions): Promise<Shown | undefined> {
  const found = await options.registry.describe(call.named.name);
  const shown = found && shownTo(call, found, options);
  return shown?.total === null ? undefined : shown;
}

/** The same with the counter's history. */
export async function getPast(
  call: Call,
  options: CounterapiOptions,
): Promise<{ readonly shown: Shown; readonly past: CounterHistory } | undefined> {
  const shown = await get(call, options);
  return shown && { shown, past: await options.history.read(call.named.name) };
}

/** Adds 1, and creates a missing counter; `undefined` if it must not be created. */
export async function up(
  call: Call,
  { registry, owners, now }: CounterapiOptions,
): Promise<Shown | undefined> {
  // Read before counting: what fails afterwards would report a counted visit as failed.
  const found = await registry.describe(call.named.name);
  const reveal = found !== undefined && owners.isOwner(call.headers, found);
  const total = await ifNotMissing(call.count({ reveal }));
  return total === undefined ? undefined : shownAs(total, found ? found.madeAt : now());
}

/**
 * Subtracts 1, unless the total is 0 or less. `undefined` if the counter is missing. The total is
 * read just before, so two calls at the same time may lower 1 to -1. Fails with `token-missing` or
 * `token-refused` for clients that may not do this.
 */
export async function down(call: Call, options: CounterapiOptions): Promise<Shown | undefined> {
  const { registry, owners } = options;
  const found = await registry.describe(call.named.name);
  if (!found) return undefined;
  if (found.rules.lowest > -1) owners.requireOwner(call.headers, found);
  if (found.total <= 0) return shownTo(call, found, options);
  const reveal = owners.isOwner(call.headers, found);
  const total = await ifNotMissing(call.count({ amount: -1, reveal }));
  return total === undefined ? undefined : shownAs(total, found.madeAt);
}

/**
 * Sets the total. `undefined` if the counter is missing. Fails with `token-missing` or
 * `token-refused` for clients that may not do this.
 */
export async function set(
  call: Call,
  total: number,
  options: CounterapiOptions,
): Promise<Shown | undefined> {
  const { registry, owners } = options;
  const { name } = call.named;
  const found = await registry.describe(name);
  if (!found) return undefined;
  const condition = found.rules.settable
    ? { settable: true }
    : owners.requireOwner(call.headers, found);
  const changed = call.isHead ? found : await registry.change(name, { total }, condition);
  if (changed === 'missing') return undefined;
  if (changed === 'differs') {
    throw new AppError(
      'token-refused',
      'The counter got another owner or other rules during this request. Nothing was changed.',
    );
  }
  return shownTo(call, changed, options);
}

function shownTo(
  { headers }: Call,
  found: Description,
  { owners }: Pick<CounterapiOptions, 'owners'>,
): Shown {
  const isHidden = found.rules.private && !owners.isOwner(headers, found);
  return shownAs(isHidden ? null : found.total, found.madeAt);
}

/** A counter as its response shows it: of a private one nothing, not even its age. */
function shownAs(total: number | null, madeAt: number | undefined): Shown {
  return { total, madeAt: total === null ? undefined : madeAt };
}

/** The result of counting; `undefined` when the counter is missing and counting creates none. */
async function ifNotMissing(counted: Promise<number | null>): Promise<number | null | undefined> {
  try {
    return await counted;
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return undefined;
    throw error;
  }
}
