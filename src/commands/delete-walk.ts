/** The walk of `seen delete` over all counters, and its report. */
import type { Description, Registry } from '../contract/registry.ts';
import { deletionSteps, type Selection } from '../counter/deleting.ts';
import { meets } from '../counter/rules.ts';
import { pluralize } from '../plural.ts';
import type { Progress } from './terminal.ts';

/** The number of counters to show before a deletion. */
const EXAMPLES = 10;

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

/** The results of a walk that has not begun. */
export function emptyResult(): WalkResult {
  return { counters: 0, hits: 0, owned: 0, spared: 0, examples: [] };
}

/**
 * Checks all counters step by step, and deletes or only counts the selected ones. Adds each step
 * to `found`, which has the results so far when the walk fails as the registry does.
 */
export async function walkOver(
  { registry, selection, progress, signal, size }: Walk,
  deletes: boolean,
  found: WalkResult,
): Promise<void> {
  const unowned = { ...selection.condition, unowned: false };
  let looked = 0;
  for await (const step of deletionSteps(registry, selection, deletes)) {
    const chosen = deletes ? step.deleted : step.selected;
    found.owned += step.others.filter((counter) => meets(counter, unowned)).length;
    found.examples.push(...step.selected.slice(0, EXAMPLES - found.examples.length));
    found.counters += chosen.length;
    found.hits += totalOf(chosen);
    found.spared += step.spared;
    looked += step.listed;
    progress.at(looked, Math.max(size, looked));
    if (signal.aborted) break;
  }
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
