/**
 * Whether as many visits are counted as there were: numbers answered <= counted <= numbers
 * answered and requests without one.
 */
import { counted as countedThings } from '../plural.ts';
import type { Finding } from './finding.ts';
import type { Frame } from './history.ts';

/** What is known of the numbers at the end of a run. */
export interface FinalNumbers extends Omit<Frame, 'mayFail'> {
  /** How many visits got a number, and how many did not. */
  readonly answered: number;
  readonly unanswered: number;
  /** The lowest and the highest number that a visit got. */
  readonly lowest: number;
  readonly highest: number;
}

const visits = (number: number) => countedThings(number, 'visit', String);
const are = (number: number) => `${number} ${number === 1 ? 'is' : 'are'}`;

/**
 * The verdict. Where nobody else visits (`alone`), a total that moves by itself is a fault;
 * otherwise it says that others visit.
 */
export function bounds(ends: FinalNumbers): Finding {
  const { before, after, others, alone = false, answered, unanswered, lowest, highest } = ends;
  const check = 'bounds';
  const broken = (count: number, words: string): Finding => ({
    check,
    status: 'broken',
    count,
    words,
  });
  const untested = (words: string): Finding => ({ check, status: 'untested', count: 0, words });
  if (answered > 0 && lowest <= before) {
    return broken(1, `${lowest} was given out, and the counter stood at ${before} before`);
  }
  if (after === undefined) return untested('the counter did not answer at the end');
  if (answered > 0 && highest >= after) {
    return broken(1, `${highest} was given out, and the counter stands at ${after - 1} only`);
  }
  // The visit that asked for `after` is one itself.
  const counted = after - 1 - before;
  if (counted < answered) {
    return broken(
      answered - counted,
      `${visits(answered)} got a number, and ${are(counted)} counted`,
    );
  }
  if (others && alone) {
    return broken(
      1,
      'the total moved while verify did not visit: somebody else counts, or a count came late',
    );
  }
  if (others) {
    return untested(
      `others visit too: ${are(counted)} counted, ${answered} of them got their number here. Nothing is lost`,
    );
  }
  const most = answered + unanswered;
  if (counted > most) {
    return broken(
      counted - most,
      `${visits(answered)} got a number and ${unanswered} did not, and ${are(counted)} counted`,
    );
  }
  return { check, status: 'held', count: 0, words: '' };
}
