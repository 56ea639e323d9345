/**
 * The calls of Abacus that anybody may make, and its stream of a counter’s total. Not here: the
 * calls of a counter’s owner (`owner-calls.ts`), routes (`abacus.ts`), reading requests
 * (`request.ts`), and opening and ending streams (`http/live/event-stream.ts`).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Registry } from '../../../contract/registry.ts';
import { AppError, countersFull, isAppError } from '../../../counter/errors.ts';
import type { HitCounter } from '../../../counter/sharded-counter.ts';
import type { Watch } from '../../../counter/watch.ts';
import type { AppContext } from '../../context.ts';
import { type EventStreams, streamHeaders } from '../../live/event-stream.ts';
import { headOnly } from '../../request/methods.ts';
import { issued, type Owners } from '../../visit/owners.ts';
import { CLOSED, createFor, type NamedCounter, wholeNumber } from '../shared.ts';
import { durationText, type Reply } from './answer.ts';
import { type Call, isName, namedIn, requireName, tokenIn } from './request.ts';

export interface AbacusParts {
  readonly counter: HitCounter;
  readonly registry: Registry;
  readonly owners: Owners;
  /** Whether only the installation's owner may create counters. These calls then create none. */
  readonly closed: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Six months as Abacus counts them. Counters of Seen never expire, so every response has the value
 * that Abacus gives right after a hit.
 */
const TTL_SECONDS = 14_515_200;
const GET_FAILED = 'Failed to get data. Try again later.';
const MISSING: Reply = { status: 404, body: { error: 'Key not found' } };

/** Awaits work of the store. When the store fails, the error has the message `words`. */
export async function withMessage<T>(words: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isAppError(error, 'total-out-of-range')) {
      throw new AppError(
        'request-invalid',
        `Value is too large. Max value is ${Number.MAX_SAFE_INTEGER}, the least is -${Number.MAX_SAFE_INTEGER}.`,
        { cause: error },
      );
    }
    if (
      !isAppError(
        error,
        'store-unavailable',
        'store-unusable',
        'hit-unconfirmed',
        'counter-unreadable',
      )
    ) {
      throw error;
    }
    throw new AppError(error.code, words, { cause: error });
  }
}

/** Adds 1. Creates a missing counter unless counters are closed. */
export async function hit(call: Call): Promise<Reply> {
  const named = namedIn(call);
  requireName(named);
  try {
    return { status: 200, body: { value: await withMessage(GET_FAILED, call.count(named.name)) } };
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return MISSING;
    throw error;
  }
}

/** Reads; never counts. */
export async function get(call: Call, { counter }: AbacusParts): Promise<Reply> {
  const named = namedIn(call);
  requireName(named);
  const [value] = await withMessage(GET_FAILED, counter.read([named.name]));
  return value === undefined ? MISSING : { status: 200, body: { value } };
}

/**
 * Creates a counter, with a random name when the request has none. The body holds its owner's
 * token, which is shown only here.
 */
export async function create(call: Call, { registry, closed, now }: AbacusParts): Promise<Reply> {
  const named =
    call.words.length === 0
      ? namedIn({ ...call, words: [randomName(), randomName()] })
      : namedIn(call);
  requireName(named);
  const value = wholeNumber(call.query.get('initializer') ?? '0');
  if (value === undefined) throw new AppError('request-invalid', 'initializer must be a number');
  if (closed) return CLOSED;
  await call.mayCreate(named.name);
  const { token, owner } = issued(randomUUID());
  const { namespace, key, name } = named;
  const draft = { total: value, madeAt: now(), owner };
  switch (await withMessage(GET_FAILED, createFor(call, registry, name, draft))) {
    case 'created':
      return { status: 201, body: { key, namespace, admin_key: token, value } };
    case 'exists':
      throw new AppError('counter-exists', 'Key already exists, please use a different key.');
    case 'counters-full':
      throw countersFull();
  }
}

/** 96 random bits in 16 characters that are valid in a name. */
function randomName(): string {
  return randomBytes(12).toString('base64url');
}

/** Describes a counter, even a missing one. Only its owner can describe a private one. */
export async function info(call: Call, { registry, owners }: AbacusParts): Promise<Reply> {
  const named = namedIn(call);
  const described = isName(named)
    ? await withMessage(GET_FAILED, registry.describe(named.name))
    : undefined;
  const isHidden =
    described?.rules.private && !owners.isOwnerToken(tokenIn(call) ?? '', described.owner);
  const shown = isHidden ? undefined : described;
  return {
    status: 200,
    body: {
      value: shown?.total ?? -1,
      full_key: fullKey(named),
      is_genuine: shown?.owner === undefined,
      expires_in: shown ? TTL_SECONDS : -2e-9,
      expires_str: shown ? durationText(TTL_SECONDS * 1000) : '-2ns',
      exists: shown !== undefined,
    },
  };
}

/** The counter's name as Abacus stores it and returns it. */
export function fullKey({ namespace, key }: NamedCounter): string {
  return `K:${namespace}:${key}`;
}

export interface AbacusStreamParts {
  readonly watch: Watch;
  readonly streams: EventStreams;
}

/** Sends the total whenever it changes, until the counter is deleted. */
export function stream({ watch, streams }: AbacusStreamParts) {
  return (call: Call, headers: Headers, c: AppContext): Response => {
    const named = namedIn(call);
    if (!isName(named)) return new Response(null, { status: 400, headers });
    if (c.env.isHead) return headOnly(streamHeaders(headers));
    return streams.respond(c, headers, (open) => {
      let exists = false;
      return watch.subscribe([named.name], (_, total) => {
        if (total !== undefined) open.send(`data: {"value":${total}}`);
        // Deleted. A stream of a missing counter stays open until somebody makes the counter.
        else if (exists) open.end();
        exists = total !== undefined;
      });
    });
  };
}
