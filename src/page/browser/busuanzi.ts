/**
 * `/busuanzi/js`: counts a view and fills the elements that pages have for busuanzi, for its
 * self-hosted clone, or for Vercount.
 *
 * It runs in a page that is not ours: it throws no errors, changes only these elements, and
 * contacts only the Seen that it was loaded from, or the address in `data-api`. Each run counts a
 * view, because pages that change without loading run it again. The attributes for authors of
 * pages are in docs/migrate/busuanzi.md.
 */

type Numbers = Readonly<Record<string, number | null>>;

/** The ends of the elements' ids. */
const NAMES = ['site_pv', 'site_uv', 'page_pv', 'page_uv'] as const;
/** The key in localStorage under which the clone's script keeps its token. */
const MARK = 'bsz-id';
const MARK_HEADER = 'Set-Bsz-Identity';
/** The prefix of Vercount's cookie, which marks a browser that was counted. */
const VERCOUNT_COOKIE = 'vercount_uv_';
/** The units of the style `short`. */
const UNITS = ['', 'K', 'M', 'B', 'T'];

/** What scripts of pages call. */
interface Callable {
  seenPjax?: true;
  bszCaller?: { fetch(url: string, use: (numbers: Numbers) => void): void };
  bszTag?: {
    bszs: readonly string[];
    texts(numbers: Numbers): void;
    shows(): void;
    hides(): void;
  };
}

const page = window as Callable;
const doc = document as Document & { prerendering?: boolean };
const script = doc.currentScript as HTMLScriptElement | null;
/** The URL of this script; `undefined` if it was loaded as a module. */
const source = script?.src;
const { api, prefix = 'busuanzi', style }: DOMStringMap = script?.dataset ?? {};

/** The address to call. Scripts at `/js` are next to it, the others one folder below. */
function apiUrl(): URL {
  const isNext = new URL(source ?? '').pathname.endsWith('/js');
  return new URL(api ?? (isNext ? 'api' : '../api'), source);
}

/** The elements with this name in any of the namings. */
function elements(kinds: readonly string[], name: string): HTMLElement[] {
  return [...new Set(kinds)].flatMap((kind) => doc.getElementById(`${kind}_${name}`) ?? []);
}

const valuesOf = (name: string) =>
  elements([prefix, 'busuanzi', 'busuanzi_value', 'vercount_value'], name);

function display(name: string, value: 'inline' | 'none'): void {
  const kinds = [prefix, 'busuanzi', 'vercount'].map((kind) => `${kind}_container`);
  for (const element of elements(kinds, name)) element.style.display = value;
}

function written(number: number): string {
  if (style === 'comma') return number.toLocaleString();
  if (style !== 'short') return `${number}`;
  let [rest, unit] = [number, 0];
  while (rest >= 1000 && unit < UNITS.length - 1) [rest, unit] = [rest / 1000, unit + 1];
  return `${Math.round(rest * 100) / 100}${UNITS[unit]}`;
}

/** Shows the numbers, and hides what has none. */
function show(numbers: Numbers): void {
  for (const name of NAMES) {
    const number = numbers[name];
    if (typeof number === 'number')
      for (const element of valuesOf(name)) element.textContent = written(number);
    display(name, typeof number === 'number' ? 'inline' : 'none');
  }
}

const hide = () => show({});

/** What this browser keeps for the site; `undefined` for nothing. */
function kept(name: string): string | undefined {
  try {
    return localStorage[name];
  } catch {
    // This site may not use storage.
    return undefined;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage[name] = value;
  } catch {
    // This site may not use storage.
  }
}

/** The token of a browser that has been counted as a visitor. */
function markOf(): string | undefined {
  return kept(MARK) ?? (doc.cookie.includes(VERCOUNT_COOKIE) ? 'vercount' : undefined);
}

/** Counts a view and returns the numbers; `undefined` when there are none. Never fails. */
async function count(): Promise<Numbers | undefined> {
  try {
    const mark = markOf();
    const response = await fetch(apiUrl(), {
      // A browser that is excluded from the counts of this site only reads.
      method: kept('seen_own_visits') === undefined ? 'POST' : 'GET',
      headers: {
        'X-Bsz-Referer': location.origin + location.pathname,
        ...(mark === undefined ? {} : { Authorization: `Bearer ${mark}` }),
      },
    });
    const { success, data } = await response.json();
    if (!success) return undefined;
    const given = response.headers.get(MARK_HEADER);
    if (given !== null) keep(MARK, given);
    return data;
  } catch {
    return undefined;
  }
}

/** Resolves when the page has its elements. */
async function ready(): Promise<void> {
  if (doc.readyState !== 'loading') return;
  await new Promise((resolve) => {
    doc.addEventListener('DOMContentLoaded', resolve, { once: true });
  });
}

/** The number of the last view. */
let last = 0;

async function view(use = show): Promise<void> {
  const order = ++last;
  const numbers = await count();
  await ready();
  // The page is at another view already.
  if (order !== last) return;
  try {
    if (numbers) use(numbers);
    else hide();
  } catch {
    hide();
  }
}

/** Counts again whenever the script of the page changes the path. */
function follow(): void {
  if (page.seenPjax) return;
  page.seenPjax = true;
  const pushState = history.pushState.bind(history);
  history.pushState = (...change) => {
    pushState(...change);
    void view();
  };
  addEventListener('popstate', () => void view());
}

function start(): void {
  void view();
  if (script?.hasAttribute('pjax') || source?.includes('/lite_pjax')) follow();
}

if (source && /^https?:$/.test(location.protocol)) {
  // What the original has for scripts of its pages. They name the original's address.
  page.bszCaller ??= { fetch: (_, use) => void view(use) };
  page.bszTag ??= {
    bszs: NAMES,
    texts: show,
    shows: () => undefined,
    hides: hide,
  };
  // A prerendered page waits until it is shown.
  if (doc.prerendering) doc.addEventListener('prerenderingchange', start);
  else start();
}
