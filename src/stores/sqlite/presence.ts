/** Replicas in a SQLite file: one row each, with the last heartbeat and its time. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
  type Presence,
} from '../../contract/presence.ts';
import type { PartOptions } from '../part-options.ts';
import type { SqliteDatabase } from './database.ts';

export class SqlitePresence implements Presence {
  readonly #database: SqliteDatabase;
  readonly #now: PartOptions['now'];

  constructor(database: SqliteDatabase, now: PartOptions['now']) {
    this.#database = database;
    this.#now = now;
  }

  /** Also forgets replicas that were silent for long, or have a time far in the future. */
  heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]> {
    return this.#database.write(
      (file) => {
        const at = this.#now();
        file.hear.run(report.id, JSON.stringify(report), at);
        file.forgetReplicas.run(at - PRESENCE_MEMORY_MS, at + PRESENCE_MEMORY_MS);
        const answer = file.heard.all().map(({ said, heard_at: heardAt }) => ({
          ...(JSON.parse(said) as HeartbeatReport),
          silentMs: Math.max(0, at - heardAt),
        }));
        return { answer, changed: true };
      },
      { synced: false },
    );
  }
}
