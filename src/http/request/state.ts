/**
 * What is known of a request beside itself, from its arrival to its response. Handlers get it as
 * `c.env`.
 */

/** The server, which knows the other end of a request's connection. Bun's server is one. */
export interface Peer {
  requestIP(request: Request): { address: string; port?: number } | null;
  /** After how many seconds without use the connection is closed; 0 for never. */
  timeout?(request: Request, seconds: number): void;
}

export class RequestState {
  /** As it came in. Handlers see HEAD as GET: see `isHead`. */
  readonly request: Request;
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  /**
   * The route as written in the code, never what the client sent; `other` where no route answered.
   */
  route = 'other';
  /** How the request went, where its response must have status 200 although it failed. */
  realStatus: number | undefined;
  /** What the response says of limits; `undefined` for nothing. */
  limits: string[] | undefined;
  /** Whether its body has yet to arrive. */
  lacksBody = false;
  /** The neighbours in the list of requests under way. */
  before: RequestState | undefined;
  after: RequestState | undefined;
  readonly #server: Peer;

  constructor(request: Request, server: Peer) {
    this.request = request;
    this.#server = server;
  }

  /** Whether only the headers are wanted, and nothing counts. */
  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** The other end of the connection; `null` when it has gone. */
  get peer(): { readonly address: string; readonly port?: number } | null {
    return this.#server.requestIP(this.request);
  }

  /** After how many seconds without use the connection is closed; 0 for never. */
  closeAfter(seconds: number): void {
    this.#server.timeout?.(this.request, seconds);
  }
}
