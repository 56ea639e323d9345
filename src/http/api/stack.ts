/**
 * `GET /api/v1/stack`: the replicas and the state of the store. Not here: how replicas learn of
 * each other (`replicas/heartbeat.ts`).
 */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Env } from '../context.ts';
import { json, PROBLEMS } from './schemas.ts';

/** The stack, as this replica knows it. */
export interface Stack {
  /** The replica that sends the response. */
  readonly replica: string;
  readonly store: { readonly kind: 'PostgreSQL' | 'Redis' | 'SQLite'; readonly state: 'up' | 'away' };
  readonly replicas: readonly {
    readonly name: string;
    readonly version: string;
    readonly state: 'ready' | 'draining' | 'gone';
    /** Milliseconds since 1970. */
    readonly startedAt: number;
    /** Hits counted since then. */
    readonly hits: number;
  }[];
}

const Shown = z
  .object({
    replica: z.string().openapi({ description: 'The replica that answers.', example: 'seen-1' }),
    store: z.object({ kind: z.enum(['PostgreSQL', 'Redis', 'SQLite']), state: z.enum(['up', 'away']) }),
    replicas: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        state: z.enum(['ready', 'draining', 'gone']).openapi({
          description:
            'draining: answers what is under way and stops; gone: has stopped, or is not heard of any more.',
        }),
        started: z.iso.datetime(),
        hits: z
          .int()
          .openapi({ minimum: 0, description: 'What it has counted since it started.' }),
        share: z.number().openapi({
          minimum: 0,
          maximum: 1,
          description: 'Its part of what all of these have counted.',
        }),
      }),
    ),
  })
  .openapi('Stack');

const route = createRoute({
  method: 'get',
  path: '/api/v1/stack',
  summary: 'The replicas, and the store',
  description:
    'As the replica that answers has heard of them within the last seconds. Not there with SEEN_SHOW_STACK=no.',
  responses: { 200: json('The stack.', Shown), ...PROBLEMS },
});

/** Adds the route to the API. */
export function serveStack(api: OpenAPIHono<Env>, stack: () => Stack): void {
  api.openapi(route, (c) => {
    const { replica, store, replicas } = stack();
    const all = replicas.reduce((sum, { hits }) => sum + hits, 0);
    const shown = replicas.map(({ name, version, state, startedAt, hits }) => ({
      name,
      version,
      state,
      started: new Date(startedAt).toISOString(),
      hits,
      share: all === 0 ? 0 : Number((hits / all).toFixed(4)),
    }));
    return c.json({ replica, store, replicas: shown }, 200);
  });
}
