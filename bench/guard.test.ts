/**
 * `npm test -- guard`: a visit costs less than 1.5 times the CPU time that decision 8 states. Runs
 * alone, before the rest, in `npm test -- all` and `.ci/run`.
 */
import { describe, expect, test } from 'bun:test';
import { guard } from './guard.ts';
import { NGINX } from './peers.ts';
import { SEEN } from './seen.ts';
import { statedRatio } from './stated.ts';

describe('a visit costs at most 1.5 times the CPU time that decision 8 states, relative to nginx', () => {
  for (const { usual: service } of Object.values(SEEN)) {
    test(service.name, async () => {
      await using floor = await NGINX.start();
      await using running = await service.start();
      const { fine, said } = await guard(running, floor, statedRatio(service.name));
      process.stdout.write(`${service.name}: ${said}\n`);
      expect({ said, fine }).toEqual({ said, fine: true });
    });
  }
});

test('the statement of decision 8 is read from its text, and a missing one is an error', () => {
  expect(statedRatio('Seen on Redis', '| Seen on Redis | 6.31 |')).toBe(6.31);
  expect(() => statedRatio('Seen on Redis', '| Seen on Redis | fast |')).toThrow('no row');
  expect(() => statedRatio('Seen on Redis', 'Seen on Redis: 6.31')).toThrow('no row');
});
