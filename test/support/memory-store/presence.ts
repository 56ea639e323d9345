/** Replicas in memory. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
  type Presence,
} from '../../../src/contract/presence.ts';
import type { MemoryConnection, MemoryDatabase } from './database.ts';

export class MemoryPresence implements Presence {
  readonly #database: MemoryDatabase;

  constructor({ database }: MemoryConnection) {
    this.#database = database;
  }

  async heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]> {
    const { replicas, now } = this.#database;
    replicas.set(report.id, { ...report, heardAt: now() });
    for (const { id, heardAt } of replicas.values()) {
      if (now() - heardAt > PRESENCE_MEMORY_MS) replicas.delete(id);
    }
    return [...replicas.values()].map(({ heardAt, ...said }) => ({
      ...said,
      silentMs: now() - heardAt,
    }));
  }
}
