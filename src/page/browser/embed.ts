/**
 * `/embed.js`: fills the elements of other sites' pages that name a counter (`data-seen`).
 *
 * It runs in a page that is not ours: it throws no errors, changes only these elements, contacts
 * only the Seen that it was loaded from, and stays under 2 kB (a test checks this). An element is
 * hidden until its number is known, and stays hidden if there is none. In each view of a page it
 * counts once on each counter, however many elements show it. A view begins when a page is loaded,
 * and when its own script changes the path. The attributes for authors of pages are in
 * docs/embed.md. Not here: polyfills, and a second Seen in the same page.
 */

const NAME = /^(hits|[\w.-]{3,64}\/[\w.-]{3,64})$/;
/** This many of the longest names fit into the URL of one request. */
const NAMES_MAX = 14;
/** The maximum number of counters of one stream. */
const FOLLOWED_MAX = 20;
/** Elements added within this time are filled together. */
const GATHER_MS = 50;
/** Within this time after a change of the path, a page has replaced its old content. */
const SETTLE_MS = 1000;
/** The delay before a refused stream is opened again; it grows with each refusal. */
const AGAIN_MS = 5000;
/** `EventSource.CLOSED`, in fewer bytes. */
const CLOSED = 2;

const READ = 1;
const COUNTED = 2;

const page = window as { seenEmbed?: true; navigation?: EventTarget };
const doc = document as Document & { prerendering?: boolean };
/** The URL of this script; `undefined` if it was loaded as a module. */
const source = (doc.currentScript as HTMLScriptElement | null)?.src;
const urlOf = (path: string) => new URL(path, source);
const on = (target: EventTarget | undefined, type: string, listener: (event: never) => void) =>
  target?.addEventListener(type, listener as EventListener);

/** The last number of each counter; `null` for one without a public number. */
const numbers: Record<string, number | null> = {};
/** The request that each number comes from, because responses may overtake each other. */
const orders: Record<string, number> = {};
/** Numbers requests and events. */
let lastOrder = 0;
/** The request sent for each counter in this view: `READ` or `COUNTED`. */
let requested: Record<string, number> = {};
/** The counter that each element was filled for. */
let filled = new WeakMap<Element, string>();

function each(use: (element: HTMLElement, name: string) => void): void {
  for (const element of doc.querySelectorAll<HTMLElement>('[data-seen]')) {
    const name = element.dataset['seen'] as string;
    if (NAME.test(name)) use(element, name);
  }
}

function show(element: HTMLElement, number: number | null): void {
  element.hidden = number === null;
  if (number === null) return;
  let text = number.toLocaleString();
  try {
    text = number.toLocaleString(element.closest<HTMLElement>('[lang]')?.lang);
  } catch {
    // The page's `lang` is not a valid language.
  }
  element.textContent = text;
}

/** Shows the number of a counter, unless a later request has given one already. */
function tell(name: string, number: number | null, order: number): void {
  if ((orders[name] ?? 0) > order) return;
  orders[name] = order;
  numbers[name] = number;
  each((element, shown) => shown === name && show(element, number));
}

/**
 * Sends a request and shows its result. On failure nothing changes: Seen is unavailable, or the
 * page's policy forbids the request.
 */
async function ask(path: string, method?: 'POST'): Promise<void> {
  const order = ++lastOrder;
  try {
    // `keepalive`: the request is sent even when the visitor leaves at once.
    const response = await fetch(urlOf(path), { method, keepalive: true } as RequestInit);
    const { name, value, values = { [name]: value } } = await response.json();
    if (response.ok) for (const of in values) tell(of, values[of], order);
  } catch {}
}

/** Fills elements that are new or whose counter has changed. */
function fill(): void {
  const reads = new Set<string>();
  const live = new Set<string>();
  gathering = 0;
  each((element, name) => {
    const { seenCount, seenLive } = element.dataset;
    if (seenLive !== undefined) live.add(name);
    if (filled.get(element) === name) return;
    filled.set(element, name);
    show(element, numbers[name] ?? null);
    const wanted = own || seenCount === 'no' ? READ : COUNTED;
    if ((requested[name] ?? 0) >= wanted) return;
    requested[name] = wanted;
    if (wanted === READ) {
      reads.add(name);
      return;
    }
    reads.delete(name);
    void ask(`api/v1/${name === 'hits' ? 'default' : `counters/${name}`}/hit`, 'POST');
  });
  const names = [...reads];
  while (names.length > 0) void ask(`api/v1/values?names=${names.splice(0, NAMES_MAX).join()}`);
  // As many as fit into the URL of one request: 1,819 characters are `NAMES_MAX` of the longest.
  const fitting = /^.{0,1819}(?=,|$)/;
  const [wanted] = fitting.exec([...live].slice(0, FOLLOWED_MAX).join()) as RegExpExecArray;
  if (wanted === followed) return;
  followed = wanted;
  listen();
}

/** The counters that the stream follows, separated by commas. */
let followed = '';
let stream: EventSource | undefined;
let again: number | undefined;
let againMs = AGAIN_MS;

/**
 * Listens while the page is visible: a browser opens few connections to one server, for all pages
 * together.
 */
function listen(): void {
  stream?.close();
  clearTimeout(again);
  if (!followed || doc.hidden) return;
  const ours = new EventSource(urlOf(`live?counters=${followed}`));
  stream = ours;
  on(ours, 'message', ({ data }: MessageEvent) => {
    const { name, value } = JSON.parse(data);
    againMs = AGAIN_MS;
    tell(name, value, ++lastOrder);
  });
  on(ours, 'error', () => {
    // Refused. When a stream only ends, the browser reconnects by itself.
    if (ours.readyState === CLOSED) again = setTimeout(listen, (againMs *= 1 + Math.random()));
  });
}

/** The path of the page, without a slash at its end. */
const pathNow = () => location.pathname.replace(/\/$/, '');
let path: string;
let settling: number | undefined;
let gathering: number;

/**
 * Begins a view if the page is at another path. New elements count for it at once, and old ones
 * when the page has settled.
 */
function look(): void {
  if (pathNow() === path) return;
  path = pathNow();
  requested = {};
  clearTimeout(settling);
  settling = setTimeout(() => {
    filled = new WeakMap();
    fill();
  }, SETTLE_MS);
}

function start(): void {
  path = pathNow();
  fill();
  new MutationObserver(() => {
    // Without the Navigation API there is no event for another path, but the page's content
    // changes then.
    look();
    gathering ||= setTimeout(fill, GATHER_MS);
  }).observe(doc, {
    subtree: true,
    childList: true,
    attributeFilter: ['data-seen', 'data-seen-live'],
  });
  on(page.navigation, 'currententrychange', look);
  on(doc, 'visibilitychange', listen);
}

/** Set when this browser is excluded from the counts of this site. */
let own: unknown;
try {
  own = localStorage['seen_own_visits'];
} catch {
  // This site may not use storage.
}

// Run once, however often the page includes the script.
if (source && !page.seenEmbed) {
  page.seenEmbed = true;
  // A prerendered page waits until it is shown.
  if (doc.prerendering) on(doc, 'prerenderingchange', start);
  else start();
}
