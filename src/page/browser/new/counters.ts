/** Finds and makes counters over the API. */
import { ask, type Problem } from '../ask.ts';

/** A counter as the API shows it. */
interface Shown {
  readonly name: string;
  readonly value: number;
  readonly private: boolean;
}

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

/** The path of a counter in the API. */
export function apiPath(name: string): string {
  return name === 'hits' ? '/api/v1/default' : `/api/v1/counters/${name}`;
}

/**
 * Finds a counter. Without its token a private one is found without its number; with a wrong
 * token it is `refused`. Never fails.
 */
export async function find(
  name: string,
  token: string | undefined,
): Promise<{ counter: Opened } | { problem: Failure }> {
  const { data, failed, problem } = await ask<Shown>(apiPath(name), { token });
  if (data) return { counter: { name, private: data.private, total: data.value } };
  if (problem?.status === 401)
    return token === undefined
      ? { counter: { name, private: true, total: undefined } }
      : { problem: 'refused' };
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
  const { data, problem } = await ask<Shown & { token: string }>('/api/v1/counters', {
    method: 'POST',
    body: wanted,
    token,
  });
  if (!data) return { problem };
  const { name, value, token: its } = data;
  return { made: { name, total: value, private: data.private, token: its } };
}
