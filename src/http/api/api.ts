/**
 * The native API, `/api/v1`: counters made, hit, read, set, listed and deleted; errors are problem
 * documents (RFC 9457).
 *
 * Not here: what a request may hold (`routes.ts`), and who may ask for it
 * (`http/visit/owners.ts`).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { type Description, RULES } from '../../contract/registry.ts';
import { AppError, counterMissing, countersFull } from '../../counter/errors.ts';
import type { AppContext, Common, Env, Surface } from '../context.ts';
import { wholeBody } from '../request/body.ts';
import { issueToken } from '../visit/owners.ts';
import { API_DESCRIPTION, type ApiOptions, foundBy, nameIn, readableBy } from './options.ts';
import { servePast } from './past.ts';
import { routes } from './routes.ts';
import { HEADERS } from './schemas.ts';
import { serveStack } from './stack.ts';

/** The surface of the API, and of its description. */
export function createApi(options: ApiOptions): Surface {
  return ({ headers, checked, admit, bodyMs }) => {
    const api = new OpenAPIHono<Env>({ defaultHook: refuseInvalid });
    api.use('/api/*', async (c, next) => {
      await admit(c);
      await wholeBody(c, bodyMs);
      for (const [name, value] of headers) c.header(name, value);
      await next();
    });
    serve(api, options);
    serveDescription(api, options.version, headers, checked);
    return api;
  };
}

function serve(api: OpenAPIHono<Env>, options: ApiOptions): void {
  serveCollection(api, options);
  serveCounter(api, options);
  servePast(api, options);
  if (options.stack) serveStack(api, options.stack);
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
  });
  for (const [name, header] of Object.entries(HEADERS))
    api.openAPIRegistry.registerComponent('headers', name, header);
}

/** The description, which is made once, at its first need: making it takes 6 ms. */
function serveDescription(
  api: OpenAPIHono<Env>,
  version: string,
  headers: Headers,
  checked: Common['checked'],
): void {
  let made: string | undefined;
  const make = () =>
    JSON.stringify(
      api.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Seen',
          version,
          description: 'A visit counter that is right.',
          license: { name: 'MIT' },
        },
        servers: [{ url: '/' }],
      }),
    );
  const ready = new Headers(headers);
  ready.set('Content-Type', 'application/json');
  const describe = () => {
    made ??= make();
    return new Response(made, { headers: ready });
  };
  api.get(API_DESCRIPTION, checked(describe));
}

/** All counters: made, listed, many read at once. */
function serveCollection(
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
          `There is a counter ${name} already. Choose another name.`,
        );
      case 'counters-full':
        throw countersFull();
      case 'created':
        return c.json({ ...shown({ counter: name, total: value, madeAt, rules }), token }, 201, {
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

/**
 * Whether a hit is made by the counter's owner. Fails as `requireOwner` does when others may not
 * make such a hit.
 */
async function isOwnersHit(
  c: AppContext,
  { registry, owners }: ApiOptions,
  amount: number,
  visitor: string | undefined,
): Promise<boolean> {
  const ofEverybody = amount === 1 && visitor === undefined;
  // Such a hit makes a counter that is not there.
  const description = ofEverybody
    ? await registry.describe(nameIn(c))
    : await foundBy(c, registry);
  if (!description) return false;
  const { lowest, highest } = description.rules;
  const { headers } = c.req.raw;
  const within = amount === 1 || (amount >= lowest && amount <= highest);
  if (!within || visitor !== undefined) owners.requireOwner(headers, description);
  return owners.isOwner(headers, description);
}

/** One counter: read, hit, set, deleted. */
function serveCounter(api: OpenAPIHono<Env>, options: ApiOptions): void {
  const { count, registry, owners } = options;
  for (const { read, hit, set, remove } of [routes.ofCounter, routes.ofDefault]) {
    api.openapi(read, async (c) => c.json(shown(await readableBy(c, options)), 200));

    api.openapi(hit, async (c) => {
      const name = nameIn(c);
      // Without a body nothing was validated.
      const body = c.req.valid('json') as
        | Partial<ReturnType<typeof c.req.valid<'json'>>>
        | undefined;
      const { amount = 1, visitor } = body ?? {};
      // Who adds 1 without a token asks the store once.
      const plain =
        amount === 1 && visitor === undefined && !c.req.raw.headers.has('Authorization');
      const reveal = !plain && (await isOwnersHit(c, options, amount, visitor));
      return c.json({ name, value: await count(c, name, { amount, reveal, visitor }) }, 200);
    });

    api.openapi(set, async (c) => {
      const description = await foundBy(c, registry);
      const { value, private: hidden, window } = c.req.valid('json');
      const { counter, rules } = description;
      const ruled = hidden !== undefined || window !== undefined;
      const condition =
        ruled || !rules.settable
          ? owners.requireOwner(c.req.raw.headers, description)
          : { settable: true };
      const changes = {
        total: value,
        rules: ruled
          ? { private: hidden, windowMs: window === undefined ? undefined : window * 1000 }
          : undefined,
      };
      const changed = await registry.change(counter, changes, condition);
      if (changed === 'missing') throw counterMissing(counter);
      if (changed === 'differs') throw becameAnother(counter);
      return c.json(shown(changed), 200);
    });

    api.openapi(remove, async (c) => {
      const description = await foundBy(c, registry);
      const condition = owners.requireOwner(c.req.raw.headers, description);
      const [outcome] = await registry.delete([description.counter], condition);
      if (outcome === 'differs') throw becameAnother(description.counter);
      return c.body(null, 204);
    });
  }
}

/** The error of a counter that is not the one any more whose owner was asked for. */
function becameAnother(counter: string): AppError {
  return new AppError(
    'token-refused',
    `${counter} was deleted and made anew, or got another owner, while this was asked. Nothing was changed.`,
  );
}

function shown({ counter, total, madeAt, rules }: Omit<Description, 'owner'>) {
  return {
    name: counter,
    value: total,
    created: madeAt === undefined ? null : new Date(madeAt).toISOString(),
    private: rules.private,
    window: rules.windowMs / 1000,
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
  c: AppContext,
): undefined {
  if (result.success) return;
  // Says what a name is.
  if (result.target === 'param') nameIn(c);
  const [issue] = result.error.issues;
  const where = [result.target === 'json' ? 'body' : result.target, ...(issue?.path ?? [])].join(
    '.',
  );
  throw new AppError('request-invalid', `${where}: ${issue?.message}. See /openapi.json.`);
}
