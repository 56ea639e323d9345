/**
 * Requests and responses of the native API for all counters: list them, and delete many. Not here:
 * how they are sorted (`counter/ranking.ts`).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { SORTS } from '../../counter/ranking.ts';
import {
  COUNTERS_AT_ONCE,
  Counter,
  json,
  NAME_LENGTH_MAX,
  PROBLEMS,
  SECURITY,
  TOKENS,
  total,
} from './schemas.ts';

/** The most days of which a list has the visits. */
const DAYS_MAX = 90;
/** A number of at most 16 digits, its sign, and a colon before the name. */
const CURSOR_LENGTH_MAX = NAME_LENGTH_MAX + 18;

const visits = total.openapi({ example: 12 });
const Listed = Counter.extend({
  today: visits
    .optional()
    .openapi({ description: 'Its visits today (UTC), with days or sort=today.' }),
  days: z.array(visits).optional().openapi({
    description: 'Its visits on each of the last days (UTC); the last one is today.',
  }),
}).openapi('ListedCounter');

const names = {
  search: z
    .string()
    .max(NAME_LENGTH_MAX)
    .default('')
    .openapi({ description: 'A part of the name, in the same case.' }),
  prefix: z
    .string()
    .max(NAME_LENGTH_MAX)
    .default('')
    .openapi({ description: 'The beginning of the name.' }),
};

const list = createRoute({
  method: 'get',
  path: '/api/v1/counters',
  summary: 'List counters',
  description:
    'In byte order of their names, or sorted by totals, visits of today or times of creation. Needs the installation’s token.',
  security: SECURITY,
  request: {
    query: z.strictObject({
      ...names,
      sort: z.enum(SORTS).default('name'),
      order: z
        .enum(['asc', 'desc'])
        .optional()
        .openapi({ description: 'By default asc for names, and desc otherwise.' }),
      days: z.coerce.number().int().min(0).max(DAYS_MAX).default(0).openapi({
        description: 'The number of last days (UTC) whose visits each counter gets.',
      }),
      after: z
        .string()
        .max(CURSOR_LENGTH_MAX)
        .default('')
        .openapi({ description: '`next` of the previous page.' }),
      limit: z.coerce.number().int().min(1).max(COUNTERS_AT_ONCE).default(COUNTERS_AT_ONCE),
    }),
  },
  responses: {
    200: json(
      'A page. Without `next` it is the last one.',
      z
        .object({
          counters: z.array(Listed),
          size: z.int().openapi({ minimum: 0, description: 'The number of all counters.' }),
          next: z.string().optional(),
        })
        .openapi('Page'),
    ),
    ...TOKENS,
    ...PROBLEMS,
  },
});

const removeMany = createRoute({
  method: 'delete',
  path: '/api/v1/counters',
  summary: 'Delete many counters',
  description:
    'Deletes counters whose names begin with a text, at most 100 in one request, and never the default counter. Repeat it while there are more. Needs the installation’s token.',
  security: SECURITY,
  request: {
    query: z.strictObject({
      prefix: z.string().min(1).max(NAME_LENGTH_MAX).openapi({ example: 'my-site/' }),
    }),
  },
  responses: {
    200: json(
      'Some are deleted.',
      z
        .object({
          deleted: z.int().openapi({ minimum: 0, description: 'How many.' }),
          more: z.boolean().openapi({ description: 'Whether others are left.' }),
        })
        .openapi('Deleted'),
    ),
    ...TOKENS,
    ...PROBLEMS,
  },
});

/** The routes of all counters. */
export const listRoutes = { list, removeMany };
