/** Why a counter was not made. A pure function. */
import { fill } from '../../../languages/format.ts';
import type { Problem } from '../ask.ts';
import type { Texts } from './texts.ts';

/** What was wrong and what to do; `problem` is undefined when Seen did not answer. */
export function problemText(name: string, problem: Problem | undefined, words: Texts): string {
  if (!problem) return words.silent;
  const wrong = fill(words.wrong, { detail: problem.detail });
  switch (problem.code) {
    case 'counter-exists':
      return fill(words.taken, { name });
    case 'token-missing':
      return words.tokenMissing;
    case 'token-refused':
      return words.tokenRefused;
    case 'counters-full':
      return words.full;
    case 'rate-limited':
      return words.busy;
    case 'store-full':
      // Seen has answered: only titles and links are not stored.
      return wrong;
    default:
      return problem.status < 500 ? wrong : words.silent;
  }
}
