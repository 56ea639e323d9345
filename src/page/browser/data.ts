/** The data that the server wrote into the page for its script (`frame.ts`). */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- the page's script knows it
export function pageData<T>(): T {
  return JSON.parse(document.getElementById('data')?.textContent ?? '{}') as T;
}

/** The language of the page, a tag such as `zh-Hans`. */
export function pageLanguage(): string {
  return document.documentElement.lang;
}

/** A link to one of our paths. Where the page's URL names a language (`?lang=`), so does it. */
export function linkTo(path: string): string {
  if (!new URLSearchParams(location.search).has('lang')) return path;
  const url = new URL(path, location.origin);
  url.searchParams.set('lang', pageLanguage());
  return `${url.pathname}${url.search}${url.hash}`;
}
