/**
 * A visitor of one day, and how the user agent tells its kind. Neither identifies a person.
 *
 * Not here: the identity, a keyed hash of address and user agent (`http/visit/visitors.ts`), and
 * how visitors are counted (`stores/`).
 */
import { isbot } from 'isbot';
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
 * Libraries and programs with which people call APIs. isbot classifies them as bots, but some of
 * them make real visits. Most are also in the list of libraries that device-detector keeps
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
 * Longer user agents are cut before they are matched: patterns like `a.*b` take time in proportion
 * to the square of the length. Browsers send up to 200 characters, apps that show pages up to 400.
 */
export const USER_AGENT_LENGTH_MAX = 512;

/** The kind of visitor with this user agent. Slower than the rest of a visit: keep the result. */
export function kindOf(userAgent: string): Kind {
  const text = userAgent.slice(0, USER_AGENT_LENGTH_MAX);
  if (PROXY.test(text)) return 'proxy';
  if (PROGRAM.test(text)) return 'program';
  return isbot(text) ? 'bot' : 'person';
}
