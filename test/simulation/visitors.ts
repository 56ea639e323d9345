/**
 * Who visits: names of which no two are one to Redis' HyperLogLog, so that its number of visitors
 * is exact.
 */
import type { Kind } from '../../src/counter/visitor.ts';
import { cellOf } from '../../src/stores/redis/hyperloglog.ts';

/** How many there are of each kind on a day. */
export const EACH = 20;
const days = new Map<number, Map<Kind, string[]>>();

/** The ids of visitors of a kind on a day; none for bots and proxies, who have none. */
export function visitorIds(kind: Kind, day: number): readonly string[] {
  const known = days.get(day) ?? idsOf(day);
  days.set(day, known);
  return known.get(kind) ?? [];
}

function idsOf(day: number): Map<Kind, string[]> {
  const registers = new Set<number>();
  const pick = (letter: string) => {
    const ids: string[] = [];
    for (let number = 0; ids.length < EACH; number++) {
      const id = `${letter}${number}d${day}`;
      const register = cellOf(letter + id) >>> 6;
      if (!registers.has(register)) ids.push(id);
      registers.add(register);
    }
    return ids;
  };
  // The letters are those that Redis' script puts before ids.
  return new Map([
    ['person', pick('p')],
    ['program', pick('g')],
  ]);
}
