/**
 * A listener to server-sent events that behaves like browsers: it reconnects when its stream ends
 * or breaks, and gives up for good after a status other than 200
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface).
 */

/** Browsers wait for 3 s or so. */
const AGAIN_MS = 100;

export class Listener implements AsyncDisposable {
  /** The data of each event. */
  readonly data: string[] = [];
  /** Who served each of its streams: the replica's name. */
  readonly servedBy: string[] = [];
  /** How each of its streams ended: as the server wanted, or with the connection. */
  readonly ends: ('ended' | 'broken')[] = [];
  /** Everything that came, comments too. */
  text = '';
  /** The status with which it was refused, when it gave up. */
  refused: number | undefined;
  #lastId: string | undefined;
  readonly #abort = new AbortController();
  readonly #listening: Promise<void>;
  readonly #ca: string | undefined;

  /** `ca` is the certificate of the authority that it trusts, instead of the system's. */
  constructor(url: string, ca?: string) {
    this.#ca = ca;
    this.#listening = this.#listen(url);
  }

  /** The totals that it was told. */
  get totals(): number[] {
    return this.data.map((data) => (JSON.parse(data) as { value: number }).value);
  }

  async #listen(url: string): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && this.refused === undefined) {
      const before = this.servedBy.length;
      const tls = this.#ca === undefined ? {} : { tls: { ca: this.#ca } };
      const end = await fetch(url, { signal, keepalive: false, headers: this.#headers(), ...tls })
        .then((response) => this.#hear(response))
        .then(
          () => 'ended' as const,
          () => 'broken' as const,
        );
      if (this.servedBy.length > before && !signal.aborted) this.ends.push(end);
      if (!signal.aborted) await Bun.sleep(AGAIN_MS);
    }
  }

  async #hear(response: Response): Promise<void> {
    if (response.status !== 200 || !response.body) {
      this.refused = response.status;
      return;
    }
    this.servedBy.push((response.headers.get('X-Served-By') ?? '').split(' ')[0] ?? '');
    let waiting = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      const chunk = decoder.decode(bytes, { stream: true });
      this.text += chunk;
      waiting += chunk;
      const blocks = waiting.split('\n\n');
      waiting = blocks.pop() ?? '';
      for (const line of blocks.flatMap((block) => block.split('\n'))) {
        if (line.startsWith('data: ')) this.data.push(line.slice('data: '.length));
        if (line.startsWith('id: ')) this.#lastId = line.slice('id: '.length);
      }
    }
  }

  /** A browser says which event it had last. */
  #headers(): Record<string, string> {
    const last: Record<string, string> =
      this.#lastId === undefined ? {} : { 'Last-Event-ID': this.#lastId };
    return { Accept: 'text/event-stream', ...last };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#listening;
  }
}
