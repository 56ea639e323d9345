/**
 * How busuanzi, its self-hosted clone and Vercount name their counters: by the address of a page.
 *
 * A page has a counter, its site another one, and the visitors of the site a third. All clients
 * of a page get the same counters, whichever of the three services they were made for.
 */

import { counterOfAddress, decodedPart } from './naming.ts';
import { webAddress } from './web-address.ts';

/** The counters of a page. */
export interface PageCounters {
  /** The views of the page. */
  readonly page: string;
  /** The views of all pages of its host. */
  readonly site: string;
  /** The visitors of its host. */
  readonly visitors: string;
}

/** The longest address. */
const ADDRESS_LENGTH_MAX = 2048;

/** The page with this address; `undefined` when it is not one of a website, or longer than any. */
export function pageAt(address: string): URL | undefined {
  const text = address.trim();
  // Parsers leave these out, so the host would be another one.
  if (text.length > ADDRESS_LENGTH_MAX || /[\t\n\r]/.test(text)) return undefined;
  return webAddress(text);
}

/**
 * The counters of a page: `example.com/about`, `example.com/...site`, `example.com/...visitors`.
 *
 * As in Vercount, the path counts without a slash or an index page at its end, and neither query
 * nor fragment count.
 */
export function countersOf({ host, pathname }: URL): PageCounters {
  const path = decodedPart(pathname)
    .replace(/\/$/, '')
    .replace(/\/index(\.html?)?$/, '');
  // The root is `HOST/...`. No page has a name that continues this: a slash in a path is two dots,
  // and a path with dots of its own next to that gets a hash at the end.
  const root = counterOfAddress(host, '');
  return {
    page: counterOfAddress(host, path),
    site: `${root}site`,
    visitors: `${root}visitors`,
  };
}

/**
 * The counter of the page that an old URL of Vercount names; `undefined` for none. The URLs of
 * the other services name no page: it is in a header.
 */
export function counterInBusuanziUrl({ pathname, searchParams }: URL): string | undefined {
  const page = pageAt(searchParams.get('url') ?? '');
  return page && /^\/(api\/v[12]\/)?log$/.test(pathname) ? countersOf(page).page : undefined;
}
