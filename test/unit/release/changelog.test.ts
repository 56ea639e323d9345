/** The changelog as the notes of a release. */
import { describe, expect, test } from 'bun:test';
import { notesOf, sectionsOf, withAbsoluteLinks } from '../../../release/changelog.ts';

const HEAD = '# Changes\n\nOf all versions.\n\n';
const changelog = (unreleased = '', heading = '## 1.2.0 - 2026-11-30', body = '- New.\n') =>
  `${HEAD}## Unreleased\n${unreleased}\n${heading}\n\n${body}\n## 1.1.9 - 2026-01-02\n\n- Old.\n`;

describe('the notes of a release', () => {
  test('are the section of its version and no other', () => {
    expect(notesOf(changelog('', undefined, '### Added\n\n- New.\n'), '1.2.0')).toBe(
      '### Added\n\n- New.',
    );
  });

  const refusals = {
    'a version without a section': [changelog(), '1.3.0', 'no section for 1.3.0'],
    'a section without a date': [changelog('', '## 1.2.0'), '1.2.0', 'no date'],
    'an empty section': [changelog('', undefined, ''), '1.2.0', 'is empty'],
    'a version that is not the newest': [changelog(), '1.1.9', '1.2.0 above 1.1.9'],
    'changes that are left under Unreleased': [
      changelog('\n- Later.\n'),
      '1.2.0',
      'changes under “Unreleased”',
    ],
    'a heading in another form': [changelog('', '## 1.2.0 (today)'), '1.2.0', '1.2.0 (today)'],
  } as const;

  for (const [what, [text, version, message]] of Object.entries(refusals)) {
    test(`are refused for ${what}`, () => {
      expect(() => notesOf(text, version)).toThrow(message);
    });
  }

  test('need no section Unreleased', () => {
    expect(notesOf(`${HEAD}## 1.0.0 - 2026-11-30\n\n- All.\n`, '1.0.0')).toBe('- All.');
  });
});

test('a changelog has its sections in the order of the file', () => {
  expect(sectionsOf(changelog()).map(({ version, date }) => ({ version, date }))).toEqual([
    { version: 'Unreleased', date: undefined },
    { version: '1.2.0', date: '2026-11-30' },
    { version: '1.1.9', date: '2026-01-02' },
  ]);
});

test('links to files become links to a place on the web, and other links stay', () => {
  expect(
    withAbsoluteLinks('[a](docs/a.md#b) [c](https://c.test) [d](#d)', 'https://x.test/v1'),
  ).toBe('[a](https://x.test/v1/docs/a.md#b) [c](https://c.test) [d](#d)');
});
