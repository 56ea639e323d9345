/**
 * The native API, `/api/v1`, and its description; errors are problem documents (RFC 9457).
 *
 * Not here: the routes' handlers (`counters.ts`, `list.ts`, `past.ts`, `stack.ts`), the schemas of
 * requests (`routes.ts`), the description as a page (`reference.ts`), and permissions
 * (`http/visit/owners.ts`).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext, Env, Surface } from '../context.ts';
import { wholeBody } from '../request/reading.ts';
import { type ArchiveOptions, IMPORT_PATH, serveArchive } from './archive.ts';
import { serveCollection, serveCounter, serveOwner } from './counters.ts';
import { serveList } from './list.ts';
import {
  API_DESCRIPTION,
  type ApiOptions,
  type Issue,
  nameIn,
  requestInvalid,
} from './options.ts';
import { servePast } from './past.ts';
import { API_REFERENCE, createReference } from './reference.ts';
import { HEADERS } from './schemas.ts';
import { serveStack } from './stack.ts';

/** The surface of the API and its description. */
export function createApi(options: ApiOptions & ArchiveOptions): Surface {
  return ({ headers, checked, admit }) => {
    const api = new OpenAPIHono<Env>({ defaultHook: refuseInvalid });
    const describe = createDescription(api, options.version);
    // Before the middleware, whose path includes this one: it uses no store, so no limit applies.
    api.get(API_REFERENCE, checked(createReference(describe, headers)));
    api.use('/api/*', async (c, next) => {
      await admit(c);
      if (c.req.path !== IMPORT_PATH) await wholeBody(c);
      for (const [name, value] of headers) c.header(name, value);
      await next();
    });
    serve(api, options);
    serveArchive(api, headers, options);
    const ready = new Headers(headers);
    ready.set('Content-Type', 'application/json');
    api.get(
      API_DESCRIPTION,
      checked(() => new Response(describe(), { headers: ready })),
    );
    return api;
  };
}

function serve(api: OpenAPIHono<Env>, options: ApiOptions): void {
  serveCollection(api, options);
  serveList(api, options);
  serveCounter(api, options);
  serveOwner(api, options);
  servePast(api, options);
  if (options.stack) serveStack(api, options.stack);
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
  });
  for (const [name, header] of Object.entries(HEADERS))
    api.openAPIRegistry.registerComponent('headers', name, header);
}

/**
 * Returns a function that returns the description of all routes as JSON. It is built on the first
 * call, which takes 6 ms.
 */
function createDescription(api: OpenAPIHono<Env>, version: string): () => string {
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
  return () => {
    made ??= make();
    return made;
  };
}

/** Fails with `request-invalid`, which names the first mistake and its place. */
function refuseInvalid(
  result:
    | { success: true }
    | { success: false; target: string; error: { issues: readonly Issue[] } },
  c: AppContext,
): undefined {
  if (result.success) return;
  // For an invalid name, this fails with the rules of names.
  if (result.target === 'param') nameIn(c);
  throw requestInvalid(result.target === 'json' ? 'body' : result.target, result.error.issues);
}
