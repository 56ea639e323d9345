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
  readonly store: {
    readonly kind: 'PostgreSQL' | 'Redis' | 'SQLite';
    readonly state: 'up' | 'away';
  };
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
    store: z.object({
      kind: z.enum(['PostgreSQL', 'Redis', 'SQLite']),
      state: z.enum(['up', 'away']),
    }),
    replicas: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        state: z.enum(['ready', 'draining', 'gone']).openapi({
          description:
            'draining: finishes its requests and stops; gone: has stopped, or does not report any more.',
        }),
        started: z.iso.datetime(),
        hits: z
          .int()
          .openapi({ minimum: 0, description: 'The hits that it has counted since it started.' }),
        share: z.number().openapi({
          minimum: 0,
          maximum: 1,
          description: 'Its share of the hits of all these replicas.',
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
    'As the replica that answers knows them from reports of the last seconds. Hidden with SEEN_SHOW_STACK=no.',
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
