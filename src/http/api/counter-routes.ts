/**
 * Requests and responses of the native API for one counter: read, hit, set, delete, and replace
 * its token. Not here: its history (`past-routes.ts`).
 */
import { createRoute, z } from '@hono/zod-openapi';
import {
  Counter,
  counter,
  json,
  LIMITS,
  label,
  PROBLEMS,
  problem,
  rules,
  SECURITY,
  TOKENS,
  Token,
  total,
  Value,
} from './schemas.ts';

/** The path of one counter, and of the default counter, which has no namespace. */
const ONE = '/api/v1/counters/{namespace}/{key}';
const DEFAULT = '/api/v1/default';

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
        visitor: z.string().min(1).max(255).optional().openapi({
          description:
            'The visitor, for programs that report the visits of others: any text that stays the same for one person. It is hashed like an address, and not stored itself. Needs the owner’s token.',
        }),
      }),
    },
  },
};
const keyHeader = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .openapi({ description: 'For 24 h, a request that is repeated with its key counts once.' }),
});
/** The body's fields. Each is optional; at least one must be present. */
const settings = z.strictObject({
  value: total.optional(),
  private: rules.private.optional(),
  window: rules.window.optional(),
  ...label,
});

/** The body of a request that sets a counter. It must have at least one field. */
function settingBody(setting: z.ZodType<z.infer<typeof settings>>) {
  const schema = setting.refine((wanted) => Object.keys(wanted).length > 0, 'has no field to set');
  return { required: true, content: { 'application/json': { schema } } };
}

function tokenRoute<P extends z.ZodObject>(path: string, params: P) {
  return createRoute({
    method: 'post',
    path: `${path}/token`,
    summary: 'Replace the owner’s token',
    description:
      'Returns a new token, which is not shown again; the old one is no longer valid. Needs the owner’s token, or the installation’s. A counter without an owner gets one.',
    security: SECURITY,
    request: { params },
    responses: { 200: json('The new token.', Token), ...TOKENS, ...PROBLEMS },
  });
}

/**
 * The routes of one counter. `params` is the schema of the name in the path, if the path has one;
 * `setting` is the schema of the changes.
 */
function routesOf<P extends z.ZodObject>(
  path: string,
  params: P,
  setting: z.ZodType<z.infer<typeof settings>>,
) {
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
      description: 'Returns the number of this visit, which no other visit gets.',
      security: [{}, ...SECURITY],
      request: { params, headers: keyHeader, body: hitBody },
      responses: {
        200: json('Counted.', Value),
        ...TOKENS,
        ...PROBLEMS,
        409: problem('The total would leave the range in which numbers are exact.'),
        422: problem('The key was used for another request.'),
      },
    }),
    set: createRoute({
      method: 'patch',
      path,
      summary: 'Set a counter',
      description: 'Needs the owner’s token, or the installation’s.',
      security: SECURITY,
      request: { params, body: settingBody(setting) },
      responses: { 200: json('The changed counter.', Counter), ...TOKENS, ...PROBLEMS },
    }),
    token: tokenRoute(path, params),
    remove: createRoute({
      method: 'delete',
      path,
      summary: 'Delete a counter',
      description: 'Needs the owner’s token, or the installation’s.',
      security: SECURITY,
      request: { params },
      responses: {
        204: { description: 'The counter is deleted.', headers: LIMITS },
        ...TOKENS,
        ...PROBLEMS,
      },
    }),
  };
}

/** The routes of a named counter and of the default counter. */
export const counterRoutes = {
  ofCounter: routesOf(ONE, counter, settings),
  // It cannot be private: its number is in the sentence.
  ofDefault: routesOf(DEFAULT, z.object({}), settings.omit({ private: true })),
};
