/**
 * How hits.sh (https://hits.sh) names its counters: by an address without its scheme, as in
 * `github.com/octocat/hello`, which it calls a URN.
 */
import { counterOfAddress, decodedPart } from './naming.ts';

/** The endings of paths: a badge that counts, an example of one, and a page. */
const ENDINGS = ['.svg', '.preview', '/'] as const;
/** The longest URN. */
const LENGTH_MAX = 250;

/** A path, taken apart. */
export interface HitsShPath {
  readonly ending: (typeof ENDINGS)[number];
  readonly urn: string;
  /** Whether the path has the URN as it is, and not with a scheme, for example. */
  readonly clean: boolean;
}

/** The parts of a path, which is decoded and begins with a slash; `undefined` without a URN. */
export function hitsShPath(path: string): HitsShPath | undefined {
  const ending = ENDINGS.find((one) => path.endsWith(one));
  if (ending === undefined) return undefined;
  const text = path.slice(1, -ending.length);
  const urn = urnIn(text);
  return { ending, urn, clean: urn === text };
}

/** The URN in an address: without scheme, fragment, and slashes around it. */
export function urnIn(address: string): string {
  let urn = address.trim();
  // The last one, so that one redirect is enough for several.
  const scheme = urn.lastIndexOf(':/');
  if (scheme !== -1) urn = urn.slice(scheme + 2);
  const fragment = urn.indexOf('#');
  if (fragment !== -1) urn = urn.slice(0, fragment);
  urn = urn.replaceAll('\\', '/').replace(/^\/+/, '');
  // Not a regular expression: it would start again at each of many slashes.
  let end = urn.length;
  while (end > 0 && '/?'.includes(urn.charAt(end - 1))) end--;
  return urn.slice(0, end);
}

/** The mistake in a URN; `undefined` for a valid one. */
export function urnMistake(urn: string): 'invalid' | 'too long' | undefined {
  // Clients remove the parts `.` and `..` from a path, so a redirect could not keep them.
  if (!urn.includes('.') || /(?:^|\/)\.{1,2}(?:\/|$)/.test(urn)) return 'invalid';
  return urn.length > LENGTH_MAX ? 'too long' : undefined;
}

/** The counter of a URN. */
export function hitsShCounter(urn: string): string {
  const [host = ''] = urn.split('/', 1);
  return counterOfAddress(host, urn.slice(host.length));
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInHitsShUrl({ pathname }: URL): string | undefined {
  const path = decodedPart(pathname);
  const urn = path.startsWith('/api/urns/')
    ? urnIn(path.slice('/api/urns/'.length))
    : hitsShPath(path)?.urn;
  return urn === undefined || urnMistake(urn) !== undefined ? undefined : hitsShCounter(urn);
}
