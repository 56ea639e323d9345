/**
 * A request as handlers see it, and which handler it goes to: Hono's router and the shape of Hono's context, without the rest of Hono.
 *
 * Each route has one handler and no middleware, so what Hono makes for chains of them would be made for nothing at every visit: its context, its
 * request and two promises, a fifth of what a visit allocates (docs/decisions/0002). Not here: what the routes are (`routes.ts`).
 */
import type { Router } from 'hono/router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import { parseBody } from 'hono/utils/body';
import { getQueryParam, tryDecodeURIComponent } from 'hono/utils/url';
import { withoutBody } from './request/head.ts';

/** Knows the other end of a request's connection. */
export interface Peer {
  requestIP(request: Request): { address: string; port?: number } | null;
  /** After how many seconds without use the connection is closed; 0 for never. */
  timeout?(request: Request, seconds: number): void;
}

/** What handlers use of a request and its connection. Hono's own context has all of it, so that the API can pass that. */
export interface Asked {
  readonly env: Peer;
  readonly req: {
    readonly raw: Request;
    readonly method: string;
    readonly url: string;
    /** Without the query, and under the prefix of its host name where that has one. */
    readonly path: string;
    header(name: string): string | undefined;
    /** A part of the path, decoded. */
    param(name: string): string | undefined;
    query(name: string): string | undefined;
    query(): Record<string, string>;
  };
}

/** Answers a request. May fail at once or later. */
export type Handler = (c: Asked) => Response | Promise<Response>;

/** A handler, and which parts of the path are its parameters. */
type Match = ReturnType<Router<Handler>['match']>;

/** One object a request: it is its own `req`. */
class AskedOnce implements Asked {
  readonly raw: Request;
  readonly env: Peer;
  readonly path: string;
  readonly #match: Match;

  constructor(raw: Request, env: Peer, path: string, match: Match) {
    this.raw = raw;
    this.env = env;
    this.path = path;
    this.#match = match;
  }

  get req(): this {
    return this;
  }

  get method(): string {
    return this.raw.method;
  }

  get url(): string {
    return this.raw.url;
  }

  header(name: string): string | undefined {
    return this.raw.headers.get(name) ?? undefined;
  }

  param(name: string): string | undefined {
    const [handlers, parts] = this.#match;
    const place = handlers[0]?.[1][name];
    const part = typeof place === 'number' ? parts?.[place] : place;
    return part && tryDecodeURIComponent(part);
  }

  query(name: string): string | undefined;
  query(): Record<string, string>;
  query(name?: string) {
    return getQueryParam(this.raw.url, name);
  }
}

/** No form of ours has more than one short field, and thousands of fields would cost more than 2 ms of CPU time. */
const FORM_BYTES_MAX = 1024;

/** The fields of a request's form. Fails where it is none, and where it has more than `FORM_BYTES_MAX` bytes. */
export async function formIn({ req }: Asked): Promise<Record<string, unknown>> {
  const { byteLength } = await req.raw.clone().arrayBuffer();
  if (byteLength > FORM_BYTES_MAX) throw new RangeError(`a form of ${byteLength} bytes`);
  return parseBody(req.raw);
}

export class Handlers {
  readonly #router = new SmartRouter<Handler>({ routers: [new RegExpRouter(), new TrieRouter()] });
  readonly #pathOf: (request: Request) => string;
  readonly #routeMissing: Handler;
  readonly #hostInvalid: Handler;

  /**
   * `pathOf`: under which path a request is looked for. `routeMissing` answers what has no route,
   * `hostInvalid` what has more than one `Host`.
   */
  constructor(pathOf: (request: Request) => string, routeMissing: Handler, hostInvalid: Handler) {
    this.#pathOf = pathOf;
    this.#routeMissing = routeMissing;
    this.#hostInvalid = hostInvalid;
  }

  /** Adds one; of several that match the first is taken. To be done before the first request. */
  add(method: string, path: string, handler: Handler): void {
    this.#router.add(method, path, handler);
  }

  /** Answers a request. What takes GET takes HEAD, and answers it without a body. */
  answer(request: Request, peer: Peer): Response | Promise<Response> {
    const { method } = request;
    const path = this.#pathOf(request);
    const match = this.#router.match(method === 'HEAD' ? 'GET' : method, path);
    const route = match[0][0]?.[0] ?? this.#routeMissing;
    const handler = hasOneHost(request) ? route : this.#hostInvalid;
    const answer = handler(new AskedOnce(request, peer, path, match));
    return method === 'HEAD' ? Promise.resolve(answer).then(withoutBody) : answer;
  }
}

/**
 * Whether a request has no more than one `Host`, as https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 * requires: two programs on its way may take different ones. Bun joins several to one, with blanks that no
 * host has.
 */
function hasOneHost({ headers }: Request): boolean {
  return !headers.get('Host')?.includes(', ');
}
