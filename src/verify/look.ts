/**
 * Finds a counter's number before and after a run by visiting it, because not every service can be
 * read, and whether others visit: whether the total changes in a quiet time. A total that can be
 * read is read at the beginning and end of that time. Two visits alone cannot tell other visits
 * from visits that count twice.
 */
import type { RunContext } from './client.ts';
import { Connection, Unanswered } from './connection.ts';
import { numberIn, requestFor, type Target } from './target.ts';

/** The state of the counter before or after a run. */
export interface Look {
  /** The number of the visit that is closest to the run. */
  readonly number: number;
  /** Whether the total changed without our visits; if not `byReads`, visits may count twice. */
  readonly moved: boolean;
  /** Whether the total was read. */
  readonly byReads: boolean;
}

/** The options of all requests. */
export interface LookOptions {
  readonly target: Target;
  readonly timeoutMs: number;
  /** Whether each request is repeated, visits with a key, until it is answered. */
  readonly retry: boolean;
}

/** The run was told to end before its first visit. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The time without our visits, to see whether the total changes. */
const QUIET_MS = 500;
/** The part of the time for one attempt; otherwise a silent peer would use all of it. */
const ATTEMPT_PART = 0.2;
/** The pause between two attempts, so that a service that refuses at once is not flooded. */
const AGAIN_MS = 50;
/** The time for a visit to be answered at the end: a replica that was killed is back earlier. */
const END_MS = 10_000;
/** The pause after a visit that failed at the end. Each makes the bounds one wider. */
const END_PAUSE_MS = 500;

/**
 * The counter before a run. Fails with `Unanswered`, and with `Interrupted` as soon as `stop` is
 * aborted.
 */
export async function lookBefore(options: LookOptions, stop: AbortSignal): Promise<Look> {
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(new Interrupted());
  stop.addEventListener('abort', interrupt);
  if (stop.aborted) interrupt();
  try {
    return await Promise.race([lookTwice(options), interrupted]);
  } finally {
    stop.removeEventListener('abort', interrupt);
  }
}

async function lookTwice(options: LookOptions): Promise<Look> {
  // The first pair only waits for counts that come late.
  const early = await visitTwice(options);
  const { first, last, moved } = await visitTwice(options);
  if (moved !== undefined) return { number: last, moved, byReads: true };
  const visited = first !== early.last + 1 || last !== first + 1;
  return { number: last, moved: visited, byReads: false };
}

/**
 * The counter after a run; `undefined` if it does not answer for some seconds. A visit that fails
 * here is recorded as one of the run, because it may have counted.
 */
export async function lookAfter(
  options: LookOptions,
  context: RunContext,
  quietMs = QUIET_MS,
): Promise<Look | undefined> {
  const { number } = await visitAtEnd(options, context);
  if (number === undefined) return undefined;
  const moved = await watch(options, quietMs);
  if (moved !== undefined) return { number, moved, byReads: true };
  const last = await visitAtEnd(options, context);
  // Each visit that failed may have counted. Without an answer nothing is known.
  const surplus = last.number === undefined ? 0 : last.number - number - 1;
  return { number, moved: surplus < 0 || surplus > last.failures, byReads: false };
}

/** The number of a visit, if one is answered in `END_MS`, and how many failed before. */
async function visitAtEnd(options: LookOptions, context: RunContext) {
  const until = performance.now() + END_MS;
  for (let failures = 0; ; failures++) {
    const start = performance.now();
    try {
      // eslint-disable-next-line no-await-in-loop -- a visit follows the one before
      return { number: await visit(options), failures };
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      recordFailure(context, error.message, start);
    }
    if (performance.now() >= until) return { number: undefined, failures: failures + 1 };
    // eslint-disable-next-line no-await-in-loop -- the pause between two
    await Bun.sleep(END_PAUSE_MS);
  }
}

/** Reports a visit that began at `start` and failed, as `Client` does. */
function recordFailure(context: RunContext, failure: string, start: number): void {
  const { judge, tally, startedAt, onOperation } = context;
  const connection = context.newConnection();
  judge.end(judge.begin('hit', connection), { failure });
  const end = performance.now() - startedAt;
  tally.failed(Math.floor(end / 1000));
  onOperation?.({ type: 'hit', connection, start: start - startedAt, end, failure });
}

/** Visits twice, with a quiet time between; `moved` is the result of `watch`. */
async function visitTwice(options: LookOptions) {
  const first = await visit(options);
  const moved = await watch(options, QUIET_MS);
  return { first, moved, last: await visit(options) };
}

/** Whether the total changes during `quietMs`; `undefined` if it cannot be read. */
async function watch(options: LookOptions, quietMs: number): Promise<boolean | undefined> {
  const early = await read(options);
  await Bun.sleep(quietMs);
  const late = early === undefined ? undefined : await read(options);
  return late === undefined ? undefined : late !== early;
}

/** The number of a visit. */
function visit({ target, timeoutMs, retry }: LookOptions): Promise<number> {
  const key = retry ? crypto.randomUUID() : undefined;
  return untilAnswered(timeoutMs, retry, async (limitMs) => {
    const { status, number } = await ask(target, target.hitPath, limitMs, key);
    if (status !== 200) throw new Unanswered(`status ${status}`);
    if (number === undefined) throw new Unanswered('an answer without a number');
    return number;
  });
}

/** The total; `undefined` if it cannot be read. */
async function read({ target, timeoutMs, retry }: LookOptions): Promise<number | undefined> {
  const { readPath } = target;
  if (readPath === undefined) return undefined;
  try {
    return await untilAnswered(timeoutMs, retry, async (limitMs) => {
      const { status, number } = await ask(target, readPath, limitMs);
      if (status === 429 || status >= 500) throw new Unanswered(`status ${status}`);
      return status === 200 ? number : undefined;
    });
  } catch (error) {
    if (error instanceof Unanswered) return undefined;
    throw error;
  }
}

/** Sends a request; with `retry` again until it is answered, for `timeoutMs` in all. */
async function untilAnswered<T>(
  timeoutMs: number,
  retry: boolean,
  send: (limitMs: number) => Promise<T>,
): Promise<T> {
  if (!retry) return send(timeoutMs);
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      // eslint-disable-next-line no-await-in-loop -- an attempt follows the one before
      return await send(timeoutMs * ATTEMPT_PART);
    } catch (error) {
      if (!(error instanceof Unanswered) || performance.now() >= until) throw error;
    }
    // eslint-disable-next-line no-await-in-loop -- the pause between two
    await Bun.sleep(AGAIN_MS);
  }
}

async function ask(target: Target, path: string, timeoutMs: number, key?: string) {
  const connection = await Connection.open(target, timeoutMs);
  try {
    const { status, body } = await connection.ask(requestFor(target, path, false, key), timeoutMs);
    return { status, number: numberIn(body) };
  } finally {
    connection.close();
  }
}
