/**
 * How counterapi.dev (https://counterapi.dev) names its counters: by a namespace, which version 2
 * of its API calls a workspace, and a name. Both versions share the counters of Seen.
 */
import { invalidPart } from '../counter/name.ts';
import { counterOf } from './naming.ts';

/**
 * The counter of a namespace and a name, both decoded: as they are if they are valid, otherwise by
 * the rule of `naming.ts`. `undefined` if one of them is empty or has a slash, which no path of
 * counterapi.dev names.
 */
export function counterapiCounter(namespace: string, name: string): string | undefined {
  if ([namespace, name].some((part) => part === '' || part.includes('/'))) return undefined;
  return invalidPart(namespace, name) === undefined
    ? `${namespace}/${name}`
    : counterOf(namespace, name);
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInCounterapiUrl({ pathname }: URL): string | undefined {
  const [, namespace, name] = /^\/v[12]\/([^/]+)\/([^/]+)(?:\/|$)/.exec(pathname) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  try {
    return counterapiCounter(decodeURIComponent(namespace), decodeURIComponent(name));
  } catch {
    return undefined;
  }
}
