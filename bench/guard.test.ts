/**
 * `npm test -- guard`: a visit costs less than 1.2 times the CPU time that decision 8 states,
 * relative to the minimal program. Runs alone, before the rest, in `npm test -- all` and
 * `.ci/run`.
 */
import { describe, expect, test } from 'bun:test';
import { FLOOR } from './floor.ts';
import { guard } from './guard.ts';
import { SEEN } from './seen.ts';
import { statedRatio } from './stated.ts';
import { STORE_NAMES } from './stores.ts';

describe('a visit costs no more than decision 8 states, relative to the minimal program', () => {
  for (const store of STORE_NAMES) {
    const service = SEEN[store].replicas[1];
    test(service.name, async () => {
      await using floor = await FLOOR[store][1].start();
      await using running = await service.start();
      const { fine, said } = await guard(running, floor, statedRatio(service.name));
      process.stdout.write(`${service.name}: ${said}\n`);
      expect({ said, fine }).toEqual({ said, fine: true });
    });
  }
});

test('the statement of decision 8 is read from its text, and a missing one is an error', () => {
  expect(statedRatio('Seen on Redis', '| Seen on Redis | 1.67 |')).toBe(1.67);
  expect(() => statedRatio('Seen on Redis', '| Seen on Redis | fast |')).toThrow('no row');
  expect(() => statedRatio('Seen on Redis', 'Seen on Redis: 1.67')).toThrow('no row');
});
