/**
 * How Moe-Counter (https://count.getloli.com) names its counters: by any text after `@` in the
 * path, as in `/@octocat` and `/get/@octocat`. The case of letters matters.
 */
import { counterOfUser } from './naming.ts';

/** The name of a sample: it shows all digits, and is no counter. */
export const MOE_DEMO = 'demo';
/** The longest name of a counter that is shown as a picture. */
export const MOE_NAME_LENGTH_MAX = 32;

/** A call that names a counter. */
export interface MoeCall {
  /** The answer: `/record/@NAME` is JSON, `/@NAME` and `/get/@NAME` are a picture. */
  readonly form: 'picture' | 'json';
  /** The name, decoded. */
  readonly name: string;
}

/** The call in a path, `/@NAME`; `undefined` for a path that names no counter. */
export function moeCallIn(path: string): MoeCall | undefined {
  const [, folder, name = ''] = /^\/(get\/|record\/)?@([^/]+)\/?$/.exec(path) ?? [];
  if (name === '') return undefined;
  try {
    return { form: folder === 'record/' ? 'json' : 'picture', name: decodeURIComponent(name) };
  } catch {
    return undefined;
  }
}

/** The counter of a name. */
export function moeCounter(name: string): string {
  return counterOfUser('moe-counter', name);
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInMoeCounterUrl({ pathname }: URL): string | undefined {
  const call = moeCallIn(pathname);
  if (call === undefined || call.name === MOE_DEMO) return undefined;
  if (call.form === 'picture' && call.name.length > MOE_NAME_LENGTH_MAX) return undefined;
  return moeCounter(call.name);
}
