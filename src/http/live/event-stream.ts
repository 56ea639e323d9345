/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): answers
 * that go on for as long as somebody listens.
 *
 * All streams of a process are known here, so that they share one heartbeat and end together when
 * the process stops: a client whose stream ends comes back by itself, to another replica. Not
 * here: one stream (`open-stream.ts`), and what is told (`counter/watch.ts`).
 */

import { AppError } from '../../counter/errors.ts';
import type { AppContext } from '../context.ts';
import { StreamsByAddress, type StreamsPerAddress } from './by-address.ts';
import { type EventStream, OpenStream } from './open-stream.ts';

export interface EventStreamOptions {
  /** How many may be open at once, from 1 on. One more ends the oldest. */
  readonly max: number;
  /** How often a comment is sent, by which proxies see that the stream is in use. */
  readonly heartbeatMs?: number;
  /**
   * Who has so much waiting beside what the system holds for them, does not read, and is dropped.
   */
  readonly waitingBytesMax?: number;
  /** Without it one address may have as many as there may be. */
  readonly perAddress?: StreamsPerAddress | undefined;
}

/** Shorter than the 30 s and 60 s after which proxies give up a silent connection. */
const HEARTBEAT_MS = 15_000;
/** Some 500 totals, two minutes of a busy counter; the system holds megabytes before that. */
const WAITING_BYTES_MAX = 16 * 1024;
/** A client that is dropped may read on for so long; then its connection is cut. */
const DROPPED_SECONDS = 1;

/** The headers of a stream; `headers` are those of every response. */
export function streamHeaders(headers: Headers): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'text/event-stream');
  // A proxy that compresses gathers events before it sends them on. `no-transform` forbids it to
  // compress (RFC 9111, section 5.2.2.6).
  ours.set('Cache-Control', 'no-store, no-transform');
  // For nginx, which would gather before it sends on.
  ours.set('X-Accel-Buffering', 'no');
  return ours;
}

export class EventStreams {
  readonly #heartbeatMs: number;
  readonly #waitingBytesMax: number;
  /** The oldest first. */
  readonly #open = new Set<OpenStream>();
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

  /** The remote ports of their connections. */
  busyPorts(): number[] {
    return [...this.#open].flatMap(({ remotePort }) => remotePort ?? []);
  }

  /** How many are open. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * The response that streams. `begin` is given the stream, to which it may send at once, and
   * answers what is to be done when the stream is over, which happens once, whoever ends it. Fails
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
    this.#heart ??= setInterval(() => {
      for (const open of this.#open) open.beat();
    }, this.#heartbeatMs);
    const forget = () => {
      leave?.();
      this.#forget(stream);
    };
    try {
      stream.begin(begin, forget);
    } catch (error) {
      forget();
      throw error;
    }
    // Bun would end it as an idle connection: what is sent does not count as use.
    env.closeAfter(0);
    return new Response(stream.body, { headers: streamHeaders(headers) });
  }

  /** Ends all streams; from now on there are none. */
  end(): void {
    this.#over = true;
    for (const stream of this.#open) stream.end();
  }

  /**
   * Makes room for a newer stream. Refusing the newer one instead would let whoever came first
   * hold all places. A browser whose stream ends comes back by itself; one that was refused does
   * not.
   */
  #endOldest(): void {
    const [oldest] = this.#open;
    oldest?.giveWay();
  }

  #forget(stream: OpenStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }
}
