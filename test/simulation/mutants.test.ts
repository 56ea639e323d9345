/** The simulated histories detect each one-line change of the protocol. */
import { expect, test } from 'bun:test';
import { MUTANTS } from './mutant-list.ts';
import { judgeAll, mutated } from './mutants.ts';

/** A run takes half a minute; this is for machines that have other things to do. */
const PATIENCE_MS = 900_000;

test(
  'each mutant of the commit protocol fails in some simulated history',
  async () => {
    const verdicts = await judgeAll(MUTANTS);
    expect(
      verdicts.filter(({ found }) => found === undefined).map(({ mutant }) => mutant.what),
    ).toEqual([]);
    expect(verdicts).toHaveLength(MUTANTS.length);
  },
  PATIENCE_MS,
);

test('a mutant whose text is not in its file exactly once is an error', () => {
  const [first] = MUTANTS;
  if (!first) throw new Error('the list of mutants is empty');
  expect(() => mutated({ ...first, old: 'stands nowhere' })).toThrow('0 times');
  expect(() => mutated({ ...first, old: 'await' })).toThrow(/\d+ times/);
  expect(() => mutated({ ...first, changed: first.old })).toThrow(first.what);
});
