/**
 * Deletes many counters in small steps, so that visits are counted in between. `seen delete` and
 * the API share it. Not here: what selects counters, and reports.
 */
import { setImmediate } from 'node:timers/promises';
import {
  type Condition,
  DELETED_AT_ONCE,
  type Description,
  type Registry,
} from '../contract/registry.ts';
import { DEFAULT_COUNTER } from './name.ts';
import { meets } from './rules.ts';

/** Selects counters by the beginning of their names and a condition. */
export interface Selection {
  readonly prefix: string;
  readonly condition: Condition;
}

/** A step of a walk over all counters with the prefix. */
export interface DeletionStep {
  /** The number of counters that were listed. */
  readonly listed: number;
  /** The listed counters that met the condition, and the others; never the default counter. */
  readonly selected: readonly Description[];
  readonly others: readonly Description[];
  /** Of the selected ones, those that were deleted. */
  readonly deleted: readonly Description[];
  /** The number of selected counters that no longer met the condition. */
  readonly spared: number;
}

/**
 * Walks over the counters with the prefix, and deletes the selected ones if `deletes` is true.
 * Each step is a transaction of its own, in which each deleted counter meets the condition. The
 * caller may end the walk after any step.
 */
export async function* deletionSteps(
  registry: Pick<Registry, 'list' | 'delete'>,
  { prefix, condition }: Selection,
  deletes: boolean,
): AsyncGenerator<DeletionStep> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    const page = await registry.list({ prefix, search: '', after, limit: DELETED_AT_ONCE });
    const counters = page.counters.filter(({ counter }) => counter !== DEFAULT_COUNTER);
    const selected = counters.filter((counter) => meets(counter, condition));
    const names = deletes ? selected.map(({ counter }) => counter) : [];
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    const outcomes = names.length === 0 ? [] : await registry.delete(names, condition);
    yield {
      listed: page.counters.length,
      selected,
      others: counters.filter((counter) => !selected.includes(counter)),
      deleted: selected.filter((_, index) => outcomes[index] === 'deleted'),
      spared: outcomes.filter((outcome) => outcome === 'differs').length,
    };
    after = page.next;
    // SQLite answers within one turn of the event loop, in which nothing else is done.
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    await setImmediate();
  }
}

/** The result of `deleteSome`. */
export interface DeletedSome {
  readonly deleted: number;
  /** Whether counters with the prefix are left. */
  readonly more: boolean;
}

/** Deletes counters with the prefix: at most `most`, in steps of `DELETED_AT_ONCE`. */
export async function deleteSome(
  registry: Pick<Registry, 'list' | 'delete'>,
  prefix: string,
  most: number,
): Promise<DeletedSome> {
  let deleted = 0;
  for await (const step of deletionSteps(registry, { prefix, condition: {} }, true)) {
    deleted += step.deleted.length;
    if (deleted + DELETED_AT_ONCE > most) break;
  }
  // One of these two may be the default counter, which is never deleted.
  const left = await registry.list({ prefix, search: '', after: '', limit: 2 });
  return { deleted, more: left.counters.some(({ counter }) => counter !== DEFAULT_COUNTER) };
}
