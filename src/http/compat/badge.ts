/** Shared by the services that answer with badges. */
import type { Registry } from '../../contract/registry.ts';
import type { CountVisit } from '../visit/counting.ts';

/** What these services need. */
export interface BadgeParts {
  readonly registry: Pick<Registry, 'describe'>;
  readonly count: CountVisit;
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

/** A whole number with a comma before each three digits, as in `12,345`. */
export function withCommas(value: number): string {
  return value.toLocaleString('en');
}
