/** What a transaction does with a replica's word that it is there. Not here: the transaction. */
import { type Beat, type Heard, PRESENCE_MEMORY_MS } from '../../counter/presence.ts';
import type { Done } from './database.ts';
import type { SqliteFile } from './file.ts';

/**
 * Notes it down, forgets who has been silent for long, and answers all that are left. `at` is now,
 * in milliseconds since 1970.
 */
export function hear(file: SqliteFile, beat: Beat, at: number): Done<readonly Heard[]> {
  file.hear.run(beat.id, JSON.stringify(beat), at);
  file.forgetReplicas.run(at - PRESENCE_MEMORY_MS, at + PRESENCE_MEMORY_MS);
  const answer = file.heard.all().map(({ said, heard_at: heardAt }) => ({
    ...(JSON.parse(said) as Beat),
    silentMs: Math.max(0, at - heardAt),
  }));
  return { answer, changed: true };
}
