/**
 * The native API, `/api/v1`, and its description; errors are problem documents (RFC 9457).
 *
 * Not here: the routes' handlers (`counters.ts`, `list.ts`, `past.ts`, `stack.ts`),
 * the schemas of requests (`routes.ts`), and permissions (`http/visit/owners.ts`).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '../../counter/errors.ts';
import type { AppContext, Common, Env, Surface } from '../context.ts';
import { wholeBody } from '../request/reading.ts';
import { type ArchiveOptions, IMPORT_PATH, serveArchive } from './archive.ts';
import { serveCollection, serveCounter, serveOwner } from './counters.ts';
import { serveList } from './list.ts';
import { API_DESCRIPTION, type ApiOptions, nameIn } from './options.ts';
import { servePast } from './past.ts';
import { HEADERS } from './schemas.ts';
import { serveStack } from './stack.ts';

/** The surface of the API and its description. */
export function createApi(options: ApiOptions & ArchiveOptions): Surface {
  return ({ headers, checked, admit, bodyMs }) => {
    const api = new OpenAPIHono<Env>({ defaultHook: refuseInvalid });
    api.use('/api/*', async (c, next) => {
      await admit(c);
      if (c.req.path !== IMPORT_PATH) await wholeBody(c, bodyMs);
      for (const [name, value] of headers) c.header(name, value);
      await next();
    });
    serve(api, options);
    serveArchive(api, headers, options);
    serveDescription(api, options.version, headers, checked);
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

/** Serves the description. It is built on the first request for it, which takes 6 ms. */
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

/** Fails with `request-invalid`, which names the first mistake and its place. */
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
  // For an invalid name, this fails with the rules of names.
  if (result.target === 'param') nameIn(c);
  const [issue] = result.error.issues;
  const where = [result.target === 'json' ? 'body' : result.target, ...(issue?.path ?? [])].join(
    '.',
  );
  throw new AppError('request-invalid', `${where}: ${issue?.message}. See /openapi.json.`);
}
