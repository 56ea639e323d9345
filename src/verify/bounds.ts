/**
 * Checks the number of counted visits: answered visits <= counted <= answered visits plus requests
 * without a number.
 */
import { pluralize } from '../plural.ts';
import type { Finding } from './finding.ts';
import type { Frame } from './history.ts';

/** The numbers at the end of a run. */
export interface FinalNumbers extends Omit<Frame, 'mayFail'> {
  /** The number of visits with and without a number. */
  readonly answered: number;
  readonly unanswered: number;
  /** The lowest and the highest number that a visit got. */
  readonly lowest: number;
  readonly highest: number;
}

const visits = (number: number) => pluralize(number, 'visit', String);
const are = (number: number) => `${number} ${number === 1 ? 'is' : 'are'}`;

/**
 * The verdict. With `alone`, a total that changes without our visits is a fault; otherwise it
 * shows that others visit.
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
  // The visit that read `after` counts, too.
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
