/**
 * The page that asks, and the words in names that stand for it. A page may be anybody's: what
 * comes of it is checked as a name.
 */

/**
 * The page that a request comes from: of `Referer`, which may have its path, or else of `Origin`.
 */
export function callingPage(headers: Headers): URL | undefined {
  for (const name of ['Referer', 'Origin']) {
    const page = URL.parse(headers.get(name) ?? '');
    if (page?.protocol === 'https:' || page?.protocol === 'http:') return page;
  }
  return undefined;
}

/**
 * The page's host as part of a name; dots fill up what is shorter than one. Of a page that does
 * not tell, three dots.
 */
export function hostWord(page: URL | undefined): string {
  return (page?.hostname ?? '').padStart(3, '.');
}

/** The page's path without slashes as part of a name, filled up likewise. */
export function pathWord(page: URL | undefined): string {
  return (page?.pathname ?? '').replaceAll('/', '').padStart(3, '.');
}
