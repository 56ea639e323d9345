/**
 * The slots of a Redis Cluster: which of them the shards have, and which node has a slot by the
 * replies of Redis. Not here: asking (`cluster.ts`).
 */
import { ErrorReply } from '@redis/client';
import { AppError } from '../../counter/errors.ts';

/** The hash tag of a shard in braces, and its slot. */
export interface ClusterShard {
  readonly tag: string;
  readonly slot: number;
}

/**
 * All shards. A change of this table, or of its order, would lose all counters. The slots are in
 * the middle of equal parts of all 16,384, so 2, 3, 4, 6 or 12 primaries with equal ranges, as
 * `redis-cli --cluster create` makes them, have equally many shards.
 */
export const CLUSTER_SHARDS: readonly ClusterShard[] = [
  { tag: '{t3}', slot: 685 },
  { tag: '{f1}', slot: 2046 },
  { tag: '{yx}', slot: 3422 },
  { tag: '{e1}', slot: 4781 },
  { tag: '{w3}', slot: 6142 },
  { tag: '{hz}', slot: 7518 },
  { tag: '{mz}', slot: 8875 },
  { tag: '{jb}', slot: 10245 },
  { tag: '{3i}', slot: 11593 },
  { tag: '{8p}', slot: 12971 },
  { tag: '{nz}', slot: 14328 },
  { tag: '{ib}', slot: 15702 },
];

/** A range of slots, as `CLUSTER SLOTS` returns it. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: { readonly host: string; readonly port: number };
  readonly replicas: readonly unknown[];
}

/** The URL of a node. A node that does not know its own name leaves the host out. */
function urlOf(host: string, port: number | string, askedAt: string): string {
  const { protocol, hostname } = new URL(askedAt);
  const name = host === '' || host === '?' ? hostname : host.includes(':') ? `[${host}]` : host;
  return `${protocol}//${name}:${port}`;
}

/** The URL of the node that has a slot, by the reply of the node at `askedAt`. */
export function ownerIn(
  ranges: readonly SlotRange[],
  slot: number,
  askedAt: string,
): string | undefined {
  const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
  return range && urlOf(range.master.host ?? '', range.master.port, askedAt);
}

/** Whether Redis refused a call because the slot moves to another node. */
export function isMoving(error: unknown): boolean {
  return replyIn(error).startsWith('ASK ') || replyIn(error).startsWith('TRYAGAIN ');
}

/** The error reply of Redis that caused an error; empty if there was none. */
function replyIn(error: unknown): string {
  const isReply = error instanceof AppError && error.cause instanceof ErrorReply;
  return isReply ? (error.cause as ErrorReply).message : '';
}

/** The URL of the node that `MOVED SLOT HOST:PORT` names; undefined for any other error. */
export function movedTo(error: unknown, askedAt: string): string | undefined {
  const [, host = '', port] = /^MOVED \d+ (.*):(\d+)$/.exec(replyIn(error)) ?? [];
  return port === undefined ? undefined : urlOf(host, port, askedAt);
}
