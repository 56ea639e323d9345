/** The live total, over server-sent events, from any replica. */
import { DEFAULT_COUNTER } from '../counters.ts';

/**
 * The state of the connection. It is `lost` only when an interruption lasts longer than the
 * replacement of a replica.
 */
export type LiveState = 'open' | 'lost';

export interface LiveListener {
  /** Called with each total. */
  total(total: number): void;
  /** Called with each state, also with the same state again. */
  state(state: LiveState): void;
}

/**
 * A replica that stops sends its clients to another within a second or two, which needs no
 * message.
 */
const LOST_AFTER_MS = 4000;
/** After a response that is not a stream, only this script retries, with a random delay. */
const AGAIN_MS = 2000;

/** The stream of one counter. When nobody may see the total any more, it reloads the page. */
export class Live {
  readonly #counter: string;
  readonly #listener: LiveListener;
  #source: EventSource | undefined;
  #again = 0;
  #lost = 0;

  constructor(counter: string, listener: LiveListener) {
    this.#counter = counter;
    this.#listener = listener;
  }

  /** Opens the stream, if it is not open. */
  open(): void {
    if (this.#source) return;
    clearTimeout(this.#again);
    const source = new EventSource(`/live?counters=${encodeURIComponent(this.#counter)}`);
    this.#source = source;
    this.#watch();
    source.addEventListener('open', () => {
      clearTimeout(this.#lost);
      this.#lost = 0;
      this.#listener.state('open');
    });
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const { value } = JSON.parse(data) as { value: number | null };
      if (value !== null) this.#listener.total(value);
      // It is private now, or was deleted, and its page is another one. The default counter is
      // never private, and loading its page would count.
      else if (this.#counter === DEFAULT_COUNTER) this.#listener.total(0);
      else location.reload();
    });
    source.addEventListener('error', () => {
      this.#watch();
      if (source.readyState !== EventSource.CLOSED) return;
      this.#source = undefined;
      this.#again = setTimeout(() => this.open(), AGAIN_MS * (1 + Math.random()));
    });
  }

  /** Closes the stream without reporting it as lost. */
  close(): void {
    clearTimeout(this.#again);
    clearTimeout(this.#lost);
    this.#lost = 0;
    this.#source?.close();
    this.#source = undefined;
  }

  /** Starts the time limit for opening. */
  #watch(): void {
    if (this.#lost !== 0) return;
    this.#lost = setTimeout(() => this.#listener.state('lost'), LOST_AFTER_MS);
  }
}
