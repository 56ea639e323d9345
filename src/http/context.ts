/** What handlers are given, and what all surfaces share. Not here: building them (`app.ts`). */
import type { Context, Hono } from 'hono';
import type { RequestState } from './request/state.ts';

/** Hono's type of an environment: handlers get the state of their request as `c.env`. */
export interface Env {
  Bindings: RequestState;
}

/** A request as handlers see it. */
export type AppContext = Context<Env>;
/** Answers a request. May fail at once or later. */
export type AppHandler = (c: AppContext) => Response | Promise<Response>;

/** What surfaces are built with. Every handler is `checked` or `admitted`. */
export interface Common {
  /** The headers that every response has. */
  readonly headers: Headers;
  /** Refuses URLs that are too long, and notes the route. */
  readonly checked: (handler: AppHandler) => AppHandler;
  /**
   * The same, and takes one request of the limit on requests: for handlers that ask the store for
   * something.
   */
  readonly admitted: (handler: AppHandler) => AppHandler;
  /** What `admitted` does, alone; `undefined` when there is nothing to wait for. */
  readonly admit: (c: AppContext) => Promise<void> | undefined;
  /** How long the body of a request may take to arrive, where it is not the usual time. */
  readonly bodyMs: number | undefined;
}

/** One part of the public port: an app of its own, with whole paths. */
export type Surface = (common: Common) => Hono<Env>;
