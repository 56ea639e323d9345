/** Visitors, in the form in which changes contain them. */
import type { ChangeVisitor } from '../../src/contract/counting.ts';

/** People of one visit each. */
export function callers(...ids: string[]): ChangeVisitor[] {
  return ids.map((id) => ({ id, kind: 'person', visits: 1 }));
}
