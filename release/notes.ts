/**
 * `npm run --silent release:notes -- 1.2.3 https://example.com/seen/blob/v1.2.3` prints the notes
 * of a release: the text of the version's section in CHANGELOG.md, in which links to files lead to
 * the URL.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesOf, withAbsoluteLinks } from './changelog.ts';
import { StepError } from './step.ts';

const [version = '', url = '.'] = process.argv.slice(2);
const changelog = readFileSync(join(import.meta.dir, '../CHANGELOG.md'), 'utf8');
try {
  process.stdout.write(`${withAbsoluteLinks(notesOf(changelog, version), url)}\n`);
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  process.stderr.write(`${error.message}. ${error.advice}\n`);
  process.exitCode = 1;
}
