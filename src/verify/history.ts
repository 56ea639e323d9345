/**
 * The history of a run as data: one operation per line of JSON, in the order in which they ended.
 * A history can be judged again, and tests of the judge use invented ones.
 */
import { z } from 'zod';
import { AppError } from '../counter/errors.ts';

/** One request of one client. Times are milliseconds since the run began. */
export interface Operation {
  readonly type: 'hit' | 'read';
  /** The connection it was sent on, which carries one request at a time. */
  readonly connection: number;
  /**
   * The idempotency key of a visit that is repeated until it is answered: operations with the same
   * key are one visit, or one read.
   */
  readonly key?: string | undefined;
  readonly start: number;
  readonly end: number;
  /** The result: the number of the visit, or the total that was read. */
  readonly number?: number | undefined;
  /** The reason of a failure: `refused`, `reset`, `timeout`, `status 503`, … */
  readonly failure?: string | undefined;
  /** The replica that answered, from `X-Served-By`. */
  readonly servedBy?: string | undefined;
}

/**
 * The counter before and after: the number of a visit before the first, and of one after the last;
 * neither is in the history.
 */
export interface Frame {
  readonly before: number;
  /** `undefined` when the service did not answer any more. */
  readonly after?: number | undefined;
  /** Whether the total changed without our visits. */
  readonly others: boolean;
  /**
   * Whether `others` was found by reading the total. Otherwise visits that count twice look the
   * same as visits of others. Missing in files of earlier versions.
   */
  readonly byReads?: boolean | undefined;
  /** Whether failed requests are allowed. */
  readonly mayFail?: boolean | undefined;
  /** Whether nobody but verify visits, so that every other count is a fault. */
  readonly alone?: boolean | undefined;
  /**
   * The time in which visits were sent, in milliseconds, without the wait for the last answers.
   * Missing in files of earlier versions.
   */
  readonly sendingMs?: number | undefined;
}

/** A recorded run. */
export interface History extends Frame {
  readonly operations: readonly Operation[];
}

const time = z.number().min(0);
const operation = z
  .object({
    type: z.enum(['hit', 'read']),
    connection: z.int(),
    key: z.string().optional(),
    start: time,
    end: time,
    number: z.int().optional(),
    failure: z.string().min(1).optional(),
    servedBy: z.string().optional(),
  })
  .refine(({ start, end }) => start <= end, 'ends before it starts')
  .refine(
    ({ number, failure }) => (number === undefined) !== (failure === undefined),
    'has to have either a number or a failure',
  );
const frame = z.object({
  type: z.literal('frame'),
  before: z.int(),
  after: z.int().optional(),
  others: z.boolean(),
  byReads: z.boolean().optional(),
  mayFail: z.boolean().optional(),
  alone: z.boolean().optional(),
  sendingMs: time.optional(),
});

/** A line of a history's file. */
export function historyLine(entry: Operation | (Frame & { readonly type: 'frame' })): string {
  return `${JSON.stringify(entry)}\n`;
}

/**
 * The operation or the frame in a line; `where` names the line in errors. Fails with
 * `usage-invalid`.
 */
export function readHistoryLine(
  text: string,
  where: string,
): Operation | (Frame & { type: 'frame' }) {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch (cause) {
    throw new AppError('usage-invalid', `${where} is not JSON.`, { cause });
  }
  const type = (entry as { type?: unknown } | null)?.type;
  const read = type === 'frame' ? frame.safeParse(entry) : operation.safeParse(entry);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.join('.');
  throw new AppError(
    'usage-invalid',
    `${where} is not a line of a history: ${field ? `${field}: ` : ''}${issue?.message}.`,
  );
}
