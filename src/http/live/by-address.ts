/**
 * Limits the number of streams per address, so that one address cannot use all of them. It counts
 * in memory, because a stream belongs to one replica and ends with it. Not here: the streams, and
 * their total limit (`event-stream.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import type { AppContext } from '../context.ts';

export interface StreamsPerAddress {
  /** A whole number from 1 on. */
  readonly max: number;
  /** The network of a request: its IPv4 address, or its IPv6 network of 64 bits. */
  readonly networkOf: (c: AppContext) => string;
}

/** When a refused client may retry: within about that time, another reader leaves a page. */
const AGAIN_MS = 10_000;

export class StreamsByAddress {
  readonly #options: StreamsPerAddress;
  /** Addresses with a stream only, so never more entries than streams. */
  readonly #open = new Map<string, number>();

  constructor(options: StreamsPerAddress) {
    this.#options = options;
  }

  /**
   * Counts a stream of this request's address. Returns a function that must be called once when
   * the stream ends. Fails with `too-many-streams`.
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
