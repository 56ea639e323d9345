/**
 * `/embed.js`: fills the elements of other people's pages that say which counter they show
 * (`data-seen`).
 *
 * It runs in a page that is not ours: it throws nothing into it, changes nothing of it but these
 * elements, asks only the Seen that it came from, and stays under 2 kB (a test holds it). An
 * element is hidden until its number is known, and stays hidden where there is none. In each view
 * of a page it counts once on each counter, however many elements show it. A view begins when a
 * page is loaded, and when it goes to another path by itself. What people write into their pages
 * is in docs/embed.md. Not here: polyfills, and a second Seen in the same page.
 */

const NAME = /^(hits|[\w.-]{3,64}\/[\w.-]{3,64})$/;
/** So many of the longest names fit into the URL of one request. */
const NAMES_MAX = 14;
/** One stream follows so many. */
const FOLLOWED_MAX = 20;
/** Elements that come together are filled together. */
const GATHER_MS = 50;
/** By then a page that went to another path has replaced what belongs to the one before. */
const SETTLE_MS = 1000;
/** After so long a stream that was refused is asked for again, then after longer and longer. */
const AGAIN_MS = 5000;
/** `EventSource.CLOSED`, in fewer bytes. */
const CLOSED = 2;

const READ = 1;
const COUNTED = 2;

const page = window as { seenEmbed?: true; navigation?: EventTarget };
const doc = document as Document & { prerendering?: boolean };
/** Only a script of the classic kind knows it. */
const source = (doc.currentScript as HTMLScriptElement | null)?.src;
const urlOf = (path: string) => new URL(path, source);
const on = (target: EventTarget | undefined, type: string, listener: (event: never) => void) =>
  target?.addEventListener(type, listener as EventListener);

/** The last number of each counter; `null` for one that tells none. */
const numbers: Record<string, number | null> = {};
/** When each was asked for or told, in the order of all: answers overtake each other. */
const ages: Record<string, number> = {};
let age = 0;
/** What was asked for each counter in this view. */
let asked: Record<string, number> = {};
/** For which counter each element was filled. */
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
    // What the page says is no language.
  }
  element.textContent = text;
}

function tell(name: string, number: number | null, its: number): void {
  if ((ages[name] ?? 0) > its) return;
  ages[name] = its;
  numbers[name] = number;
  each((element, shown) => shown === name && show(element, number));
}

/**
 * Asks, and shows what is answered. Without an answer nothing changes: Seen is away, or the page
 * does not allow to ask it.
 */
async function ask(path: string, method?: 'POST'): Promise<void> {
  const its = ++age;
  try {
    // `keepalive`: also when the visitor leaves at once.
    const response = await fetch(urlOf(path), { method, keepalive: true } as RequestInit);
    const { name, value, values = { [name]: value } } = await response.json();
    if (response.ok) for (const of in values) tell(of, values[of], its);
  } catch {}
}

/** Fills the elements that are new, or have another counter than before. */
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
    if ((asked[name] ?? 0) >= wanted) return;
    asked[name] = wanted;
    if (wanted === READ) {
      reads.add(name);
      return;
    }
    reads.delete(name);
    void ask(`api/v1/${name === 'hits' ? 'default' : `counters/${name}`}/hit`, 'POST');
  });
  const names = [...reads];
  while (names.length > 0) void ask(`api/v1/values?names=${names.splice(0, NAMES_MAX).join()}`);
  follow([...live].slice(0, FOLLOWED_MAX).join());
}

/** The counters that the stream follows, with commas between. */
let followed = '';
let stream: EventSource | undefined;
let again: number | undefined;
let againMs = AGAIN_MS;

function follow(names: string): void {
  if (names === followed) return;
  followed = names;
  listen();
}

/**
 * Listens while the page is seen: a browser opens few connections to one server, for all pages
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
    tell(name, value, ++age);
  });
  on(ours, 'error', () => {
    // Refused. Where a stream only ended, the browser comes back by itself.
    if (ours.readyState === CLOSED) again = setTimeout(listen, (againMs *= 1 + Math.random()));
  });
}

/** Where the page is; `/a/` is `/a`. */
const pathNow = () => location.pathname.replace(/\/$/, '');
let path: string;
let settling: number | undefined;
let gathering: number;

/**
 * Begins a view if the page is at another path. What is new in the page counts for it at once, and
 * what stayed when the page has settled.
 */
function look(): void {
  if (pathNow() === path) return;
  path = pathNow();
  asked = {};
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
    // Without the Navigation API nobody tells when a page goes to another path; but then it
    // changes.
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

/** Whether who has this browser left it out of the counts of this site. */
let own: unknown;
try {
  own = localStorage['seen_own_visits'];
} catch {
  // It keeps nothing for this site.
}

// Once, however often the page has the script.
if (source && !page.seenEmbed) {
  page.seenEmbed = true;
  // A page that is made ahead of its visit waits for it.
  if (doc.prerendering) on(doc, 'prerenderingchange', start);
  else start();
}
