/** The routes of the native API for all counters: create one, list them, read many at once. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { RULES } from '../../contract/registry.ts';
import { AppError, countersFull } from '../../counter/errors.ts';
import type { Env } from '../context.ts';
import { issueToken } from '../visit/owners.ts';
import { type ApiOptions, counterJson } from './options.ts';
import { routes } from './routes.ts';

/** Adds the routes to the API. */
export function serveCollection(
  api: OpenAPIHono<Env>,
  { counter, registry, owners, mayMake, closed, now }: ApiOptions,
): void {
  api.openapi(routes.make, async (c) => {
    const { name, value, private: hidden, window } = c.req.valid('json');
    if (closed) owners.requireInstallation(c.req.raw.headers);
    if (mayMake) await mayMake(c, name);
    const { token, owner } = issueToken();
    const madeAt = now();
    const rules = { ...RULES, private: hidden, windowMs: window * 1000 };
    switch (await registry.create(name, { total: value, madeAt, owner, rules })) {
      case 'exists':
        throw new AppError(
          'counter-exists',
          `The counter ${name} exists already. Choose another name.`,
        );
      case 'counters-full':
        throw countersFull();
      case 'created':
        return c.json(
          { ...counterJson({ counter: name, total: value, madeAt, rules }), token },
          201,
          {
            Location: `/api/v1/counters/${name}`,
          },
        );
    }
  });

  api.openapi(routes.list, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const { counters, next } = await registry.list(c.req.valid('query'));
    return c.json(
      { counters: counters.map(counterJson), ...(next === undefined ? {} : { next }) },
      200,
    );
  });

  api.openapi(routes.values, async (c) => {
    const { names } = c.req.valid('query');
    const totals = await counter.read(names);
    return c.json(
      { values: Object.fromEntries(names.map((name, index) => [name, totals[index] ?? null])) },
      200,
    );
  });
}
