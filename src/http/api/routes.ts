/**
 * The routes of the native API with their schemas, which validate requests and describe the API at
 * `/openapi.json`. Not here: the routes of one counter (`counter-routes.ts`), those of all
 * counters (`list-routes.ts`), and handlers (`api.ts`).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { counterRoutes } from './counter-routes.ts';
import { listRoutes } from './list-routes.ts';
import {
  COUNTERS_AT_ONCE,
  CreatedCounter,
  json,
  LIMITS,
  label,
  name,
  PROBLEMS,
  problem,
  rules,
  SECURITY,
  TOKENS,
  total,
} from './schemas.ts';

const make = createRoute({
  method: 'post',
  path: '/api/v1/counters',
  summary: 'Make a counter',
  description:
    'Returns its owner’s token, which is not shown again. With SEEN_COUNTERS=closed, and for a name that is reserved for a URL of another service, it needs the installation’s token.',
  security: [{}, ...SECURITY],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            name: name.refine(
              (text) => text !== DEFAULT_COUNTER,
              'is the default counter, which always exists',
            ),
            value: total.default(0).openapi({ description: 'The initial total.' }),
            private: rules.private.default(false),
            window: rules.window.default(0),
            ...label,
          }),
        },
      },
    },
  },
  responses: {
    201: {
      ...json('The new counter.', CreatedCounter),
      headers: { ...LIMITS, Location: { schema: { type: 'string' }, description: 'Its path.' } },
    },
    ...TOKENS,
    ...PROBLEMS,
    403: problem('The name is reserved for a URL of another service.'),
    409: problem('A counter of this name exists already.'),
  },
});

const values = createRoute({
  method: 'get',
  path: '/api/v1/values',
  summary: 'Read many counters',
  description: 'Never counts, and does not show private counters.',
  request: {
    query: z.strictObject({
      names: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(name).max(COUNTERS_AT_ONCE))
        .openapi({
          type: 'string',
          description: 'Names, separated by commas.',
          example: 'hits,my-site/front-page',
        }),
    }),
  },
  responses: {
    200: json(
      'The totals by name; null for a missing or private counter.',
      z.object({ values: z.record(name, total.nullable()) }).openapi('Values'),
    ),
    ...PROBLEMS,
  },
});

/** All routes but those of the history and the stack. */
export const routes = {
  make,
  values,
  ...listRoutes,
  ...counterRoutes,
};
