/** How the output of commands is compared with documents. */
import { describe, expect, test } from 'bun:test';
import { difference } from '../support/document.ts';

describe('a document and the real output', () => {
  const table = ['ID … NAME', '… mystack_web … 3/3 …'];

  test('may differ in spaces, empty lines, and where the document has “…”', () => {
    expect(
      difference(table, 'ID   NAME\n\nabc  mystack_web  replicated  3/3  x\n'),
    ).toBeUndefined();
    expect(difference([], '\n')).toBeUndefined();
  });

  test('differ when a line is different or in another place', () => {
    expect(difference(table, 'ID NAME\nabc mystack_web replicated 2/3 x')).toContain('2/3');
    expect(difference(table, 'abc mystack_web replicated 3/3 x\nID NAME')).toContain(
      '“ID … NAME”',
    );
    expect(difference(['7'], '17')).toBe('“17” was shown, where the document says “7”');
    expect(difference(['7', '8'], '7')).toContain('nothing more');
  });

  test('differ when the output has a line that the document lacks', () => {
    const shown = ['ID NAME', 'abc mystack_web replicated 3/3 x'];
    for (let at = 0; at <= shown.length; at++) {
      expect(difference(table, shown.toSpliced(at, 0, '3 Expose-Headers').join('\n'))).toContain(
        'Expose-Headers',
      );
    }
    expect(difference([], 'something')).toContain('something');
  });

  test('may differ in any lines where the document has a line with only “…”', () => {
    const expected = ['first', '…', 'last'];
    expect(difference(expected, 'first\nlast')).toBeUndefined();
    expect(difference(expected, 'first\nlast\nmore\nlast')).toBeUndefined();
    expect(difference(expected, 'first\nlast\nmore')).toContain('“more”');
    expect(difference(expected, 'other\nlast')).toContain('“other”');
  });
});
