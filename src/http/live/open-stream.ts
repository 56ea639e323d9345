/** One stream of server-sent events. Not here: all streams of a process (`event-stream.ts`). */

/** A stream, as its sender sees it. */
export interface EventStream {
  /** Sends one event: its lines, as in `data: 42`. Does nothing once the stream is over. */
  send(lines: string): void;
  /** Ends the stream. The client reconnects, unless it was told not to. */
  end(): void;
}

/**
 * The delay before a client reconnects whose stream was ended for a newer one. It keeps too many
 * clients from ending each other's streams all the time.
 */
const EVICTED_RETRY_MS = 10_000;
/** An empty comment. The first one also makes the server send the headers. */
const COMMENT = ':\n\n';

const encoder = new TextEncoder();

/** A stream with a listening client. */
export class OpenStream implements EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly remotePort: number | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;
  #whenOver: (() => void) | undefined;
  readonly #onDropped: () => void;

  constructor(waitingBytesMax: number, remotePort: number | undefined, onDropped: () => void) {
    this.remotePort = remotePort;
    this.#onDropped = onDropped;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#finish(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: waitingBytesMax }),
    );
    this.keepAlive();
  }

  /**
   * Calls `begin`, which sends the first events. When the stream is over, calls once the function
   * that `begin` returned, and `forget`.
   */
  begin(begin: (stream: EventStream) => () => void, forget: () => void): void {
    const stop = begin(this);
    this.#whenOver = () => {
      stop();
      forget();
    };
    // Sending the first events may have ended it.
    if (this.#isOver) this.#whenOver();
  }

  send(lines: string): void {
    this.#write(`${lines}\n\n`);
  }

  /** Sends a comment, which shows proxies that the stream is in use. */
  keepAlive(): void {
    this.#write(COMMENT);
  }

  #write(text: string): void {
    if (this.#isOver) return;
    try {
      this.#controller.enqueue(encoder.encode(text));
    } catch {
      // The client has just left. This must not fail the caller, such as the heartbeat of all
      // streams or the stop.
      this.#finish();
      return;
    }
    if ((this.#controller.desiredSize ?? 0) >= 0) return;
    this.#onDropped();
    this.end();
  }

  /** Ends the stream for a newer one. */
  evict(): void {
    this.send(`retry: ${EVICTED_RETRY_MS}`);
    this.#onDropped();
    this.end();
  }

  end(): void {
    if (this.#isOver) return;
    try {
      this.#controller.close();
    } catch {
      // As above.
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#whenOver?.();
  }
}
