/**
 * What the native API takes and answers: each route with its schemas, which validate requests and are the description at
 * `/openapi.json`. Not here: what the routes do (`api.ts`).
 */
import { createRoute, z } from '@hono/zod-openapi';
import {
  COUNTERS_AT_ONCE,
  Counter,
  counter,
  json,
  LIMITS,
  Made,
  NAME_LENGTH_MAX,
  name,
  PROBLEMS,
  problem,
  rules,
  SECURITY,
  TOKENS,
  total,
  Value,
} from './api-schemas.ts';

/** Paths of one counter, and of the default counter, which has no namespace. */
const ONE = '/api/v1/counters/{namespace}/{key}';
const DEFAULT = '/api/v1/default';

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
            name: name.refine((text) => text !== 'hits', 'is the default counter, which is there already'),
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
      ...json('It is made.', Made),
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

const hitBody = {
  required: false,
  content: {
    'application/json': {
      schema: z.strictObject({
        amount: z
          .int()
          .refine((amount) => amount !== 0, 'is 0, which would count nothing')
          .default(1)
          .openapi({ description: 'Other amounts than 1 need the owner’s token.' }),
      }),
    },
  },
};
const keyHeader = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .openapi({ description: 'With it the request may be sent again for 24 h: it counts once.' }),
});
/** What may be set: everything by itself, but something. */
const settings = z.strictObject({
  value: total.optional(),
  private: rules.private.optional(),
  window: rules.window.optional(),
});

/** The routes of one counter, with the schema of its name in the path, if it stands there, and of what may be set. */
function routesOf<P extends z.ZodObject>(
  path: string,
  params: P,
  setting: z.ZodType<z.infer<typeof settings>>,
) {
  const body = {
    required: true,
    content: {
      'application/json': {
        schema: setting.refine((wanted) => Object.keys(wanted).length > 0, 'says nothing that is to be set'),
      },
    },
  };
  return {
    read: createRoute({
      method: 'get',
      path,
      summary: 'Read a counter',
      description: 'Never counts. A private one needs its owner’s token, or the installation’s.',
      request: { params },
      security: [{}, ...SECURITY],
      responses: { 200: json('The counter.', Counter), ...TOKENS, ...PROBLEMS },
    }),
    hit: createRoute({
      method: 'post',
      path: `${path}/hit`,
      summary: 'Count',
      description: 'Answers the number of this visit, which no other gets.',
      security: [{}, ...SECURITY],
      request: { params, headers: keyHeader, body: hitBody },
      responses: {
        200: json('Counted.', Value),
        ...TOKENS,
        ...PROBLEMS,
        409: problem('The counter cannot go so far.'),
        422: problem('The key was used for another request.'),
      },
    }),
    set: createRoute({
      method: 'patch',
      path,
      summary: 'Set a counter',
      description: 'Needs the owner’s token, or the installation’s.',
      security: SECURITY,
      request: { params, body },
      responses: { 200: json('It is set.', Counter), ...TOKENS, ...PROBLEMS },
    }),
    remove: createRoute({
      method: 'delete',
      path,
      summary: 'Delete a counter',
      description: 'Needs the owner’s token, or the installation’s.',
      security: SECURITY,
      request: { params },
      responses: { 204: { description: 'It is deleted.', headers: LIMITS }, ...TOKENS, ...PROBLEMS },
    }),
  };
}

export const routes = {
  make,
  list,
  values,
  ofCounter: routesOf(ONE, counter, settings),
  // Its number stands in the sentence.
  ofDefault: routesOf(DEFAULT, z.object({}), settings.omit({ private: true })),
};
