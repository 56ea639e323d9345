/** Finds a counter's current number by visiting it, because not every service can be read. */
import { Connection, Unanswered } from './connection.ts';
import { numberIn, requestFor, type Target } from './target.ts';

/** The numbers of two visits, and whether others visited between them. */
export interface VisitPair {
  readonly first: number;
  readonly last: number;
  readonly moved: boolean;
}

/** The time without our visits, to see whether the total changes. */
const QUIET_MS = 500;
/** The part of the time for one attempt; otherwise a silent peer would use all of it. */
const ATTEMPT_PART = 0.2;
/** The pause between two attempts, so that a service that refuses at once is not flooded. */
const AGAIN_MS = 50;

/**
 * Visits twice, with a quiet time between; with `retry` each until it is answered. Fails with
 * `Unanswered`.
 */
export async function visitTwice(
  target: Target,
  timeoutMs: number,
  retry: boolean,
  quietMs = QUIET_MS,
): Promise<VisitPair> {
  const visitOnce = () =>
    retry ? visitUntilAnswered(target, timeoutMs) : visit(target, timeoutMs);
  const first = await visitOnce();
  await Bun.sleep(quietMs);
  const last = await visitOnce();
  return { first, last, moved: last !== first + 1 };
}

/** One visit with a key, repeated until it is answered, for `timeoutMs` in all. */
async function visitUntilAnswered(target: Target, timeoutMs: number): Promise<number> {
  const key = crypto.randomUUID();
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      // eslint-disable-next-line no-await-in-loop -- an attempt follows the one before
      return await visit(target, timeoutMs * ATTEMPT_PART, key);
    } catch (error) {
      if (!(error instanceof Unanswered) || performance.now() >= until) throw error;
    }
    // eslint-disable-next-line no-await-in-loop -- the pause between two
    await Bun.sleep(AGAIN_MS);
  }
}

async function visit(target: Target, timeoutMs: number, key?: string): Promise<number> {
  const connection = await Connection.open(target, timeoutMs);
  try {
    const { status, body } = await connection.ask(
      requestFor(target, target.hitPath, false, key),
      timeoutMs,
    );
    const number = numberIn(body);
    if (status !== 200) throw new Unanswered(`status ${status}`);
    if (number === undefined) throw new Unanswered('an answer without a number');
    return number;
  } finally {
    connection.close();
  }
}
