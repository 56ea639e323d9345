/** The kind of visitor that sends a request. */
import { expect, test } from 'bun:test';
import { kindOf } from '../../../src/counter/visitor.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

test('people, programs, image proxies and bots are distinguished', () => {
  for (const [kind, userAgents] of Object.entries({
    person: [
      FIREFOX,
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
    ],
    program: [
      '',
      'curl/7.88.1',
      'python-requests/2.34.2',
      'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)',
      'okhttp/4.12.0',
      'Go-http-client/2.0',
      'seen-verify',
      'python-httpx/0.27.0',
      'Python-urllib/3.12',
      'Python/3.12 aiohttp/3.9.5',
      'MyApp/1 CFNetwork/1568.100.1 Darwin/24.0.0',
      'com.example.reader/42 (iPhone; iOS 18.1) CFNetwork/1568.100.1 Darwin/24.0.0',
      'Java-http-client/21.0.1',
      'Java/17.0.2',
      'Symfony HttpClient (Curl)',
      'rest-client/2.1.0 (linux x86_64) ruby/3.2.2p53',
      'Dart/3.5 (dart:io)',
      'ktor-client',
      'RestSharp/110.2.0.0',
      'libcurl-agent/1.0',
      'ESP32 HTTP Client/1.0',
      'http.rb/5.2.0',
      'cpp-httplib/0.15',
    ],
    proxy: [
      'github-camo (4b1a2c3d)',
      'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
      'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
      'go-camo',
      'go-camo (2.6.0)',
      'Camo Asset Proxy 2.3.0',
      'atmos/camo',
      'willnorris/imageproxy',
      'imgproxy/3.25.0',
      'MisskeyMediaProxy/0.0.24',
      'Slack-ImgProxy (+https://api.slack.com/robots)',
      'shields.io/2024abc',
      'shields (self-hosted)/dev',
    ],
    bot: [
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      'Twitterbot/1.0',
      'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      'UptimeRobot/2.0',
      'Camouflage-bot/1.0',
    ],
  })) {
    for (const userAgent of userAgents) {
      expect({ userAgent, kind: kindOf(userAgent) }).toEqual({ userAgent, kind: kind as never });
      // From memory, too.
      expect(kindOf(userAgent)).toBe(kind as never);
    }
  }
});

test('a user agent that is longer than any browser’s is recognised by its beginning', () => {
  expect(kindOf(`${FIREFOX} ${'x'.repeat(15_000)}`)).toBe('person');
  expect(kindOf(`curl/8 ${'x'.repeat(15_000)}`)).toBe('program');
  // What decides may stand anywhere in the first 512 characters.
  const of = (before: number) =>
    kindOf(`${FIREFOX} ${'x'.repeat(before - FIREFOX.length - 1)} GoogleImageProxy`);
  expect(of(512 - ' GoogleImageProxy'.length)).toBe('proxy');
  expect(of(512)).toBe('person');
});
