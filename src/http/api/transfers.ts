/**
 * Exports and imports in progress, of which a replica has one at a time: each takes memory and
 * time that visits need. Their responses are streams of text, sent as fast as the client reads.
 *
 * A client that leaves, or reads nothing for a minute, ends its transfer, and so does a stop. Not
 * here: routes (`archive.ts`), and the work itself (`commands/compose/`).
 */
import { AppError } from '../../counter/errors.ts';
import type { AppContext } from '../context.ts';

/**
 * After this time without reading, the client has left. Bun closes the connection, which ends the
 * stream.
 */
const UNREAD_SECONDS = 60;
/** The time in which a client may read the error of a transfer before its connection is cut. */
const FAILED_SECONDS = 1;
/** When a client that was refused may try again. */
const AGAIN_MS = 5000;

const encoder = new TextEncoder();

/** The exports and imports of a process. */
export class Transfers {
  #current: Transfer | undefined;
  #over = false;

  /** Begins a transfer, which must be ended. Fails with `transfer-busy`, `draining`. */
  begin(c: AppContext): Transfer {
    if (this.#over) throw stopping();
    if (this.#current) {
      throw new AppError(
        'transfer-busy',
        'This replica works on another export or import. Nothing was done: try again in a moment.',
        { retryAfterMs: AGAIN_MS },
      );
    }
    const transfer = new Transfer(c, () => {
      this.#current = undefined;
    });
    this.#current = transfer;
    return transfer;
  }

  /** The remote ports of their connections. */
  busyPorts(): number[] {
    return this.#current?.remotePort === undefined ? [] : [this.#current.remotePort];
  }

  /** Stops the transfer in progress, and begins none from now on. */
  end(): void {
    this.#over = true;
    this.#current?.stop(stopping());
  }
}

function stopping(): AppError {
  return new AppError(
    'draining',
    'This replica is stopping. Try again: another replica will answer. What was imported stays, and the same file counts nothing twice.',
  );
}

/** One export or import. */
export class Transfer {
  readonly remotePort: number | undefined;
  readonly #c: AppContext;
  readonly #abort = new AbortController();
  readonly #forget: () => void;
  #isOver = false;

  constructor(c: AppContext, forget: () => void) {
    this.#c = c;
    this.#forget = forget;
    this.remotePort = c.env.peer?.port;
  }

  /** Aborted when the work should stop. The reason is an `AppError`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Asks the work to stop. */
  stop(why: AppError): void {
    this.#abort.abort(why);
  }

  /** Frees the place for another transfer. Ending again does nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
  }

  /**
   * The response with these pieces of text, which ends the transfer. When they fail, the
   * connection is cut, so that no client takes the text for whole: Bun would end the response of a
   * stream that fails as if it were complete.
   */
  respond(headers: Headers, pieces: AsyncGenerator<string>): Response {
    const { env, req } = this.#c;
    const leave = async () => {
      this.stop(new AppError('body-incomplete', 'The client has left.'));
      await pieces.return(undefined).catch(() => undefined);
      this.end();
    };
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        env.closeAfter(UNREAD_SECONDS);
        try {
          const { done, value } = await pieces.next();
          if (!done) {
            controller.enqueue(encoder.encode(value));
            return;
          }
          controller.close();
        } catch {
          env.closeAfter(FAILED_SECONDS);
        }
        this.end();
      },
      cancel: leave,
    });
    // Bun does not cancel the stream of a client that left before the response.
    const { signal } = req.raw;
    if (signal.aborted) void leave();
    else signal.addEventListener('abort', () => void leave(), { once: true });
    return new Response(body, { headers });
  }
}
