/** Where a counter stands, seen by visiting it, because not every service can be read. */
import { Connection, Unanswered } from './connection.ts';
import { numberIn, requestFor, type Target } from './target.ts';

/** The numbers of two visits, and whether others visited between them. */
export interface Look {
  readonly first: number;
  readonly last: number;
  readonly moved: boolean;
}

/** Nobody of ours visits for so long: does the total move by itself? */
const QUIET_MS = 500;

/** Visits twice, with a quiet time between. Fails with `Unanswered`. */
export async function look(target: Target, timeoutMs: number): Promise<Look> {
  const first = await visit(target, timeoutMs);
  await Bun.sleep(QUIET_MS);
  const last = await visit(target, timeoutMs);
  return { first, last, moved: last !== first + 1 };
}

async function visit(target: Target, timeoutMs: number): Promise<number> {
  const connection = await Connection.open(target, timeoutMs);
  try {
    const { status, body } = await connection.ask(requestFor(target, target.hitPath, false), timeoutMs);
    const number = numberIn(body);
    if (status !== 200) throw new Unanswered(`status ${status}`);
    if (number === undefined) throw new Unanswered('an answer without a number');
    return number;
  } finally {
    connection.close();
  }
}
