/** The report: what it prints of a service that it does not know. */
import { expect, test } from 'bun:test';
import type { Operation } from '../../../src/verify/history.ts';
import { judgeHistory } from '../../../src/verify/judge-history.ts';
import { changeLines, report } from '../../../src/verify/report.ts';

const ESCAPES = 'a\u001B]0;title\u0007\u009B2J\r\nb';

test('control characters of a service do not reach the terminal', () => {
  const operations: Operation[] = [
    { type: 'hit', connection: 1, start: 0, end: 1, number: 6, servedBy: ESCAPES },
    { type: 'hit', connection: 1, start: 2, end: 3, failure: ESCAPES },
    { type: 'hit', connection: 1, key: 'k', start: 4, end: 5, failure: ESCAPES },
    { type: 'hit', connection: 1, key: 'k', start: 6, end: 7, number: 7 },
  ];
  const history = { before: 5, after: 8, others: false, operations };
  const { result, figures } = judgeHistory(history);
  const text = report('http://localhost', result, figures);
  const shown = 'a�]0;title��2J��b';
  expect(text).toContain(`  ${shown}  █`);
  expect(text).toContain(`BROKEN    every request got its number: 1 ${shown}`);
  expect(text).toContain(`sent again: 1 ${shown}`);
  const changes = [{ second: 4, name: ESCAPES, what: 'came' } as const];
  expect(changeLines(changes)).toEqual([`      4 s  + ${shown} answers`]);
  // The only control characters left end the lines.
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
