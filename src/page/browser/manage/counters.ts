/** The counters of the API, as this page reads and changes them, with the token that allows it. */
import { ask, type Call, type JsonAnswer } from '../ask.ts';
import { tokenFor } from '../tokens.ts';

/** The counter of `GET /`. */
export const DEFAULT_COUNTER = 'hits';

/** The settings of a counter that its owner changes. */
export interface Settings {
  readonly private: boolean;
  /** Seconds in which the visits of one visitor count once. */
  readonly window: number;
  readonly title: string | null;
  readonly link: string | null;
}

/** A counter. */
export interface Counter extends Settings {
  readonly name: string;
  readonly value: number;
  readonly created: string | null;
}

/** A name as in `NAMESPACE/KEY`. */
const NAME = /^[\w.-]{3,64}\/[\w.-]{3,64}$/;
/** The same for the pattern of an input field. */
export const NAME_PATTERN = '[\\w.\\-]{3,64}/[\\w.\\-]{3,64}';

/** Whether a text is the name of a counter. */
export function isName(text: string): boolean {
  return text === DEFAULT_COUNTER || NAME.test(text);
}

/** The path of a counter in the API. */
export function pathOf(name: string): string {
  return name === DEFAULT_COUNTER ? '/api/v1/default' : `/api/v1/counters/${name}`;
}

/** Sends a request about a counter with the token for it; `part` is the rest of its path. */
export function askAbout<T>(
  name: string,
  part = '',
  call: Omit<Call, 'token'> = {},
): Promise<JsonAnswer<T>> {
  return ask<T>(`${pathOf(name)}${part}`, { ...call, token: tokenFor(name) });
}

/** Whether this is the installation's token, or why nobody knows. */
export async function checkInstallation(token: string): Promise<JsonAnswer<boolean>> {
  const answer = await ask('/api/v1/counters?limit=1', { token });
  if (answer.data) return { data: true };
  const { data: _, ...failure } = answer;
  return isTokenProblem(failure) ? { data: false } : failure;
}

/**
 * Whether a token may change a counter, or why nobody knows. Anybody may read a public counter, so
 * this sets its window to what it is.
 */
export async function checkOwner(name: string, token: string): Promise<JsonAnswer<Counter>> {
  const read = await ask<Counter>(pathOf(name), { token });
  if (!read.data) return read;
  const { window } = read.data;
  return ask<Counter>(pathOf(name), { method: 'PATCH', body: { window }, token });
}

/** Whether a request failed because of its token. */
export function isTokenProblem({ problem }: JsonAnswer<unknown>): boolean {
  return problem?.status === 401;
}
