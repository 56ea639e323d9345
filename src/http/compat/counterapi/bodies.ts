/**
 * The forms of counterapi.dev's responses, in both versions of its API. Not here: the form of
 * other errors (`http/errors.ts`).
 *
 * Bodies have every key of the original. Seen has no numbers for counters and namespaces and no
 * teams, and does not keep when a counter last changed.
 */
import { createHash } from 'node:crypto';
import type { CounterHistory } from '../../../contract/history.ts';
import type { NamedCounter } from '../shared.ts';
import type { Shown } from './calls.ts';
import { statsAt, upAndDown } from './past.ts';

/** The status and body of a response. */
export interface Reply {
  readonly status: 200 | 400 | 404;
  readonly body: object;
}

/** The reply when all is well. */
export const OPERATIONAL: Reply = { status: 200, body: { status: 200, message: 'Operational' } };

/** The reply to a mistake in a request of version 1, which has its status as a number. */
export function mistakeV1(message: string): Reply {
  return { status: 400, body: { code: 400, message } };
}

const MISSING = 'record not found';

/** A counter in version 1; `now` is in milliseconds since 1970. */
export function replyV1(named: NamedCounter, shown: Shown | undefined, now: number): Reply {
  if (!shown) return mistakeV1(MISSING);
  const times = timesOf(shown, now);
  const namespaceId = numberOf(named.namespace);
  return {
    status: 200,
    body: {
      id: numberOf(named.name),
      name: named.key,
      count: shown.total,
      ...times,
      namespace_id: namespaceId,
      namespace: { id: namespaceId, name: named.namespace, ...times },
    },
  };
}

/** The reply of version 2 for a missing counter. */
export const MISSING_V2: Reply = { status: 404, body: { code: '404', message: MISSING } };

/** A counter in version 2. */
export function replyV2(named: NamedCounter, shown: Shown | undefined, now: number): Reply {
  if (!shown) return MISSING_V2;
  return success({ ...dataV2(named, shown, now), ...countsV2(shown) });
}

/** The same after a reset, without its counts. */
export function resetReply(named: NamedCounter, shown: Shown | undefined, now: number): Reply {
  if (!shown) return MISSING_V2;
  return success(dataV2(named, shown, now), 'Counter reset successfully');
}

/** The statistics of a counter. */
export function statsReply(
  named: NamedCounter,
  shown: Shown,
  past: CounterHistory,
  now: number,
): Reply {
  const id = numberOf(named.name);
  return success(
    {
      id,
      counter_id: id,
      ...countsV2(shown),
      stats: statsAt(past, now),
      ...timesOf(shown, now),
    },
    'Counter stats retrieved successfully',
  );
}

function success(data: object, message?: string): Reply {
  return {
    status: 200,
    body: { code: '200', ...(message === undefined ? {} : { message }), data },
  };
}

function dataV2({ namespace, key, name }: NamedCounter, shown: Shown, now: number) {
  return {
    id: numberOf(name),
    name: key,
    slug: key,
    description: '',
    team_id: 0,
    user_id: 0,
    workspace_id: numberOf(namespace),
    workspace_slug: namespace,
    ...timesOf(shown, now),
  };
}

/** The total as two counts, because clients show the first, or the difference of both. */
function countsV2({ total }: Shown) {
  if (total === null) return { up_count: null, down_count: null };
  const { up, down } = upAndDown(total);
  return { up_count: up, down_count: down };
}

/** The total is that of `now`, so this is when it was last up to date. */
function timesOf({ madeAt }: Shown, now: number) {
  return {
    created_at: new Date(madeAt ?? 0).toISOString(),
    updated_at: new Date(now).toISOString(),
  };
}

/** A number that stands for a name, always the same, for clients that need one: 31 bits. */
function numberOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() >>> 1;
}
