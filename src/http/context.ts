/** The types that handlers and surfaces share. Not here: building them (`app.ts`). */
import type { Context, Hono } from 'hono';
import type { RequestState } from './request/lifecycle.ts';

/** Hono's type of an environment: handlers get the state of their request as `c.env`. */
export interface Env {
  Bindings: RequestState;
}

/** A request as handlers see it. */
export type AppContext = Context<Env>;
/** Answers a request. May throw or reject. */
export type AppHandler = (c: AppContext) => Response | Promise<Response>;

/** The arguments of every surface. Each handler is wrapped in `checked` or `admitted`. */
export interface Common {
  /** The headers that every response has. */
  readonly headers: Headers;
  /** Refuses URLs that are too long, and records the route. */
  readonly checked: (handler: AppHandler) => AppHandler;
  /** The same, and also takes one request from the rate limit: for handlers that use the store. */
  readonly admitted: (handler: AppHandler) => AppHandler;
  /** The checks of `admitted` without a handler; `undefined` when there is nothing to wait for. */
  readonly admit: (c: AppContext) => Promise<void> | undefined;
}

/** One part of the public port: an app of its own, whose routes are full paths. */
export type Surface = (common: Common) => Hono<Env>;
