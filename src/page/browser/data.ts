/** The data that the server wrote into the page for its script (`frame.ts`). */
export function pageData<T>(): T {
  return JSON.parse(document.getElementById('data')?.textContent ?? '{}') as T;
}

/** The language of the page, a tag such as `zh-Hans`. */
export function pageLanguage(): string {
  return document.documentElement.lang;
}
