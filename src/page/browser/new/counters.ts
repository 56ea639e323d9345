/** Finds and makes counters over the API. */
import { ask, type JsonAnswer, type Problem } from '../ask.ts';
import { type Counter, checkOwner, pathOf } from '../counters.ts';

/** A counter for which there is code. */
export interface Opened {
  readonly name: string;
  readonly private: boolean;
  /** `undefined` when it is private and its token is not in this tab. */
  readonly total: number | undefined;
}

/** A counter that was just made. */
export type Made = Opened & { readonly token: string };

/** Why there is no result. */
export type Failure = 'missing' | 'refused' | 'busy' | 'silent';

/** A counter, or why there is none. */
type Found = { counter: Opened } | { problem: Failure };

/**
 * Finds a counter. Without its token a private one is found without its number; with a wrong
 * token it is `refused`. Never fails.
 */
export async function find(name: string, token: string | undefined): Promise<Found> {
  const answer = await ask<Counter>(pathOf(name), { token });
  if (token === undefined && answer.problem?.status === 401)
    return { counter: { name, private: true, total: undefined } };
  return foundIn(name, answer);
}

/** Finds the counter whose token this is; with another token it is `refused`. Never fails. */
export async function findOwn(name: string, token: string): Promise<Found> {
  return foundIn(name, await checkOwner(name, token));
}

function foundIn(name: string, { data, failed, problem }: JsonAnswer<Counter>): Found {
  if (data) return { counter: { name, private: data.private, total: data.value } };
  if (problem?.status === 401) return { problem: 'refused' };
  if (problem?.status === 404) return { problem: 'missing' };
  return { problem: failed === 'busy' ? 'busy' : 'silent' };
}

/** The settings of a new counter. Fields that are missing keep their defaults. */
export interface Wanted {
  readonly name: string;
  readonly value?: number;
  readonly private?: true;
  readonly title?: string;
  readonly link?: string;
}

/** Makes a counter. Never fails; without an error of the API, `problem` is undefined. */
export async function make(
  wanted: Wanted,
  token: string | undefined,
): Promise<{ made: Made } | { problem: Problem | undefined }> {
  const { data, problem } = await ask<Counter & { token: string }>('/api/v1/counters', {
    method: 'POST',
    body: wanted,
    token,
  });
  if (!data) return { problem };
  const { name, value, token: its } = data;
  return { made: { name, total: value, private: data.private, token: its } };
}
