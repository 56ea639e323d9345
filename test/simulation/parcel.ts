/**
 * Finds the hits of a batch from the batch alone: it sums up the waiting hits, beginning with the
 * first, until they equal the batch.
 *
 * This is a second description of what `gather` promises: hits keep their order, none is
 * overtaken, and a hit joins the last change of its counter, unless it has a key, goes the other
 * way, or would make a sum that is not exact. Sums only grow, so no other number of hits can equal
 * the same batch.
 */
import type { Batch, Change } from '../../src/contract/counting.ts';
import type { Group, SimulatedHit } from './hit.ts';

/** A batch that was sent, and its way so far. */
export interface Parcel {
  readonly groups: readonly Group[];
  readonly hits: readonly SimulatedHit[];
  /**
   * The batch's own list, by which a batch that is sent again is recognised, and what stood in it.
   */
  readonly changes: Batch['changes'];
  readonly text: string;
  writer: string;
  sequence: number;
  /** Attempts that may have been applied, or may be yet. */
  uncertain: number;
  /** Whether an attempt failed as a bug does. */
  bug: boolean;
}

/**
 * The parcel of a batch made of the first hits that wait; `undefined` when they do not make it up.
 */
export function parcelOf({ writer, sequence, changes }: Batch, waiting: readonly SimulatedHit[]) {
  const wanted = changes.reduce((sum, { amount }) => sum + BigInt(Math.abs(amount)), 0n);
  const groups: { counter: string; once: SimulatedHit['once']; hits: SimulatedHit[] }[] = [];
  let sum = 0n;
  let taken = 0;
  for (; sum < wanted && taken < waiting.length; taken++) {
    const hit = waiting[taken];
    if (!hit) return undefined;
    sum += BigInt(Math.abs(hit.amount));
    const group = hit.once
      ? undefined
      : groups.findLast(({ counter, once }) => counter === hit.counter && once === undefined);
    if (group && joins(hit, group.hits)) group.hits.push(hit);
    else groups.push({ counter: hit.counter, once: hit.once, hits: [hit] });
  }
  const same =
    groups.length === changes.length &&
    groups.every((group, index) => {
      const change = changes[index];
      return change !== undefined && textOf(change) === textOf(changeOf(group));
    });
  if (!same) return undefined;
  const parcel: Parcel = {
    groups,
    hits: waiting.slice(0, taken),
    changes,
    text: JSON.stringify(changes),
    writer,
    sequence,
    uncertain: 0,
    bug: false,
  };
  return parcel;
}

/** Whether a hit may be in one change with these hits of its counter. */
function joins({ amount }: SimulatedHit, hits: readonly SimulatedHit[]): boolean {
  const sum = hits.reduce((all, hit) => all + BigInt(hit.amount), BigInt(amount));
  return (
    sum <= BigInt(Number.MAX_SAFE_INTEGER) &&
    sum >= BigInt(-Number.MAX_SAFE_INTEGER) &&
    hits.every((hit) => hit.amount > 0 === amount > 0)
  );
}

function changeOf({ counter, once, hits }: Group): Change {
  const kinds = { person: 0, program: 0, proxy: 0, bot: 0 };
  const visitors = new Map<string, { id: string; kind: keyof typeof kinds; visits: number }>();
  for (const { amount, visitor } of hits) {
    kinds[visitor?.kind ?? 'program'] += amount;
    if (visitor?.id === undefined) continue;
    const before = visitors.get(visitor.id) ?? { id: visitor.id, kind: visitor.kind, visits: 0 };
    visitors.set(visitor.id, { ...before, visits: before.visits + (amount === 1 ? 1 : 0) });
  }
  const amount = hits.reduce((sum, hit) => sum + hit.amount, 0);
  const make = hits.some((hit) => hit.make);
  return { counter, amount, once, make, kinds, visitors: [...visitors.values()] };
}

/** A change as a text that is the same for changes that mean the same. */
function textOf(change: Change): string {
  const {
    counter,
    amount,
    once,
    make = true,
    kinds = { program: amount },
    visitors = [],
  } = change;
  const { person = 0, program = 0, proxy = 0, bot = 0 } = kinds;
  const who = visitors.map(({ id, kind, visits }) => [id, kind, visits]);
  return JSON.stringify([counter, amount, once, make, [person, program, proxy, bot], who]);
}
