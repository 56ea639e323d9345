/** A script that runs in Redis, called by its digest. */
import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import type { Client } from './connection.ts';

export class Script {
  readonly #text: string;
  readonly #digest: string;

  constructor(text: string) {
    this.#text = text;
    this.#digest = createHash('sha1').update(text).digest('hex');
  }

  /**
   * Runs it; a server that does not know it (new, restarted, flushed) is told it and asked again.
   */
  async run<T = string>(
    client: Client,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<T> {
    const command = ['EVALSHA', this.#digest, `${keys.length}`, ...keys, ...args];
    try {
      return await client.sendCommand<T>(command);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
      await client.scriptLoad(this.#text);
      return client.sendCommand<T>(command);
    }
  }
}
