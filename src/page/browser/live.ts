/** The total as it changes, over server-sent events, from whichever replica there is. */

/**
 * How the connection is: `lost` only when it has been away for longer than a replica takes to be
 * replaced by another.
 */
export type LiveState = 'open' | 'lost';

export interface LiveListener {
  /** Told each total. */
  total(total: number): void;
  state(state: LiveState): void;
}

/**
 * A replica that stops sends its readers to another within a second or two; that is not worth a
 * word.
 */
const LOST_AFTER_MS = 4000;
/** After an answer that is no stream the browser does not try again; we do, not all at once. */
const AGAIN_MS = 2000;

export class Live {
  readonly #url: string;
  readonly #listener: LiveListener;
  #source: EventSource | undefined;
  #again = 0;
  #lost = 0;

  constructor(counter: string, listener: LiveListener) {
    this.#url = `/live?counters=${encodeURIComponent(counter)}`;
    this.#listener = listener;
  }

  /** Opens the stream, if it is not open. */
  open(): void {
    if (this.#source) return;
    clearTimeout(this.#again);
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#watch();
    source.addEventListener('open', () => {
      clearTimeout(this.#lost);
      this.#lost = 0;
      this.#listener.state('open');
    });
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const { value } = JSON.parse(data) as { value: number | null };
      // Nothing is left of a counter that was deleted.
      this.#listener.total(value ?? 0);
    });
    source.addEventListener('error', () => {
      this.#watch();
      if (source.readyState !== EventSource.CLOSED) return;
      this.#source = undefined;
      this.#again = setTimeout(() => this.open(), AGAIN_MS * (1 + Math.random()));
    });
  }

  /** Closes it, and says nothing of it. */
  close(): void {
    clearTimeout(this.#again);
    clearTimeout(this.#lost);
    this.#lost = 0;
    this.#source?.close();
    this.#source = undefined;
  }

  /** From now on it has some time to open. */
  #watch(): void {
    if (this.#lost !== 0) return;
    this.#lost = setTimeout(() => this.#listener.state('lost'), LOST_AFTER_MS);
  }
}
