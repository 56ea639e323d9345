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
    'is no time as 2026, 2026-11, 2026-11-22 or 2026-11-22T13',
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
          .openapi({ description: 'Of days, in UTC, and of months.' }),
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
        'Visitors of all days, added up: who comes on two days is two, because nobody is known from one day to the next.',
    }),
    error: z
      .number()
      .openapi({ description: 'The standard error of a day’s visitors, as a part of them.' }),
    visits: z.object(kinds).openapi({
      description: 'What people, programs, image proxies and bots have added, since it is noted.',
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
        'The earliest first, without periods in which nothing happened. Hours are kept for 35 days, days of UTC for ever: older days are those of UTC in every zone. A private counter’s needs its owner’s token, or the installation’s.',
      security: [{}, ...SECURITY],
      request: {
        params,
        query: z.strictObject({
          by: z.enum(['hour', 'day', 'month']).default('day'),
          zone: z
            .string()
            .refine(isZone, 'is no time zone as in Europe/Berlin')
            .default('UTC')
            .openapi({ description: 'A time zone of the IANA database.' }),
          from: bound.openapi({
            description: 'The first period, or a part of its name: 2026, 2026-11.',
          }),
          to: bound.openapi({ description: 'The last period, or a part of its name.' }),
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
      summary: 'Visitors, and what was counted as what',
      description: 'A private counter’s need its owner’s token, or the installation’s.',
      security: [{}, ...SECURITY],
      request: { params },
      responses: { 200: json('The visitors.', Visitors), ...TOKENS, ...PROBLEMS },
    }),
  };
}

export const pastRoutes = {
  ofCounter: routesOf('/api/v1/counters/{namespace}/{key}', counter),
  ofDefault: routesOf('/api/v1/default', z.object({})),
};
