/**
 * The rules of counters: compared, changed, checked and encoded for stores, and the effect of a
 * window on a change.
 *
 * A window is the time in which the visits of one visitor count once (`Rules.windowMs`). Only the
 * store knows which visitors were counted earlier in the window, across replicas and restarts. It
 * reports them in the outcome, so that the numbering leaves out the same visits (`batch.ts`).
 */
import type { Change } from '../contract/counting.ts';
import type { Kind } from '../contract/history.ts';
import {
  type Condition,
  type Description,
  RULES,
  type RuleChanges,
  type Rules,
} from '../contract/registry.ts';

/**
 * Whether a counter meets a condition. `stores/redis/lua/registry.lua` and
 * `stores/postgres/sql/registry.sql` check the same in their languages.
 */
export function meets(
  { total, madeAt, owner, rules }: Omit<Description, 'counter'>,
  condition: Condition,
): boolean {
  const { madeSince, totalBelow } = condition;
  return (
    (condition.owner === undefined || owner === condition.owner) &&
    (!condition.unowned || owner === undefined) &&
    (!condition.settable || rules.settable) &&
    (madeSince === undefined || (madeAt !== undefined && madeAt >= madeSince)) &&
    (totalBelow === undefined || total < totalBelow)
  );
}

/** The rules with changes made to them. */
export function changedRules(rules: Rules, changes: RuleChanges): Rules {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...rules, ...(Object.fromEntries(given) as Partial<Rules>) };
}

/** Encodes rules for a store, as in `0 1 fixed public 0`. */
export function writeRules({
  lowest,
  highest,
  settable,
  private: hidden,
  windowMs,
}: Rules): string {
  return `${lowest} ${highest} ${settable ? 'settable' : 'fixed'} ${hidden ? 'private' : 'public'} ${windowMs}`;
}

/** Encodes rules as stores keep them; `undefined` for the default rules, which are not stored. */
export function storedRules(rules: Rules): string | undefined {
  const written = writeRules(rules);
  return written === writeRules(RULES) ? undefined : written;
}

/** Encodes changes of rules as `writeRules` does, with `-` for each unchanged rule. */
export function writeRuleChanges(changes: RuleChanges): string {
  const words = writeRules(changedRules(RULES, changes)).split(' ');
  const { lowest, highest, settable, private: hidden, windowMs } = changes;
  const given = [lowest, highest, settable, hidden, windowMs];
  return words.map((word, index) => (given[index] === undefined ? '-' : word)).join(' ');
}

/** Decodes rules; the default rules when none are stored. */
export function readRules(text: string | null | undefined): Rules {
  if (text === null || text === undefined) return RULES;
  const [lowest, highest, settable, hidden, windowMs = '0'] = text.split(' ');
  return {
    lowest: Number(lowest),
    highest: Number(highest),
    settable: settable === 'settable',
    private: hidden === 'private',
    windowMs: Number(windowMs),
  };
}

/** The longest window, because a visitor's id changes at the end of the day. */
export const WINDOW_MAX_MS = 24 * 60 * 60 * 1000;

/**
 * The amount that a change adds under a window. `counted` tells for each of its visitors whether
 * their first visit counts; their other visits never do.
 */
export function withinWindow(
  { amount, kinds = { program: amount }, visitors = [] }: Change,
  counted: readonly boolean[],
): { amount: number; kinds: Partial<Record<Kind, number>> } {
  const left = { amount, kinds: { ...kinds } };
  visitors.forEach(({ kind, visits }, index) => {
    const dropped = visits - (counted[index] && visits > 0 ? 1 : 0);
    left.amount -= dropped;
    left.kinds[kind] = (left.kinds[kind] ?? 0) - dropped;
  });
  return left;
}
