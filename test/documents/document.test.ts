/** How the output of commands is compared with documents, and a rule for all of these. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from '../support/document.ts';
import { ROOT } from '../support/program.ts';

test('a command that writes a secret makes the file for its owner only', () => {
  const lines = [...new Bun.Glob('docs/*.md').scanSync(ROOT)]
    .flatMap((file) => readFileSync(join(ROOT, file), 'utf8').split('\n'))
    .filter((line) => line.startsWith('(umask 077 '));
  expect(lines.length).toBeGreaterThan(3);
  // Behind the parenthesis, the file would be made before umask is called.
  for (const line of lines) expect(line).toMatch(/ > \S+\)$/);
});

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
