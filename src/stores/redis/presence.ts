/** Replicas in Redis: one hash, which one script (`lua/presence.lua`) writes and reads. */
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
  type Presence,
} from '../../contract/presence.ts';
import { replicasKey } from './keys.ts';
import presenceScript from './lua/presence.lua' with { type: 'text' };
import { Script } from './script.ts';
import { firstOf, type RedisShard, type RedisShards } from './shards.ts';

/** The arguments of `lua/presence.lua`, described there. */
interface PresenceArguments {
  readonly replica: string;
  readonly report: string;
  readonly memoryMs: number;
}

const PRESENCE = new Script<PresenceArguments>(presenceScript);

export class RedisPresence implements Presence {
  readonly #shard: RedisShard;

  constructor(shards: RedisShards) {
    this.#shard = firstOf(shards);
  }

  async heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]> {
    const args = {
      replica: report.id,
      report: JSON.stringify(report),
      memoryMs: PRESENCE_MEMORY_MS,
    };
    const keys = this.#shard.keys(replicasKey(this.#shard.tag));
    const heard = await this.#shard.ask(
      (client) => PRESENCE.run<readonly (readonly [number, string])[]>(client, keys, args),
      'hit-unconfirmed',
    );
    return heard.map(([silentMs, text]) => ({
      ...(JSON.parse(text) as HeartbeatReport),
      silentMs,
    }));
  }
}
