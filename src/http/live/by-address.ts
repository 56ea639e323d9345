/**
 * How many streams each address has, so that one address cannot hold all places. In memory, for as
 * long as the streams are open: a stream belongs to one replica, and ends with it. Not here: the
 * streams, and how many there may be in total (`event-stream.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import type { AppContext } from '../context.ts';

export interface StreamsPerAddress {
  /** A whole number from 1 on. */
  readonly max: number;
  /** The IPv4 address, or the IPv6 network of 64 bits, that a request comes from. */
  readonly networkOf: (c: AppContext) => string;
}

/**
 * When a client that was refused may come again: a reader of a page leaves it in about that time.
 */
const AGAIN_MS = 10_000;

export class StreamsByAddress {
  readonly #options: StreamsPerAddress;
  /** Only addresses with a stream, so never more than there are streams. */
  readonly #open = new Map<string, number>();

  constructor(options: StreamsPerAddress) {
    this.#options = options;
  }

  /**
   * Takes a place. Answers how to give it back, which is to be called once. Fails with
   * `too-many-streams`.
   */
  enter(c: AppContext): () => void {
    const { max, networkOf } = this.#options;
    const network = networkOf(c);
    const open = this.#open.get(network) ?? 0;
    if (open >= max) {
      throw new AppError(
        'too-many-streams',
        `Your address has the maximum of ${max} open streams. Close one, or poll the counter instead.`,
        { retryAfterMs: AGAIN_MS },
      );
    }
    this.#open.set(network, open + 1);
    return () => {
      const left = (this.#open.get(network) ?? 0) - 1;
      if (left > 0) this.#open.set(network, left);
      else this.#open.delete(network);
    };
  }
}
