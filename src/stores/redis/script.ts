/**
 * A script that runs in Redis, called by its digest. Arguments and reply are MessagePack
 * (https://msgpack.org), which Redis' Lua can read and write.
 */
import { createHash } from 'node:crypto';
import { Decoder, Encoder } from '@msgpack/msgpack';
import { ErrorReply, RESP_TYPES } from '@redis/client';
import type { Client } from './connection.ts';
import shared from './lua/shared.lua' with { type: 'text' };

const ENCODER = new Encoder({ ignoreUndefined: true });
const DECODER = new Decoder();
/** Replies are bytes. */
const AS_BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** One script, with the type of its arguments. It does nothing until it is run. */
export class Script<Args extends object> {
  readonly #text: string;
  readonly #digest: string;

  /** The files of the script, in this order, after `lua/shared.lua`. */
  constructor(...files: readonly string[]) {
    this.#text = [shared, ...files].join('\n');
    this.#digest = createHash('sha1').update(this.#text).digest('hex');
  }

  /**
   * Runs it. The first lines of the script's file describe the reply. A server that does not have
   * the script (new, restarted, flushed) gets it, and is called again. Undefined values in `args`
   * are left out.
   */
  async run<Answer>(client: Client, keys: readonly string[], args: Args): Promise<Answer> {
    const packed = Buffer.from(ENCODER.encode(args).buffer);
    const command = ['EVALSHA', this.#digest, `${keys.length}`, ...keys, packed];
    const ask = async () =>
      DECODER.decode(await client.sendCommand<Buffer>(command, AS_BYTES)) as Answer;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
      await client.scriptLoad(this.#text);
      return ask();
    }
  }
}
