/**
 * How hits.seeyoufarm.com names its counters: by the address of a page, without scheme, port,
 * query and fragment.
 */
import { counterOfAddress, decodedPart } from './naming.ts';

/** A page that is counted. */
export interface SeeyoufarmPage {
  readonly counter: string;
  /** Its host and path, as in `github.com/octocat/hello`. */
  readonly address: string;
}

/** The page of an http or https address, whose scheme may be missing; `undefined` for others. */
export function seeyoufarmPage(address: string): SeeyoufarmPage | undefined {
  const url = URL.parse(withScheme(address.trim()));
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
  const path = decodedPart(url.pathname);
  return { counter: counterOfAddress(url.hostname, path), address: `${url.hostname}${path}` };
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInSeeyoufarmUrl({ pathname, searchParams }: URL): string | undefined {
  return /^\/api\/count\/((incr|keep)\/badge|graph\/dailyhits)\.svg$/.test(pathname)
    ? seeyoufarmPage(searchParams.get('url') ?? '')?.counter
    : undefined;
}

function withScheme(address: string): string {
  if (address.startsWith('//')) return `http:${address}`;
  return /^[a-z][a-z\d+.-]*:\/\//i.test(address) ? address : `http://${address}`;
}
