/**
 * Who made a visit: which of the day's visitors, and what kind of one. Nothing of it can be turned back into a person.
 *
 * A visitor is a keyed hash of address and user agent. The key, the day's salt, is shared by all replicas and deleted when the day is over;
 * from then on nobody can tell whose hash it was, or that two days' hashes are of one person. The idea is that of cookie-free analytics
 * (https://plausible.io/data-policy). Not here: where salts are kept, and how visitors are counted, which is the stores'.
 */
import { isbot } from 'isbot';

/**
 * What made a visit:
 * - `person`: a browser, as far as one can tell
 * - `program`: what calls an API: curl, a library, whatever names no browser
 * - `proxy`: fetches for many people, whose addresses it hides: image proxies of GitHub, of mail services
 * - `bot`: crawlers, monitors, previews
 */
export type Kind = 'person' | 'program' | 'proxy' | 'bot';
export const KINDS: readonly Kind[] = ['person', 'program', 'proxy', 'bot'];

/** A visitor of today. */
export interface Visitor {
  readonly kind: Kind;
  /** The same all day, and different on another; `undefined` for bots, and for proxies, behind which are many. */
  readonly id: string | undefined;
}

const PROXY =
  /github-camo|GoogleImageProxy|YahooMailProxy|Outlook-?Image-?Proxy|BingPreview\/.*Mail|Fastmail.*proxy/i;
/** Libraries and programs that people call APIs with. isbot takes them for bots, and some of them make real visits. */
const PROGRAM =
  /^$|^(curl|Wget|HTTPie|PostmanRuntime|insomnia|python-requests|python-urllib|Python\/|aiohttp|httpx|node-fetch|node|undici|axios|got|superagent|okhttp|Dalvik|Java\/|Apache-HttpClient|Go-http-client|Ruby|Faraday|GuzzleHttp|PHP|reqwest|hyper|Deno|Bun|Dart|libwww-perl|lua-resty-http|CFNetwork|seen-verify)\b/i;

/** So many user agents are remembered: looking one up anew takes longer than all else that a visit does here. */
const REMEMBERED_MAX = 1000;
const remembered = new Map<string, Kind>();

/** What kind of visitor says this of itself. */
export function kindOf(userAgent: string): Kind {
  const known = remembered.get(userAgent);
  if (known) return known;
  const kind = lookUp(userAgent);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(userAgent, kind);
  return kind;
}

function lookUp(userAgent: string): Kind {
  if (PROXY.test(userAgent)) return 'proxy';
  if (PROGRAM.test(userAgent)) return 'program';
  return isbot(userAgent) ? 'bot' : 'person';
}

/** The visitor at `address` with this user agent, on the day whose salt this is. */
export function visitorOf(address: string, userAgent: string, salt: string): Visitor {
  const kind = kindOf(userAgent);
  if (kind === 'bot' || kind === 'proxy') return { kind, id: undefined };
  return { kind, id: keyed(`${address}\n${userAgent}`, salt) };
}

/** The person whom a program calls by this name, on the day whose salt this is; unknown without a salt. */
export function personOf(name: string, salt: string | undefined): Visitor {
  // No address and no user agent begins like this, so that nobody is taken for somebody else.
  return { kind: 'person', id: salt === undefined ? undefined : keyed(`\nnamed\n${name}`, salt) };
}

/** The name that a network or an address has on the day whose salt this is. */
export function placeIn(network: string, salt: string): string {
  return keyed(network, salt);
}

/** 66 bits: among a million visitors of a day two meet by chance once in 150 million days. */
function keyed(text: string, salt: string): string {
  return new Bun.CryptoHasher('sha256', salt).update(text).digest('base64url').slice(0, 11);
}
