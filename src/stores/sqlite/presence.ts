/** What a transaction does with a replica's word that it is there. Not here: the transaction. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
} from '../../contract/presence.ts';
import type { TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';

/**
 * Notes it down, forgets who has been silent for long, and answers all that are left. `at` is now,
 * in milliseconds since 1970.
 */
export function hear(
  file: SqliteFile,
  beat: HeartbeatReport,
  at: number,
): TransactionResult<readonly HeardReplica[]> {
  file.hear.run(beat.id, JSON.stringify(beat), at);
  file.forgetReplicas.run(at - PRESENCE_MEMORY_MS, at + PRESENCE_MEMORY_MS);
  const answer = file.heard.all().map(({ said, heard_at: heardAt }) => ({
    ...(JSON.parse(said) as HeartbeatReport),
    silentMs: Math.max(0, at - heardAt),
  }));
  return { answer, changed: true };
}
