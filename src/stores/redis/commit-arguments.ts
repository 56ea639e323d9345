/**
 * The arguments of `lua/commit.lua`, made of a batch. Not here: calling the script
 * (`counting.ts`).
 */
import { type Batch, type Change, KEY_MEMORY_MS } from '../../contract/counting.ts';
import { DAY_MS, HOUR_MS, KINDS } from '../../contract/history.ts';
import type { ServerPartOptions } from '../server.ts';
import { KIND_LETTERS } from './keys.ts';

/** The arguments of `lua/commit.lua`, described there. */
export interface CommitArguments {
  readonly tag: string | undefined;
  readonly sequence: number;
  readonly now: number;
  readonly hour: string;
  readonly day: string;
  readonly clocksDiffer: number;
  readonly writerMs: number;
  readonly keyMs: number;
  readonly keysMax: number;
  readonly visitorsMax: number;
  readonly countersMax: number;
  readonly space: boolean;
  readonly changes: readonly PackedChange[number][];
}

/** The entries of one change. */
type PackedChange = readonly [
  counter: string,
  amount: number,
  kinds: Readonly<Record<string, string>>,
  visitors: readonly string[],
  more: MoreOfChange | false,
];

/** What few changes have. */
interface MoreOfChange {
  readonly visits: readonly number[] | undefined;
  readonly make: boolean | undefined;
  readonly key: string | undefined;
  readonly request: string | undefined;
}

/**
 * The arguments for a batch at a moment. `partOfMax` returns the part of a limit of the store that
 * its shard may use.
 */
export function argumentsOf(
  { sequence, changes }: Batch,
  moment: Pick<CommitArguments, 'tag' | 'now' | 'space' | 'writerMs'>,
  { keysMax, visitorsMax, hitsMake, countersMax, clocksDifferMaxMs = 0 }: ServerPartOptions,
  partOfMax: (max: number) => number,
): CommitArguments {
  const { tag = '' } = moment;
  return {
    ...moment,
    sequence,
    hour: `${Math.floor(moment.now / HOUR_MS)}`,
    day: `${Math.floor(moment.now / DAY_MS)}`,
    clocksDiffer: clocksDifferMaxMs,
    keyMs: KEY_MEMORY_MS,
    keysMax: partOfMax(keysMax),
    visitorsMax: partOfMax(visitorsMax),
    countersMax: hitsMake ? partOfMax(countersMax) : 0,
    changes: changes.flatMap((change) => packedChange(change, tag)),
  };
}

function packedChange(
  { counter, amount, once, make, kinds = { program: amount }, visitors = [] }: Change,
  tag: string,
): PackedChange {
  const again = visitors.some(({ visits }) => visits !== 1);
  const visits = again ? visitors.map((visitor) => visitor.visits) : undefined;
  const rare = once || again || make === false;
  return [
    tag + counter,
    amount,
    byLetter(kinds),
    visitors.map(({ id, kind }) => KIND_LETTERS[kind] + id),
    rare ? { visits, make, key: once && tag + once.key, request: once?.request } : false,
  ];
}

function byLetter(kinds: NonNullable<Change['kinds']>): Record<string, string> {
  const letters: Record<string, string> = {};
  for (const kind of KINDS) if (kinds[kind]) letters[KIND_LETTERS[kind]] = `${kinds[kind]}`;
  return letters;
}
