/** The state of a request, from its arrival to its response. Handlers get it as `c.env`. */

/** The server, which knows the client's end of a connection. Bun's server implements this. */
export interface Peer {
  requestIP(request: Request): { address: string; port?: number } | null;
  /** The idle seconds after which the connection is closed; 0 for never. */
  timeout?(request: Request, seconds: number): void;
}

export class RequestState {
  /** The original request. Handlers see HEAD as GET: see `isHead`. */
  readonly request: Request;
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  /** The route as written in the code, never the client's path; `other` when none matched. */
  route = 'other';
  /** The real status of a failure whose response has to be 200. */
  realStatus: number | undefined;
  /** The values of `RateLimit`; `undefined` for none. */
  limits: string[] | undefined;
  /** Whether its body has yet to arrive. */
  lacksBody = false;
  /** The neighbours in the list of requests in progress. */
  before: RequestState | undefined;
  after: RequestState | undefined;
  readonly #server: Peer;

  constructor(request: Request, server: Peer) {
    this.request = request;
    this.#server = server;
  }

  /** Whether the client wants only the headers, so that nothing counts. */
  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** The other end of the connection; `null` when it has gone. */
  get peer(): { readonly address: string; readonly port?: number } | null {
    return this.#server.requestIP(this.request);
  }

  /** The idle seconds after which the connection is closed; 0 for never. */
  closeAfter(seconds: number): void {
    this.#server.timeout?.(this.request, seconds);
  }
}
