/** Which visits belong to one visitor of a day. */
import { expect, test } from 'bun:test';
import { Visitors, visitorOf } from '../../../../src/http/visit/visitors.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

test('a visitor is the same all day, and a different one on another day, at another address or with another browser', () => {
  const id = visitorOf('192.0.2.7', FIREFOX, 'salt').id;
  expect(id).toMatch(/^[\w-]{11}$/);
  expect(visitorOf('192.0.2.7', FIREFOX, 'salt').id).toBe(id);
  expect(visitorOf('192.0.2.7', FIREFOX, 'pepper').id).not.toBe(id);
  expect(visitorOf('192.0.2.8', FIREFOX, 'salt').id).not.toBe(id);
  expect(visitorOf('192.0.2.7', 'curl/8', 'salt').id).not.toBe(id);
  expect(JSON.stringify(visitorOf('192.0.2.7', FIREFOX, 'salt'))).not.toContain('192.0.2.7');
});

test('bots, and proxies with many people behind them, are no visitors', () => {
  expect(visitorOf('192.0.2.7', 'Twitterbot/1.0', 'salt')).toEqual({ kind: 'bot', id: undefined });
  expect(visitorOf('192.0.2.7', 'github-camo (x)', 'salt')).toEqual({
    kind: 'proxy',
    id: undefined,
  });
});

test('the identity depends on all of a long user agent', () => {
  const ids = ['a', 'b'].map(
    (end) => visitorOf('192.0.2.7', `${FIREFOX} ${'x'.repeat(1000)}${end}`, 'salt').id,
  );
  expect(ids[0]).not.toBe(ids[1]);
});

test('the memory for user agents does not grow', () => {
  for (let n = 0; n < 5000; n++)
    expect(visitorOf('192.0.2.7', `curl/${n}`, 'salt').kind).toBe('program');
  expect(visitorOf('192.0.2.7', FIREFOX, 'salt').kind).toBe('person');
});

test('after a failure the salt is read again in a second, also when the time of day is set back', async () => {
  const clock = new ManualClock();
  let now = 1_795_000_000_000;
  let away = true;
  const visitors = new Visitors({
    history: {
      salt: async () => {
        if (away) throw new Error('made by the test');
        return 'salt';
      },
    },
    clientAddress: (peer) => peer,
    clock,
    now: () => now,
    newSalt: () => 'new salt',
  });
  const id = async () => (await visitors.named('somebody')).id;
  expect(await id()).toBeUndefined();
  away = false;
  now -= 3_600_000;
  clock.jump(999);
  expect(await id()).toBeUndefined();
  clock.jump(1);
  expect(await id()).toBeString();
});
