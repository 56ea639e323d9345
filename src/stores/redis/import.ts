/** Imports counters into Redis: one call of a script for each (`lua/import.lua`), many at once. */
import type { ArchivedCounter, ImportOutcome, ImportTerms } from '../../contract/archive.ts';
import { type HistoryEntry, HOUR_MS } from '../../contract/history.ts';
import { folded } from '../../counter/folding.ts';
import { storedRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import { KIND_LETTERS, namesKey } from './keys.ts';
import importScript from './lua/import.lua' with { type: 'text' };
import { Script } from './script.ts';
import { askEach, checkDivision, partOf, type RedisShards } from './shards.ts';

/** The arguments of `lua/import.lua`, described there. */
interface ImportArguments extends ImportTerms {
  readonly what: 'import' | 'preview';
  readonly tag: string | undefined;
  readonly counter: string;
  readonly countersMax: number;
  readonly total: number;
  readonly record: readonly string[];
  readonly figures: readonly (readonly (string | number)[])[];
}

const IMPORT = new Script<ImportArguments>(importScript);

/** Imports counters, or previews it. Fails as `importAll` and `previewImport` of `Archive` do. */
export function importInto(
  shards: RedisShards,
  what: 'import' | 'preview',
  counters: readonly ArchivedCounter[],
  terms: ImportTerms,
  options: PartOptions,
): Promise<readonly ImportOutcome[]> {
  const limits = { ...options, countersMax: partOf(options.countersMax, shards) };
  const nameOf = ({ counter }: ArchivedCounter) => counter;
  return askEach(shards, counters, nameOf, async (shard, some) => {
    await checkDivision(shard, shards);
    const { tag, tagArgument } = shard;
    const keys = shard.keys(namesKey(tag));
    const all = some.map((archived) => ({
      ...argumentsOf(archived, terms, limits),
      counter: tag + archived.counter,
      tag: tagArgument,
      what,
    }));
    return shard.ask(
      (client) => Promise.all(all.map((args) => IMPORT.run<ImportOutcome>(client, keys, args))),
      what === 'import' ? 'hit-unconfirmed' : 'store-unavailable',
    );
  });
}

function argumentsOf(
  { total, madeAt, owner, rules, title, link, past }: ArchivedCounter,
  { source, existing }: ImportTerms,
  { countersMax, now }: PartOptions,
): Omit<ImportArguments, 'what' | 'tag' | 'counter'> {
  const { hours, days, visitors } = folded(past, Math.floor(now() / HOUR_MS));
  const record = ['made', `${madeAt ?? ''}`];
  if (owner !== undefined) record.push('owner', owner);
  const stored = storedRules(rules);
  if (stored !== undefined) record.push('rules', stored);
  if (title !== undefined) record.push('title', title);
  if (link !== undefined) record.push('link', link);
  const uniques = [...visitors].flatMap(([day, count]) => [`${day}`, count]);
  const figures = [figuresOf(hours), figuresOf(days), uniques];
  return { source, existing, countersMax, total, record, figures };
}

function figuresOf(all: readonly HistoryEntry[]): (string | number)[] {
  return all.flatMap(({ at, kind, amount }) => [`${at}${KIND_LETTERS[kind]}`, amount]);
}
