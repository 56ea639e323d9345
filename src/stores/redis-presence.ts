/** Replicas in Redis: one hash, which one script (`presence.lua`) writes and reads. */
import { type Beat, type Heard, PRESENCE_MEMORY_MS, type Presence } from '../counter/presence.ts';
import presenceScript from './presence.lua' with { type: 'text' };
import type { RedisConnection } from './redis-connection.ts';
import { REPLICAS } from './redis-keys.ts';
import { Script } from './redis-script.ts';

const PRESENCE = new Script(presenceScript);

export class RedisPresence implements Presence {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async beat(beat: Beat): Promise<readonly Heard[]> {
    const args = [beat.id, JSON.stringify(beat), `${PRESENCE_MEMORY_MS}`];
    const lines = await this.#connection.ask(
      (client) => PRESENCE.run(client, [REPLICAS], args),
      'hit-unconfirmed',
    );
    return lines.split('\n').map((line) => {
      const blank = line.indexOf(' ');
      return { ...(JSON.parse(line.slice(blank)) as Beat), silentMs: Number(line.slice(0, blank)) };
    });
  }
}
