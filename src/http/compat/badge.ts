/** Shared by the services that answer with badges. */
import type { History } from '../../contract/history.ts';
import type { Registry } from '../../contract/registry.ts';
import { visitsToday } from '../../counter/periods.ts';
import type { CountVisit } from '../visit/counting.ts';

/** What these services need. */
export interface BadgeParts {
  readonly registry: Pick<Registry, 'describe'>;
  readonly history: Pick<History, 'read'>;
  readonly count: CountVisit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A number that a badge does not show. */
export const PRIVATE = 'private';

/** The total that everybody may read: 0 for a missing counter, `null` for a private one. */
export async function publicTotal(
  { registry }: Pick<BadgeParts, 'registry'>,
  name: string,
): Promise<number | null> {
  const found = await registry.describe(name);
  return found?.rules.private ? null : (found?.total ?? 0);
}

/** Today's visits (UTC) of a counter; 0 for a missing one. */
export async function today({ history, now }: BadgeParts, name: string): Promise<number> {
  return visitsToday(await history.read(name), now());
}

/**
 * The number that `extra=` of a query adds to the shown total of a badge of any service, and that
 * is not stored; 0 when it is missing or not a whole number from 0 on.
 */
export function extraIn(query: URLSearchParams): number {
  const text = query.get('extra') ?? '';
  const extra = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(extra) ? extra : 0;
}

/** A whole number with a comma before each three digits, as in `12,345`. */
export function withCommas(value: number): string {
  return value.toLocaleString('en');
}
