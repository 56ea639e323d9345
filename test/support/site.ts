/** Another site: pages of a test, on another host than Seen, with a Content-Security-Policy. */

/** What is at a path: HTML, or a file of another type. */
export type Content = string | { readonly type: string; readonly text: string };

export class Site implements Disposable {
  readonly url: string;
  readonly #server: Bun.Server<undefined>;
  readonly #contents = new Map<string, Content>();
  /** The paths that were asked for, in order. */
  readonly asked: string[] = [];

  /** A site whose pages may have what `policy` says, and nothing else. */
  constructor(policy: string) {
    this.#server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        this.asked.push(pathname);
        const content = this.#contents.get(pathname);
        if (content === undefined) return new Response(null, { status: 204 });
        const { type, text } =
          typeof content === 'string' ? { type: 'text/html', text: content } : content;
        return new Response(text, {
          headers: {
            'Content-Type': `${type}; charset=utf-8`,
            'Content-Security-Policy': `default-src 'none'; ${policy}`,
          },
        });
      },
    });
    this.url = `http://localhost:${this.#server.port}`;
  }

  /** Puts a page up, with `body` in it; answers its URL. */
  put(path: string, body: string): string {
    this.#contents.set(path, `<!doctype html><html lang="en"><title>A page</title>${body}</html>`);
    return `${this.url}${path}`;
  }

  /** Puts a script up. */
  putScript(path: string, text: string): void {
    this.#contents.set(path, { type: 'text/javascript', text });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}
