/**
 * Compares and changes the rules of counters, checks conditions on counters, and encodes rules for
 * stores.
 */
import {
  type Condition,
  type Description,
  RULES,
  type RuleChanges,
  type Rules,
} from '../contract/registry.ts';

/**
 * Whether a counter meets a condition. `stores/redis/lua/registry.lua` says the same in its
 * language.
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

/** Rules as a store keeps them: in a few characters. */
export function writeRules({
  lowest,
  highest,
  settable,
  private: hidden,
  windowMs,
}: Rules): string {
  return `${lowest} ${highest} ${settable ? 'settable' : 'fixed'} ${hidden ? 'private' : 'public'} ${windowMs}`;
}

/** Rules as `writeRules` writes them, with `-` for each unchanged rule. */
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
