/** The walk of `seen delete` over all counters, and its report. */
import { setImmediate } from 'node:timers/promises';
import {
  type Condition,
  DELETED_AT_ONCE,
  type Description,
  type Page,
  type Registry,
} from '../contract/registry.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { meets } from '../counter/rules.ts';
import { pluralize } from '../plural.ts';
import type { Progress } from './terminal.ts';

/** The number of counters to show before a deletion. */
const EXAMPLES = 10;

/** Selects counters by the beginning of their names and a condition. */
export interface Selection {
  readonly prefix: string;
  readonly condition: Condition;
}

/** The results of a walk so far. */
export interface WalkResult {
  /** Counters that meet the condition, or that were deleted. */
  counters: number;
  /** The sum of their totals. */
  hits: number;
  /** Counters with an owner that `--owned` would include. */
  owned: number;
  /** Counters that matched in the list, but no longer at the deletion. */
  spared: number;
  readonly examples: Description[];
}

/** The arguments of a walk. */
export interface Walk {
  readonly registry: Registry;
  readonly selection: Selection;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The number of counters, for the progress bar. */
  readonly size: number;
}

/**
 * Checks all counters page by page, and deletes or only counts the selected ones. Each page is a
 * separate transaction, so that visits are counted in between. A deleted counter meets the
 * condition in that transaction, not only when it was listed.
 */
export async function walkOver(
  { registry, selection, progress, signal, size }: Walk,
  deletes: boolean,
): Promise<WalkResult> {
  const { prefix, condition } = selection;
  const found: WalkResult = { counters: 0, hits: 0, owned: 0, spared: 0, examples: [] };
  let after: string | undefined = '';
  for (let looked = 0; after !== undefined && !signal.aborted; ) {
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    const page: Page = await registry.list({ prefix, search: '', after, limit: DELETED_AT_ONCE });
    const counters = page.counters.filter(({ counter }) => counter !== DEFAULT_COUNTER);
    const selected = counters.filter((counter) => meets(counter, condition));
    const withOwned = counters.filter((counter) =>
      meets(counter, { ...condition, unowned: false }),
    );
    found.owned += withOwned.length - selected.length;
    found.examples.push(...selected.slice(0, EXAMPLES - found.examples.length));
    if (!deletes) {
      found.counters += selected.length;
      found.hits += totalOf(selected);
    } else if (selected.length > 0) {
      // eslint-disable-next-line no-await-in-loop -- a page follows the one before
      const outcomes = await registry.delete(
        selected.map(({ counter }) => counter),
        condition,
      );
      const deleted = selected.filter((_, index) => outcomes[index] === 'deleted');
      found.counters += deleted.length;
      found.hits += totalOf(deleted);
      found.spared += outcomes.filter((outcome) => outcome === 'differs').length;
    }
    looked += page.counters.length;
    progress.at(looked, Math.max(size, looked));
    after = page.next;
    // SQLite answers within one turn of the event loop, in which no Ctrl-C is noticed.
    // eslint-disable-next-line no-await-in-loop -- a page follows the one before
    await setImmediate();
  }
  return found;
}

function totalOf(counters: readonly Description[]): number {
  return counters.reduce((sum, { total }) => sum + total, 0);
}

/** The report of a dry run. */
export function dryRunReport({ counters, hits, owned, examples }: WalkResult): string {
  if (counters === 0) return `No counter matches.${ownedLine(owned)}\n`;
  const lines = examples.map(
    ({ counter, total, madeAt }) =>
      `  ${counter}  ${total.toLocaleString('en')}${madeAt === undefined ? '' : `  ${new Date(madeAt).toISOString()}`}`,
  );
  const more = counters > examples.length ? ['  …'] : [];
  const these = `${pluralize(counters, 'counter')} with ${pluralize(hits, 'hit')} would be deleted:`;
  const advice = 'Nothing was deleted yet. To delete them, repeat the command with --yes.';
  return `${[these, ...lines, ...more].join('\n')}${ownedLine(owned)}\n\n${advice}\n`;
}

/** The report of a deletion. */
export function deletionReport({ counters, hits, owned, spared }: WalkResult): string {
  const changed =
    spared === 0
      ? ''
      : `\n${pluralize(spared, 'counter')} changed meanwhile and no longer matched: kept.`;
  return `${pluralize(counters, 'counter')} with ${pluralize(hits, 'hit')} deleted.${changed}${ownedLine(owned)}\n`;
}

function ownedLine(owned: number): string {
  if (owned === 0) return '';
  return `\n${pluralize(owned, 'counter')} more ${owned === 1 ? 'has an owner and is' : 'have owners and are'} kept; --owned includes them.`;
}
