/**
 * The routes of the native API for counters: create one, read many at once; and read, hit, set or
 * delete one, or replace its token. Not here: lists, and deleting many (`list.ts`).
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { RULES } from '../../contract/registry.ts';
import { AppError, counterMissing, countersFull } from '../../counter/errors.ts';
import { changedLabel } from '../../counter/label.ts';
import type { AppContext, Env } from '../context.ts';
import { issueToken } from '../visit/owners.ts';
import {
  type ApiOptions,
  counterJson,
  nameIn,
  readableCounter,
  requestedCounter,
} from './options.ts';
import { routes } from './routes.ts';

/** Adds the routes that create a counter, and read many at once. */
export function serveCollection(
  api: OpenAPIHono<Env>,
  { counter, registry, owners, mayCreate, closed, now }: ApiOptions,
): void {
  api.openapi(routes.make, async (c) => {
    const { name, value, private: hidden, window, ...given } = c.req.valid('json');
    if (closed) owners.requireInstallation(c.req.raw.headers);
    await mayCreate(c, name);
    const { token, owner } = issueToken(name);
    const madeAt = now();
    const rules = { ...RULES, private: hidden, windowMs: window * 1000 };
    const label = changedLabel({}, given);
    switch (await registry.create(name, { total: value, madeAt, owner, rules, ...label })) {
      case 'exists':
        throw new AppError(
          'counter-exists',
          `The counter ${name} exists already. Choose another name.`,
        );
      case 'counters-full':
        throw countersFull();
      case 'created':
        return c.json(
          { ...counterJson({ counter: name, total: value, madeAt, rules, ...label }), token },
          201,
          {
            Location: `/api/v1/counters/${name}`,
          },
        );
    }
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
 * Whether the counter's owner makes this hit. Fails as `requireOwner` does when only the owner may
 * make it.
 */
async function isOwnersHit(
  c: AppContext,
  { registry, owners }: ApiOptions,
  amount: number,
  visitor: string | undefined,
): Promise<boolean> {
  const isPlain = amount === 1 && visitor === undefined;
  // A plain hit creates its counter when it is missing.
  const description = isPlain
    ? await registry.describe(nameIn(c))
    : await requestedCounter(c, registry);
  if (!description) return false;
  const { lowest, highest } = description.rules;
  const { headers } = c.req.raw;
  const within = amount === 1 || (amount >= lowest && amount <= highest);
  if (!within || visitor !== undefined) owners.requireOwner(headers, description);
  return owners.isOwner(headers, description);
}

/** Adds the routes that read or hit one counter. */
export function serveCounter(api: OpenAPIHono<Env>, options: ApiOptions): void {
  const { count } = options;
  for (const { read, hit } of [routes.ofCounter, routes.ofDefault]) {
    api.openapi(read, async (c) => c.json(counterJson(await readableCounter(c, options)), 200));

    api.openapi(hit, async (c) => {
      const name = nameIn(c);
      // Without a body, nothing was validated.
      const body = c.req.valid('json') as
        | Partial<ReturnType<typeof c.req.valid<'json'>>>
        | undefined;
      const { amount = 1, visitor } = body ?? {};
      // A hit of 1 without a token needs only one call of the store.
      const plain =
        amount === 1 && visitor === undefined && !c.req.raw.headers.has('Authorization');
      const reveal = !plain && (await isOwnersHit(c, options, amount, visitor));
      return c.json({ name, value: await count(c, name, { amount, reveal, visitor }) }, 200);
    });
  }
}

/** Adds the routes that set or delete one counter, or give it a new token. */
export function serveOwner(api: OpenAPIHono<Env>, { registry, owners }: ApiOptions): void {
  const change = async (...args: Parameters<typeof registry.change>) => {
    const changed = await registry.change(...args);
    if (changed === 'missing') throw counterMissing(args[0]);
    if (changed === 'differs') throw becameAnother(args[0]);
    return changed;
  };
  for (const { set, token: replace, remove } of [routes.ofCounter, routes.ofDefault]) {
    api.openapi(set, async (c) => {
      const description = await requestedCounter(c, registry);
      const { value, private: hidden, window, title, link } = c.req.valid('json');
      const { counter, rules } = description;
      const changesRules = hidden !== undefined || window !== undefined;
      const ownersOnly = changesRules || title !== undefined || link !== undefined;
      // The response shows all of a counter, so everybody may set only a public one.
      const condition =
        ownersOnly || rules.private || !rules.settable
          ? owners.requireOwner(c.req.raw.headers, description)
          : { settable: true };
      const changes = {
        total: value,
        rules: changesRules
          ? { private: hidden, windowMs: window === undefined ? undefined : window * 1000 }
          : undefined,
        title,
        link,
      };
      return c.json(counterJson(await change(counter, changes, condition)), 200);
    });

    api.openapi(replace, async (c) => {
      const description = await requestedCounter(c, registry);
      const condition = owners.requireOwner(c.req.raw.headers, description);
      const { token, owner } = issueToken(description.counter);
      await change(description.counter, { owner }, condition);
      return c.json({ name: description.counter, token }, 200);
    });

    api.openapi(remove, async (c) => {
      const description = await requestedCounter(c, registry);
      const condition = owners.requireOwner(c.req.raw.headers, description);
      const [outcome] = await registry.delete([description.counter], condition);
      if (outcome === 'differs') throw becameAnother(description.counter);
      return c.body(null, 204);
    });
  }
}

/** The error for a counter that has changed owners during the request. */
function becameAnother(counter: string): AppError {
  return new AppError(
    'token-refused',
    `${counter} was deleted and created again, or got another owner, during this request. Nothing was changed.`,
  );
}
