/**
 * The arguments and the reply of `lua/commit.lua`, as types. The script's first lines describe
 * both. Not here: making and reading them (`counting.ts`).
 */
import type { Outcome } from '../../contract/counting.ts';

/** The arguments, described in the script. */
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
  readonly hitsMake: boolean;
  readonly space: boolean;
  readonly changes: readonly PackedChange[number][];
}

/** The entries of one change. */
export type PackedChange = readonly [
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

/** The writer's record, as the script stores and returns it. */
export type WriterRecord = readonly [sequence: number, outcomes: readonly PackedOutcome[]];

/** An outcome as the script returns it. */
export type PackedOutcome =
  | Exclude<Outcome, object>
  | readonly [total: number, hidden: boolean, counted: readonly boolean[] | false];
