/** One stream of server-sent events. Not here: all of a process (`event-stream.ts`). */

/** One stream, as the one who tells sees it. */
export interface EventStream {
  /** Sends one event: its lines, as in `data: 42`. Does nothing once the stream is over. */
  send(lines: string): void;
  /** Ends the stream. The client comes back, unless it was told not to. */
  end(): void;
}

/**
 * A client whose stream was ended for a newer one comes back after so long, so that too many
 * clients do not end each other's streams all the time.
 */
const GIVES_WAY_MS = 10_000;
/** A line that says nothing. The first one also sends the headers on their way. */
const COMMENT = ':\n\n';

const encoder = new TextEncoder();

/** A stream that somebody listens to. */
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
    this.beat();
  }

  /**
   * Has `begin` send the first, then calls what that answers, and `forget`, when the stream is
   * over: once.
   */
  begin(begin: (stream: EventStream) => () => void, forget: () => void): void {
    const stop = begin(this);
    this.#whenOver = () => {
      stop();
      forget();
    };
    // It may have been ended by the first that was sent.
    if (this.#isOver) this.#whenOver();
  }

  send(lines: string): void {
    this.#write(`${lines}\n\n`);
  }

  /** Sends a comment, by which proxies see that the stream is in use. */
  beat(): void {
    this.#write(COMMENT);
  }

  #write(text: string): void {
    if (this.#isOver) return;
    try {
      this.#controller.enqueue(encoder.encode(text));
    } catch {
      // The client has left in this moment. Nobody else is to hear of it: not the heartbeat of all
      // streams, not the stop.
      this.#finish();
      return;
    }
    if ((this.#controller.desiredSize ?? 0) >= 0) return;
    this.#onDropped();
    this.end();
  }

  /** Ends it for a newer one. */
  giveWay(): void {
    this.send(`retry: ${GIVES_WAY_MS}`);
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
