/**
 * The visitor of a visit: an anonymous identity for one day, and a kind. Neither identifies a
 * person.
 *
 * The identity is a keyed hash of address and user agent. The key, the day's salt, is shared by
 * all replicas and deleted at the end of the day; after that a hash cannot be traced to an
 * address, nor linked to a hash of another day. The idea is that of cookie-free analytics
 * (https://plausible.io/data-policy). Not here: where salts are kept, and how visitors are
 * counted, which is the stores'.
 */

import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';
import type { Kind } from '../contract/history.ts';

/** A visitor of today. */
export interface Visitor {
  readonly kind: Kind;
  /** Constant for one day; `undefined` for bots, and for proxies, which hide many people. */
  readonly id: string | undefined;
}

/**
 * Programs that fetch images for many people. By their sources: GitHub's camo, atmos/camo ("Camo
 * Asset Proxy"), cactus/go-camo, willnorris/imageproxy, imgproxy, Misskey's proxy, and shields.io
 * for its endpoint badge; by their vendors' documents: those of Google, Yahoo, Outlook, Bing,
 * Fastmail and Slack.
 */
const PROXY = new RegExp(
  [
    String.raw`\b(github-camo|go-camo|atmos/camo|camo asset proxy|willnorris/imageproxy|Slack-ImgProxy)\b`,
    String.raw`^(imgproxy|MisskeyMediaProxy)\b|^shields(\.io| \(self-hosted\))/`,
    'GoogleImageProxy|YahooMailProxy|Outlook-?Image-?Proxy|BingPreview/.*Mail|Fastmail.*proxy',
  ].join('|'),
  'i',
);
/**
 * Libraries and programs that people call APIs with. isbot takes them for bots, and some of them
 * make real visits. Most are also in the list of libraries that device-detector keeps
 * (https://github.com/matomo-org/device-detector/blob/master/regexes/client/libraries.yml).
 */
const PROGRAM = new RegExp(
  [
    '^$',
    // The default of apps on Apple's systems: `App/1 CFNetwork/1568.100.1 Darwin/24.0.0`.
    String.raw`\b(CFNetwork|AppleCoreMedia)/`,
    String.raw`^(${[
      'curl|libcurl|PycURL|r-curl|Wget|aria2|xh|HTTPie|PostmanRuntime|insomnia|bruno-runtime|k6',
      'ApacheBench|hey|wrk',
      String.raw`python-(requests|urllib3?|httpx|httplib2)|Python(-urllib|-xmlrpc)?/|aiohttp`,
      'httpx|GRequests|Boto3',
      'node-fetch|node-superagent|node|undici|axios|got|superagent|needle|ky|Deno|Bun|electron-fetch',
      'okhttp|Dalvik|Java|Java-http-client|Apache-HttpClient|ReactorNetty',
      'Jakarta Commons-HttpClient|ktor-client',
      'Ktor client|akka-http|scalaj-http|unirest-java|Google-HTTP-Java-Client',
      'babashka\\.http-client|RestSharp',
      'Go-http-client|go-resty|fasthttp|req/v\\d|Ruby|rest-client|http\\.rb|Faraday',
      'Typhoeus|HTTParty|Mechanize',
      'GuzzleHttp|PHP|PHP-Curl-Class|Symfony HttpClient|CakePHP|HTTP_Request2',
      'reqwest|hyper|ureq|isahc|cpp-httplib|cpprestsdk|libsoup|Dart|Alamofire|hackney|Mint|Req',
      'libwww-perl|HTTP-Tiny|AnyEvent-HTTP|Mojolicious|lua-resty-http|resty-requests|uclient-fetch',
      'ESP32 ?HTTP ?Client|ESP8266HTTPClient|Mikrotik|UnityPlayer|GodotEngine|seen-verify',
    ].join('|')})\b`,
  ].join('|'),
  'i',
);

/**
 * Longer ones are shortened before they are matched: patterns like `a.*b` take time in proportion
 * to the square of the length. Those of browsers have up to 200 characters, those of apps that
 * show pages up to 400.
 */
const USER_AGENT_LENGTH_MAX = 512;
/**
 * The number of cached user agents: classifying one takes longer than the rest of a visit here.
 * Shortened ones are not cached, so that all together take less than 1 MB.
 */
const REMEMBERED_MAX = 1000;
const remembered = new LRUCache<string, Kind>({ max: REMEMBERED_MAX });

/** The kind of visitor with this user agent. */
export function kindOf(userAgent: string): Kind {
  if (userAgent.length > USER_AGENT_LENGTH_MAX)
    return lookUp(userAgent.slice(0, USER_AGENT_LENGTH_MAX));
  const known = remembered.get(userAgent);
  if (known) return known;
  const kind = lookUp(userAgent);
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

/** The visitor that a program names, on the day of this salt; unknown without a salt. */
export function personOf(name: string, salt: string | undefined): Visitor {
  // No address and no user agent begins like this, so named visitors never collide with others.
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
