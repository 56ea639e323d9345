/** Requests and responses of the native API for a counter's history. */
import { createRoute, z } from '@hono/zod-openapi';
import { isZone } from '../../counter/periods.ts';
import { counter, json, LIMITS, name, PROBLEMS, SECURITY, TOKENS, total } from './schemas.ts';

const time = z.string().openapi({
  description:
    'When the period began in the zone: 2026-11-22T13 for an hour, 2026-11-22, 2026-11.',
  example: '2026-11-22',
});
const bound = z
  .string()
  .regex(
    /^(\d{4}(-\d{2}(-\d{2}(T\d{2})?)?)?)?$/,
    'is not a time, such as 2026, 2026-11, 2026-11-22 or 2026-11-22T13',
  )
  .default('');
const kinds = { person: total, program: total, proxy: total, bot: total };
const visitorCount = z.int().openapi({ minimum: 0, example: 12 });

const History = z
  .object({
    name,
    by: z.enum(['hour', 'day', 'month']),
    zone: z.string(),
    periods: z.array(
      z.object({
        time,
        ...kinds,
        visitors: visitorCount
          .optional()
          .openapi({ description: 'Only for days (in UTC) and months.' }),
      }),
    ),
  })
  .openapi('History');

const Visitors = z
  .object({
    name,
    today: visitorCount.openapi({ description: 'Visitors of this day, in UTC.' }),
    total: visitorCount.openapi({
      description:
        'The sum of the visitors of all days. Somebody who comes on two days counts twice, because nobody is recognised on another day.',
    }),
    error: z
      .number()
      .openapi({ description: 'The relative standard error of the visitors of a day.' }),
    visits: z.object(kinds).openapi({
      description:
        'The amounts that people, programs, image proxies and bots have added, since they are recorded.',
    }),
  })
  .openapi('Visitors');

function routesOf<P extends z.ZodObject>(path: string, params: P) {
  return {
    history: createRoute({
      method: 'get',
      path: `${path}/history`,
      summary: 'Visits by hour, day or month',
      description:
        'The earliest period first, without empty periods. Hours are kept for 35 days, and UTC days forever: older days are UTC days in every zone. A private counter needs its owner’s token, or the installation’s.',
      security: [{}, ...SECURITY],
      request: {
        params,
        query: z.strictObject({
          by: z.enum(['hour', 'day', 'month']).default('day'),
          zone: z
            .string()
            .refine(isZone, 'is not a time zone, such as Europe/Berlin')
            .default('UTC')
            .openapi({ description: 'A time zone of the IANA database.' }),
          from: bound.openapi({
            description:
              'The first period: a time in it (2026-11-22T13 also for its day or month), or the beginning of its name (2026, 2026-11).',
          }),
          to: bound.openapi({ description: 'The last period, given in the same way.' }),
          format: z.enum(['json', 'csv']).default('json'),
        }),
      },
      responses: {
        200: {
          description: 'The periods.',
          headers: LIMITS,
          content: {
            'application/json': { schema: History },
            'text/csv; charset=utf-8': { schema: z.string() },
          },
        },
        ...TOKENS,
        ...PROBLEMS,
      },
    }),
    visitors: createRoute({
      method: 'get',
      path: `${path}/visitors`,
      summary: 'Visitors, and visits by kind',
      description: 'A private counter needs its owner’s token, or the installation’s.',
      security: [{}, ...SECURITY],
      request: { params },
      responses: { 200: json('The visitors.', Visitors), ...TOKENS, ...PROBLEMS },
    }),
  };
}

/** The routes of a named counter and of the default counter. */
export const pastRoutes = {
  ofCounter: routesOf('/api/v1/counters/{namespace}/{key}', counter),
  ofDefault: routesOf('/api/v1/default', z.object({})),
};
