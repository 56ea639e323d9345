/**
 * Counters that come into Redis: one script for each (`lua/bring.lua`), many on their way at once.
 */
import {
  type ArchivedCounter,
  type ImportOutcome,
  type ImportTerms,
} from '../../contract/archive.ts';
import { type HistoryEntry, HOUR_MS } from '../../contract/history.ts';
import { RULES } from '../../contract/registry.ts';
import { folded } from '../../counter/folding.ts';
import { writeRules } from '../../counter/rules.ts';
import type { RedisConnection } from './connection.ts';
import { KIND_LETTERS, NAMES, recordKey, totalKey } from './keys.ts';
import bringScript from './lua/bring.lua' with { type: 'text' };
import type { RedisRegistryOptions } from './registry.ts';
import { Script } from './script.ts';

const BRING = new Script(bringScript);

/** Brings counters, or foresees it. Fails as `Archive.bring` and `foresee` do. */
export function bringInto(
  connection: RedisConnection,
  what: 'bring' | 'foresee',
  counters: readonly ArchivedCounter[],
  terms: ImportTerms,
  options: RedisRegistryOptions,
): Promise<readonly ImportOutcome[]> {
  return connection.ask(
    (client) =>
      Promise.all(
        counters.map((archived) =>
          BRING.run<ImportOutcome>(
            client,
            [totalKey(archived.counter), recordKey(archived.counter), NAMES],
            [what, ...argumentsOf(archived, terms, options)],
          ),
        ),
      ),
    what === 'bring' ? 'hit-unconfirmed' : 'store-unavailable',
  );
}

function argumentsOf(
  { counter, total, madeAt, owner, rules, past }: ArchivedCounter,
  { source, existing }: ImportTerms,
  { countersMax, now }: RedisRegistryOptions,
): string[] {
  const { hours, days, visitors } = folded(past, Math.floor(now() / HOUR_MS));
  const written = writeRules(rules);
  return [
    counter,
    source,
    existing,
    `${countersMax}`,
    `${total}`,
    `${madeAt ?? ''}`,
    owner ?? '',
    written === writeRules(RULES) ? '' : written,
    figures(hours),
    figures(days),
    [...visitors].map(([day, count]) => `${day} ${count}`).join(' '),
  ];
}

function figures(all: readonly HistoryEntry[]): string {
  return all.map(({ at, kind, amount }) => `${at}${KIND_LETTERS[kind]} ${amount}`).join(' ');
}
