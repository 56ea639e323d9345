/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): responses
 * that last as long as the client listens.
 *
 * All streams of a process are known here, so that they share one heartbeat and end together when
 * the process stops, and so that one address cannot use all of them. A client whose stream ends
 * reconnects by itself, to another replica. Not here: one stream (`open-stream.ts`), and the
 * events (`counter/watch.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import type { AppContext } from '../context.ts';
import { type EventStream, OpenStream } from './open-stream.ts';

export interface EventStreamOptions {
  /** The maximum number of open streams, at least 1. One more ends the oldest. */
  readonly max: number;
  /** The interval between comments, which show proxies that the stream is in use. */
  readonly heartbeatMs?: number;
  /**
   * A client that does not read is dropped when this much waits for it, in addition to the
   * system's buffers.
   */
  readonly waitingBytesMax?: number;
  /** The limit per address; `undefined` when only `max` applies. */
  readonly perAddress?: StreamsPerAddress | undefined;
}

/** Shorter than the 30 s and 60 s after which proxies close a silent connection. */
const HEARTBEAT_MS = 15_000;
/** Some 500 totals, two minutes of a busy counter; the system holds megabytes before that. */
const WAITING_BYTES_MAX = 16 * 1024;
/** How long a dropped client may read on before its connection is closed. */
const DROPPED_SECONDS = 1;

/** The headers of a stream; `headers` are those of every response. */
export function streamHeaders(headers: Headers): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'text/event-stream');
  // A compressing proxy buffers events before it sends them on. `no-transform` forbids it to
  // compress (RFC 9111, section 5.2.2.6).
  ours.set('Cache-Control', 'no-store, no-transform');
  // Turns off the buffer of nginx.
  ours.set('X-Accel-Buffering', 'no');
  return ours;
}

/** All streams of a process. */
export class EventStreams {
  readonly #heartbeatMs: number;
  readonly #waitingBytesMax: number;
  /** The oldest first. */
  readonly #open = new Set<OpenStream>();
  readonly #openByRoute = new Map<string, number>();
  readonly #max: number;
  readonly #byAddress: StreamsByAddress | undefined;
  #heart: NodeJS.Timeout | undefined;
  #over = false;

  constructor({
    max,
    heartbeatMs = HEARTBEAT_MS,
    waitingBytesMax = WAITING_BYTES_MAX,
    perAddress,
  }: EventStreamOptions) {
    this.#max = max;
    this.#heartbeatMs = heartbeatMs;
    this.#waitingBytesMax = waitingBytesMax;
    this.#byAddress = perAddress && new StreamsByAddress(perAddress);
  }

  /** The remote ports of the streams' connections. */
  busyPorts(): number[] {
    return [...this.#open].flatMap(({ remotePort }) => remotePort ?? []);
  }

  /** The number of open streams. */
  get open(): number {
    return this.#open.size;
  }

  /** The same by route, as written in the code; a route whose streams have all ended has 0. */
  get openByRoute(): ReadonlyMap<string, number> {
    return this.#openByRoute;
  }

  /**
   * Returns the streaming response. `begin` gets the stream, to which it may send at once, and
   * returns a function that is called once when the stream is over, whichever side ended it. Fails
   * with `draining`, `too-many-streams`, and as `begin` does.
   */
  respond(c: AppContext, headers: Headers, begin: (stream: EventStream) => () => void): Response {
    if (this.#over)
      throw new AppError(
        'draining',
        'This replica is stopping. Connect again: another replica will answer.',
      );
    const leave = this.#byAddress?.enter(c);
    if (this.#open.size >= this.#max) this.#endOldest();
    const { env } = c;
    const stream = new OpenStream(this.#waitingBytesMax, env.peer?.port, () =>
      env.closeAfter(DROPPED_SECONDS),
    );
    this.#open.add(stream);
    const { route } = env;
    this.#openByRoute.set(route, (this.#openByRoute.get(route) ?? 0) + 1);
    this.#heart ??= setInterval(() => {
      for (const open of this.#open) open.keepAlive();
    }, this.#heartbeatMs);
    const forget = () => {
      leave?.();
      this.#forget(stream, route);
    };
    try {
      stream.begin(begin, forget);
    } catch (error) {
      forget();
      throw error;
    }
    // Bun would close it as an idle connection, because data sent does not count as use.
    env.closeAfter(0);
    return new Response(stream.body, { headers: streamHeaders(headers) });
  }

  /** Ends all streams, and accepts none from now on. */
  end(): void {
    this.#over = true;
    for (const stream of this.#open) stream.end();
  }

  /**
   * Makes room for a newer stream. Refusing the newer one instead would let the first clients hold
   * all streams. A browser reconnects when its stream ends, but not when it was refused.
   */
  #endOldest(): void {
    const [oldest] = this.#open;
    oldest?.evict();
  }

  #forget(stream: OpenStream, route: string): void {
    this.#open.delete(stream);
    this.#openByRoute.set(route, (this.#openByRoute.get(route) ?? 0) - 1);
    if (this.#open.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }
}

/** The limit on the streams of one address. */
export interface StreamsPerAddress {
  /** A whole number, at least 1. */
  readonly max: number;
  /** The network of a request: its IPv4 address, or its IPv6 network of 64 bits. */
  readonly networkOf: (c: AppContext) => string;
}

/** When a refused client may retry: within about that time, another reader leaves a page. */
const AGAIN_MS = 10_000;

class StreamsByAddress {
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
