/** The counters of the API: their names and paths, and who owns them. */
import { ask, type JsonAnswer } from './ask.ts';

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
