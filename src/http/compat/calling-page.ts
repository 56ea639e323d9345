/**
 * The page that sent a request, and the reserved words in names that stand for it. Anybody can
 * forge the page, so the resulting name is validated.
 */

/**
 * The page that sent a request: from `Referer`, which may include the path, otherwise from
 * `Origin`.
 */
export function callingPage(headers: Headers): URL | undefined {
  for (const name of ['Referer', 'Origin']) {
    const page = URL.parse(headers.get(name) ?? '');
    if (page?.protocol === 'https:' || page?.protocol === 'http:') return page;
  }
  return undefined;
}

/**
 * The page's host as part of a name, padded with dots to the shortest length. An unknown page
 * gives three dots.
 */
export function hostPart(page: URL | undefined): string {
  return (page?.hostname ?? '').padStart(3, '.');
}

/** The page's path without slashes as part of a name, padded in the same way. */
export function pathPart(page: URL | undefined): string {
  return (page?.pathname ?? '').replaceAll('/', '').padStart(3, '.');
}
