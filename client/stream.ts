/**
 * The stream of totals (`/live`), read with `fetch`: the same code in browsers, Node and Bun, of
 * which not all have `EventSource`. Not here: checking names (`client.ts`).
 */
import { pause } from './pause.ts';

/** This many of the longest names fit into the URL of one request. */
export const NAMES_MAX = 14;
/** Counters that are watched or left within this time need one new stream, not one for each. */
const GATHER_MS = 20;
/** Before a stream is opened again that ended before its first event, which names a time. */
const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 60_000;
/**
 * Seen sends something every 15 s. A connection on which nothing arrives from one check to the
 * next is lost, as after the computer slept or changed its network: this is found within 45 s.
 */
const CHECK_MS = 22_500;

interface Watcher {
  readonly name: string;
  readonly onNumber: (total: number | null) => void;
  /** The last total that it was called with; `undefined` before the first one. */
  last?: number | null;
}

/** The totals of all counters that one client watches. */
export class Stream {
  readonly #url: string;
  readonly #checkMs: number;
  readonly #watchers = new Set<Watcher>();
  #open: AbortController | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /** `url` ends where the names begin. Every `checkMs` silent streams are opened again. */
  constructor(url: string, checkMs = CHECK_MS) {
    this.#url = url;
    this.#checkMs = checkMs;
  }

  /** Calls `onNumber` with each total. Returns a function after which it is not called again. */
  watch(name: string, onNumber: Watcher['onNumber']): () => void {
    const watcher: Watcher = { name, onNumber };
    this.#watchers.add(watcher);
    this.#change();
    return () => {
      if (this.#watchers.delete(watcher)) this.#change();
    };
  }

  #change(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => {
      this.#open?.abort();
      this.#open = new AbortController();
      const names = [...new Set([...this.#watchers].map(({ name }) => name))];
      while (names.length > 0) void this.#follow(names.splice(0, NAMES_MAX), this.#open.signal);
    }, GATHER_MS);
  }

  async #follow(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (let pauseMs = PAUSE_MS; !signal.aborted; ) {
      let isSilent = false;
      const checks = setInterval(() => {
        // The network was lost, and so were all streams.
        if (isSilent) this.#change();
        isSilent = true;
      }, this.#checkMs);
      try {
        // When it is refused, the body is an error without events.
        const { body } = await fetch(this.#url + names.join(), { signal });
        const text = (body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(
          new TextDecoderStream(),
        );
        const reader = text.getReader();
        for (let rest = ''; ; ) {
          const { value } = await reader.read();
          if (!value) break;
          isSilent = false;
          const events = (rest + value).split('\n\n');
          rest = events.pop() as string;
          for (const event of events) {
            // Seen says after which time to reconnect.
            pauseMs = Number(/^retry: (\d+)/m.exec(event)?.[1] ?? pauseMs);
            const data = /^data: (.*)/m.exec(event)?.[1];
            if (data) this.#tell(JSON.parse(data));
          }
        }
      } catch {
        // The connection is lost or silent, or was not made.
      }
      clearInterval(checks);
      await pause(pauseMs * (1 + Math.random()), signal);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  #tell({ name, value }: { name: string; value: number | null }): void {
    for (const watcher of this.#watchers) {
      if (watcher.name !== name || watcher.last === value) continue;
      watcher.last = value;
      // An error of the caller is the caller's, and does not end the stream.
      queueMicrotask(() => {
        if (this.#watchers.has(watcher)) watcher.onNumber(value);
      });
    }
  }
}
