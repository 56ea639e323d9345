/** Who is one visitor, and what kind of one. */
import { expect, test } from 'bun:test';
import { kindOf, visitorOf } from '../../src/counter/visitor.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

test('people, programs, image proxies and bots are told apart', () => {
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
    ],
    proxy: [
      'github-camo (4b1a2c3d)',
      'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
      'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
    ],
    bot: [
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      'Twitterbot/1.0',
      'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      'UptimeRobot/2.0',
    ],
  })) {
    for (const userAgent of userAgents) {
      expect({ userAgent, kind: kindOf(userAgent) }).toEqual({ userAgent, kind: kind as never });
      // From memory, too.
      expect(kindOf(userAgent)).toBe(kind as never);
    }
  }
});

test('a visitor is the same all day, and nobody on another day, at another address or with another browser', () => {
  const id = visitorOf('192.0.2.7', FIREFOX, 'salt').id;
  expect(id).toMatch(/^[\w-]{11}$/);
  expect(visitorOf('192.0.2.7', FIREFOX, 'salt').id).toBe(id);
  expect(visitorOf('192.0.2.7', FIREFOX, 'pepper').id).not.toBe(id);
  expect(visitorOf('192.0.2.8', FIREFOX, 'salt').id).not.toBe(id);
  expect(visitorOf('192.0.2.7', 'curl/8', 'salt').id).not.toBe(id);
  expect(JSON.stringify(visitorOf('192.0.2.7', FIREFOX, 'salt'))).not.toContain('192.0.2.7');
});

test('bots, and proxies behind which are many, are no visitors', () => {
  expect(visitorOf('192.0.2.7', 'Twitterbot/1.0', 'salt')).toEqual({ kind: 'bot', id: undefined });
  expect(visitorOf('192.0.2.7', 'github-camo (x)', 'salt')).toEqual({ kind: 'proxy', id: undefined });
});

test('what is remembered of user agents does not grow', () => {
  for (let n = 0; n < 5000; n++) expect(kindOf(`curl/${n}`)).toBe('program');
  expect(kindOf(FIREFOX)).toBe('person');
});
