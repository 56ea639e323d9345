/**
 * counterapi.dev under `/counterapi`: the calls of versions 1 and 2 of its API, as in
 * `/v1/NAMESPACE/NAME/up`.
 *
 * Its calls are GET requests, also those that set. A slash at the end of a path is optional. Not
 * here: the calls (`calls.ts`), their bodies (`bodies.ts`, `past.ts`), and how a counter is named
 * (`services/counterapi.ts`).
 */
import { Hono } from 'hono';
import { AppError } from '../../../counter/errors.ts';
import { counterapiCounter } from '../../../services/counterapi.ts';
import type { AppContext, AppHandler, Env, Surface } from '../../context.ts';
import { refusePrefetch } from '../../visit/counting.ts';
import { redirect, respond, wholeNumber } from '../shared.ts';
import {
  MISSING_V2,
  mistakeV1,
  OPERATIONAL,
  type Reply,
  replyV1,
  replyV2,
  resetReply,
  statsReply,
} from './bodies.ts';
import { type Call, type CounterapiOptions, down, get, getPast, set, up } from './calls.ts';
import { GROUPS, type Group, listBy } from './past.ts';

const PREFIX = '/counterapi';

/** A call: its route and its handler. */
interface Operation {
  /** The path after the counter, with a slash in front; empty for reading. */
  readonly path: string;
  /** Whether it writes. Such a call is refused for prefetches, and HEAD only reads. */
  readonly writes: boolean;
  readonly reply: (call: Call) => Promise<Reply>;
}

/** The surface of counterapi.dev. */
export function createCounterapi(options: CounterapiOptions): Surface {
  return ({ headers, checked, admitted }) => {
    const app = new Hono<Env>();
    const serve = ({ writes, reply }: Operation): AppHandler => {
      return async (c) => {
        const call = callOf(c, options);
        if (writes) refusePrefetch(call.headers);
        c.env.isLengthUnknown = writes;
        return respond(await reply(call), headers);
      };
    };
    for (const path of ['/v1', '/v1/', '/health', '/health/'])
      app.get(
        `${PREFIX}${path}`,
        checked(() => respond(OPERATIONAL, headers)),
      );
    for (const [version, operations] of [
      ['v1', [...ofBothVersions(replyV1, options), ...ofVersion1(options)]],
      ['v2', [...ofBothVersions(replyV2, options), ...ofVersion2(options)]],
    ] as const)
      for (const operation of operations)
        app.on(
          // Some pages send POST to version 2.
          operation.writes && version === 'v2' ? ['GET', 'POST'] : ['GET'],
          `${PREFIX}/${version}/:ns/:key${operation.path}`,
          admitted(serve(operation)),
        );
    app.get(
      `${PREFIX}/*`,
      checked((c) => withoutSlash(c, headers)),
    );
    return app;
  };
}

/** The calls that both versions have; `replyOf` writes the reply of one of them. */
function ofBothVersions(replyOf: typeof replyV1, options: CounterapiOptions): Operation[] {
  const show = (work: typeof get) => async (call: Call) =>
    replyOf(call.named, await work(call, options), options.now());
  return [
    { path: '', writes: false, reply: show(get) },
    { path: '/', writes: false, reply: show(get) },
    { path: '/up', writes: true, reply: show(up) },
    { path: '/down', writes: true, reply: show(down) },
  ];
}

function ofVersion1(options: CounterapiOptions): Operation[] {
  return [
    { path: '/list', writes: false, reply: (call) => list(call, options) },
    { path: '/set', writes: true, reply: (call) => setV1(call, options) },
  ];
}

function ofVersion2(options: CounterapiOptions): Operation[] {
  const reset = async (call: Call) =>
    resetReply(call.named, await set(call, 0, options), options.now());
  return [
    { path: '/stats', writes: false, reply: (call) => stats(call, options) },
    { path: '/reset', writes: true, reply: reset },
  ];
}

async function setV1(call: Call, options: CounterapiOptions): Promise<Reply> {
  const total = wholeNumber(call.query.get('count') ?? '');
  if (total === undefined || total < 1)
    return mistakeV1('count must be a whole number from 1 on, as in set?count=10');
  return replyV1(call.named, await set(call, total, options), options.now());
}

async function list(call: Call, options: CounterapiOptions): Promise<Reply> {
  const wanted = call.query.get('group_by') ?? 'day';
  const group: Group | undefined = GROUPS.find((name) => name === wanted);
  if (!group) return mistakeV1(`group_by must be one of ${GROUPS.join(', ')}`);
  const latestFirst = call.query.get('order_by')?.toLowerCase() === 'desc';
  const found = await getPast(call, options);
  return { status: 200, body: found ? listBy(found.past, group, latestFirst) : [] };
}

async function stats(call: Call, options: CounterapiOptions): Promise<Reply> {
  const found = await getPast(call, options);
  return found ? statsReply(call.named, found.shown, found.past, options.now()) : MISSING_V2;
}

/** Parses a request. Fails with `route-missing` when its path names no counter. */
function callOf(c: AppContext, { count }: CounterapiOptions): Call {
  const namespace = c.req.param('ns') ?? '';
  const key = c.req.param('key') ?? '';
  const name = counterapiCounter(namespace, key);
  if (name === undefined) throw routeMissing();
  return {
    named: { namespace, key, name },
    query: new URL(c.req.url).searchParams,
    headers: c.req.raw.headers,
    isHead: c.env.isHead,
    count: (visit) => count(c, name, visit),
  };
}

/** Redirects from a call with a slash at its end. Fails with `route-missing` on other paths. */
function withoutSlash(c: AppContext, headers: Headers): Response {
  // The path is read here as it was sent, because the client reads it again.
  const { pathname, search } = new URL(c.req.url);
  const [, to] = /^((?:\/counterapi)?\/v[12]\/[^/]+\/[^/]+\/[a-z]+)\/$/.exec(pathname) ?? [];
  if (to === undefined) throw routeMissing();
  return redirect(`${to}${search}`, 301, headers);
}

function routeMissing(): AppError {
  return new AppError(
    'route-missing',
    'page not found. Nothing was counted. Use v1/NAMESPACE/NAME with up, down, set or list behind it, or v2/WORKSPACE/NAME with up, down, reset or stats.',
  );
}
