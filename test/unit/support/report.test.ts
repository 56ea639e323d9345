/**
 * The last lines of a run name failed tests with their errors, read from the test runner's own
 * report.
 */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { readReport } from '../../support/report.ts';

// The skipped one is the fixture's: it must count neither as passed nor as failed.
test('a report names failed tests, by file and name, with the error', async () => {
  using folder = temporaryFolder();
  await Bun.write(
    join(folder.path, 'some.test.ts'),
    `import { describe, expect, test } from 'bun:test';
    describe('a & <b>', () => {
      test('is "two"', () => expect(1).toBe(2));
      test('is well', () => {});
      test.todo('comes later');
    });
    test('ends badly', () => { throw new Error('no <room>'); });`,
  );
  const report = join(folder.path, 'report.xml');
  await Bun.spawn(
    [
      process.execPath,
      'test',
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      './some.test.ts',
    ],
    { cwd: folder.path, stdout: 'ignore', stderr: 'ignore' },
  ).exited;
  const { passed, failed, tried, failures, files } = readReport(await Bun.file(report).text());
  expect({ passed, failed, tried }).toEqual({ passed: 1, failed: 2, tried: 4 });
  expect(files).toEqual([{ file: 'some.test.ts', seconds: expect.any(Number) }]);
  expect(failures).toHaveLength(2);
  expect(failures[0]).toStartWith('some.test.ts > a & <b> > is "two"\n');
  expect(failures[0]).toContain('Expected: 2\nReceived: 1\n');
  expect(failures[1]).toStartWith('some.test.ts > ends badly\nError: no <room>\n');
});

test('a test that never ran did not pass', () => {
  expect(readReport('')).toEqual({ passed: 0, failed: 0, tried: 0, failures: [], files: [] });
});
