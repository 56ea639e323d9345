/**
 * The tables of docs/guide.md, without a Docker engine: every file, command, error code and
 * message in them exists. The commands themselves are run by `test/stack/guide.test.ts`.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../src/counter/errors.ts';
import { stepsOf } from '../support/document.ts';
import { ROOT } from '../support/program.ts';

const GUIDE = join(ROOT, 'docs/guide.md');
const text = readFileSync(GUIDE, 'utf8');
const steps = [...stepsOf(GUIDE), ...stepsOf(join(ROOT, 'docs/operations.md'))];

/** The text of a section, without its heading. */
function section(heading: string): string {
  const [, after = ''] = text.split(`\n## ${heading}\n`);
  return after.split('\n## ', 1)[0] ?? '';
}

/** The rows of the last table in `markdown`, without its heading. */
function rowsOf(markdown: string): string[][] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| '));
  const heading = rows.findLastIndex((line) => line.startsWith('| --- '));
  return rows
    .slice(heading + 1)
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('\\|', '|')));
}

/** What stands between backquotes. */
function quotesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => quote);
}

describe('docs/guide.md', () => {
  test('names only files that exist in its project structure', () => {
    const structure = section('Project structure');
    const [, tree = ''] = structure.split('```');
    const listed = tree.split('\n').flatMap((line) => /^[\w./-]+(?= {2})/.exec(line)?.[0] ?? []);
    const mapped = rowsOf(structure).flatMap(([, here = '']) =>
      quotesIn(here).filter((quote) => !quote.includes(' ')),
    );
    expect(listed.length).toBeGreaterThan(8);
    expect(mapped.length).toBeGreaterThan(6);
    for (const file of [...listed, ...mapped]) {
      expect({ file, exists: existsSync(join(ROOT, file)) }).toEqual({ file, exists: true });
    }
  });

  test('shows each learning outcome with a command of the section that it names', () => {
    const rows = rowsOf(section('Learning outcomes'));
    expect(rows.length).toBeGreaterThan(9);
    for (const [, heading = '', command = ''] of rows) {
      const commands = steps
        .filter((step) => step.heading === heading)
        .map((step) => step.commands);
      expect(commands.join('\n')).toContain(quotesIn(command)[0] ?? 'a command');
    }
  });

  test('quotes messages and error codes of Seen in its troubleshooting, and commands that are run', async () => {
    const files = [...new Bun.Glob('**/*.ts').scanSync(join(ROOT, 'src'))];
    const sources = (
      await Promise.all(files.map((file) => Bun.file(join(ROOT, 'src', file)).text()))
    ).join('\n');
    const rows = rowsOf(section('Troubleshooting'));
    let messages = 0;
    for (const [symptom = '', cause = '', advice = ''] of rows) {
      const quotes = quotesIn(symptom);
      const isOurs = /in the log|at the start|from `npm start`/.test(symptom);
      if (isOurs) messages++;
      const parts = isOurs ? (quotes[0] ?? '').split(/…|Port 8000 on ::/) : [];
      for (const part of parts.flatMap((sentence) => sentence.split(': '))) {
        const found = sources.includes(part.trim());
        expect({ part, found }).toEqual({ part, found: true });
      }
      if (symptom.startsWith('503') || symptom.startsWith('429')) {
        for (const code of quotes) expect(Object.keys(ERRORS)).toContain(code);
      }
      const commands = [...quotesIn(cause), ...quotesIn(advice)].filter((quote) =>
        /^(docker|sh) .* /.test(quote),
      );
      const shown = `${steps.map((step) => step.commands).join('\n')}\n${section('Before you begin')}`;
      for (const command of commands) {
        expect(shown.replaceAll('mystack_redis', 'mystack_web')).toContain(
          command.replaceAll('mystack_redis', 'mystack_web'),
        );
      }
    }
    expect(messages).toBeGreaterThan(6);
  });
});
