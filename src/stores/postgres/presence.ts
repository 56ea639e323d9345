/** Replicas in PostgreSQL: one row each, with the last heartbeat and its time. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
  type Presence,
} from '../../contract/presence.ts';
import type { PostgresDatabase } from './connection.ts';

export class PostgresPresence implements Presence {
  readonly #database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.#database = database;
  }

  async heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]> {
    const heard = await this.#database.call<
      readonly { silentMs: number; report: HeartbeatReport }[]
    >(
      'limits',
      'heartbeat',
      { id: report.id, report, memoryMs: PRESENCE_MEMORY_MS },
      'hit-unconfirmed',
    );
    return heard.map(({ silentMs, report: of }) => ({ ...of, silentMs }));
  }
}
