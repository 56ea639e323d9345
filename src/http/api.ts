/**
 * The native API, `/api/v1`: counters made, hit, read, set, listed and deleted; errors are problem documents (RFC 9457).
 *
 * Not here: what a request may hold (`api-routes.ts`), and who may ask for it (`owners.ts`).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { AppError } from '../counter/errors.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { type Description, RULES } from '../counter/registry.ts';
import { API_DESCRIPTION, type ApiOptions, missing, nameIn } from './api-options.ts';
import { routes } from './api-routes.ts';
import { HEADERS } from './api-schemas.ts';
import type { Peer } from './app.ts';
import { issueToken } from './owners.ts';
import { servePast } from './past.ts';

type Bindings = { Bindings: Peer };

/** The API as an app of its own. Its handlers throw; whoever calls it turns errors into answers. */
export function createApi(options: ApiOptions): OpenAPIHono<Bindings> {
  const api = new OpenAPIHono<Bindings>({ defaultHook: refuseInvalid });
  api.onError((error) => {
    throw error instanceof HTTPException
      ? new AppError('request-invalid', `${error.message}. Send JSON, as /openapi.json says.`, {
          cause: error,
        })
      : error;
  });

  serveCollection(api, options);
  serveCounter(api, options);
  servePast(api, options);
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const [name, header] of Object.entries(HEADERS))
    api.openAPIRegistry.registerComponent('headers', name, header);
  api.doc31(API_DESCRIPTION, {
    openapi: '3.1.0',
    info: {
      title: 'Seen',
      version: options.version,
      description: 'A visit counter that is right.',
      license: { name: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
  return api;
}

/** All counters: made, listed, many read at once. */
function serveCollection(
  api: OpenAPIHono<Bindings>,
  { counter, registry, owners, mayMake, closed, now }: ApiOptions,
): void {
  api.openapi(routes.make, async (c) => {
    const { name, value } = c.req.valid('json');
    if (closed) owners.requireInstallation(c.req.raw.headers);
    if (mayMake) await mayMake(c, name);
    const { token, owner } = issueToken();
    const madeAt = now();
    switch (await registry.make(name, { total: value, madeAt, owner })) {
      case 'exists':
        throw new AppError('counter-exists', `There is a counter ${name} already. Choose another name.`);
      case 'counters-full':
        throw new AppError('counters-full', 'This Seen has as many counters as it may. Ask who runs it.');
      case 'made':
        return c.json({ ...shown({ counter: name, total: value, madeAt }), token }, 201, {
          Location: `/api/v1/counters/${name}`,
        });
    }
  });

  api.openapi(routes.list, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const { counters, next } = await registry.list(c.req.valid('query'));
    return c.json({ counters: counters.map(shown), ...(next === undefined ? {} : { next }) }, 200);
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

/** One counter: read, hit, set, deleted. */
function serveCounter(api: OpenAPIHono<Bindings>, options: ApiOptions): void {
  const { count, registry, owners } = options;
  async function found(c: Context): Promise<Description> {
    const name = nameIn(c);
    const description = await registry.describe(name);
    if (description) return description;
    // The default counter is always there: it stands at nothing before its first hit.
    if (name === DEFAULT_COUNTER)
      return { counter: name, total: 0, madeAt: undefined, owner: undefined, rules: RULES };
    throw missing(name);
  }

  for (const { read, hit, set, remove } of [routes.ofCounter, routes.ofDefault]) {
    api.openapi(read, async (c) => c.json(shown(await found(c)), 200));

    api.openapi(hit, async (c) => {
      const name = nameIn(c);
      // Without a body nothing was validated.
      const body = c.req.valid('json') as Partial<ReturnType<typeof c.req.valid<'json'>>> | undefined;
      const amount = body?.amount ?? 1;
      if (amount !== 1) {
        const description = await found(c);
        const { lowest, highest } = description.rules;
        if (amount < lowest || amount > highest) owners.requireOwner(c.req.raw.headers, description);
      }
      return c.json({ name, value: await count(c, name, { amount }) }, 200);
    });

    api.openapi(set, async (c) => {
      const description = await found(c);
      if (!description.rules.settable) owners.requireOwner(c.req.raw.headers, description);
      const { value } = c.req.valid('json');
      if (!(await registry.set(description.counter, value))) throw missing(description.counter);
      return c.json({ name: description.counter, value }, 200);
    });

    api.openapi(remove, async (c) => {
      const description = await found(c);
      owners.requireOwner(c.req.raw.headers, description);
      await registry.delete(description.counter);
      return c.body(null, 204);
    });
  }
}

function shown({ counter, total, madeAt }: Pick<Description, 'counter' | 'total' | 'madeAt'>) {
  return {
    name: counter,
    value: total,
    created: madeAt === undefined ? null : new Date(madeAt).toISOString(),
  };
}

/** What was wrong first, and where. */
function refuseInvalid(
  result:
    | { success: true }
    | {
        success: false;
        target: string;
        error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] };
      },
  c: Context,
): undefined {
  if (result.success) return;
  // Says what a name is.
  if (result.target === 'param') nameIn(c);
  const [issue] = result.error.issues;
  const where = [result.target === 'json' ? 'body' : result.target, ...(issue?.path ?? [])].join('.');
  throw new AppError('request-invalid', `${where}: ${issue?.message}. See /openapi.json.`);
}
