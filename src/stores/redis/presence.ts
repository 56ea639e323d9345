/** Replicas in Redis: one hash, which one script (`lua/presence.lua`) writes and reads. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
  type Presence,
} from '../../contract/presence.ts';
import type { RedisConnection } from './connection.ts';
import { REPLICAS } from './keys.ts';
import presenceScript from './lua/presence.lua' with { type: 'text' };
import { Script } from './script.ts';

const PRESENCE = new Script(presenceScript);

export class RedisPresence implements Presence {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async beat(beat: HeartbeatReport): Promise<readonly HeardReplica[]> {
    const args = [beat.id, JSON.stringify(beat), `${PRESENCE_MEMORY_MS}`];
    const lines = await this.#connection.ask(
      (client) => PRESENCE.run(client, [REPLICAS], args),
      'hit-unconfirmed',
    );
    return lines.split('\n').map((line) => {
      const blank = line.indexOf(' ');
      return {
        ...(JSON.parse(line.slice(blank)) as HeartbeatReport),
        silentMs: Number(line.slice(0, blank)),
      };
    });
  }
}
