/**
 * The routes of the native API with their schemas, which validate requests and describe the API at
 * `/openapi.json`. Not here: the routes of one counter (`counter-routes.ts`), and handlers
 * (`api.ts`).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { counterRoutes } from './counter-routes.ts';
import {
  COUNTERS_AT_ONCE,
  Counter,
  CreatedCounter,
  json,
  LIMITS,
  NAME_LENGTH_MAX,
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
    'Answers its owner’s token, once. Where counters are closed, it needs the installation’s token.',
  security: [{}, ...SECURITY],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            name: name.refine(
              (text) => text !== 'hits',
              'is the default counter, which is there already',
            ),
            value: total.default(0).openapi({ description: 'What it starts at.' }),
            private: rules.private.default(false),
            window: rules.window.default(0),
          }),
        },
      },
    },
  },
  responses: {
    201: {
      ...json('It is made.', CreatedCounter),
      headers: { ...LIMITS, Location: { schema: { type: 'string' }, description: 'Its path.' } },
    },
    ...TOKENS,
    ...PROBLEMS,
    409: problem('There is one of this name.'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/counters',
  summary: 'List counters',
  description: 'In the order of their names’ bytes. Needs the installation’s token.',
  security: SECURITY,
  request: {
    query: z.strictObject({
      search: z
        .string()
        .max(NAME_LENGTH_MAX)
        .default('')
        .openapi({ description: 'Part of the name, to the letter.' }),
      after: z
        .string()
        .max(NAME_LENGTH_MAX)
        .default('')
        .openapi({ description: '`next` of the page before.' }),
      limit: z.coerce.number().int().min(1).max(COUNTERS_AT_ONCE).default(COUNTERS_AT_ONCE),
    }),
  },
  responses: {
    200: json(
      'A page. Without `next` it is the last one.',
      z.object({ counters: z.array(Counter), next: z.string().optional() }).openapi('Page'),
    ),
    ...TOKENS,
    ...PROBLEMS,
  },
});

const values = createRoute({
  method: 'get',
  path: '/api/v1/values',
  summary: 'Read many counters',
  description: 'Never counts, and tells none that are private.',
  request: {
    query: z.strictObject({
      names: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(name).max(COUNTERS_AT_ONCE))
        .openapi({
          type: 'string',
          description: 'Names, with commas between.',
          example: 'hits,my-site/front-page',
        }),
    }),
  },
  responses: {
    200: json(
      'Each by its name; null where there is no such counter, or a private one.',
      z.object({ values: z.record(name, total.nullable()) }).openapi('Values'),
    ),
    ...PROBLEMS,
  },
});

export const routes = {
  make,
  list,
  values,
  ...counterRoutes,
};
