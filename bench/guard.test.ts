/**
 * `npm test -- guard`: a visit does not cost half again what decision 8 states. Runs in `npm test
 * -- all` and `.ci/run`, alone, before the rest.
 */
import { describe, expect, test } from 'bun:test';
import { guard } from './guard.ts';
import { NGINX } from './peers.ts';
import { SEEN_ON_REDIS, SEEN_ON_SQLITE } from './seen.ts';
import { statedRatio } from './stated.ts';

describe('a visit costs at most half again the CPU time that decision 8 states, to nginx', () => {
  for (const service of [SEEN_ON_REDIS, SEEN_ON_SQLITE]) {
    test(service.name, async () => {
      await using floor = await NGINX.start();
      await using running = await service.start();
      const { fine, said } = await guard(running, floor, statedRatio(service.name));
      process.stdout.write(`${service.name}: ${said}\n`);
      expect({ said, fine }).toEqual({ said, fine: true });
    });
  }
});

test('what decision 8 states is read from its text, and missed when it is not there', () => {
  expect(statedRatio('Seen on Redis', '| Seen on Redis | 6.31 |')).toBe(6.31);
  expect(() => statedRatio('Seen on Redis', '| Seen on Redis | fast |')).toThrow('no row');
  expect(() => statedRatio('Seen on Redis', 'Seen on Redis: 6.31')).toThrow('no row');
});
