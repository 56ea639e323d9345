/** Visitors as changes have them. */
import type { Caller } from '../../src/counter/store.ts';

/** People of one visit each. */
export function callers(...ids: string[]): Caller[] {
  return ids.map((id) => ({ id, kind: 'person', visits: 1 }));
}
