/**
 * A document as steps: each block of commands, and the documented output in the next block.
 *
 * A `bash` block is what a person types, a `text` block its complete output. `…` stands for any
 * part of a line, and a line with only `…` for any lines; spaces do not matter. The text between
 * the two blocks tells the test how to run the block. A `sh` block is typed into the program that
 * the commands started.
 */
import { readFileSync } from 'node:fs';

export interface Step {
  readonly title: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly commands: string;
  readonly typed: string;
  readonly between: string;
  readonly expected: readonly string[];
}

/** The steps of a document. Fails when a block of commands does not say what one should see. */
export function stepsOf(path: string): Step[] {
  const text = readFileSync(path, 'utf8');
  const steps: Step[] = [];
  let heading = '';
  const block = /^(?:## (.*)|```bash\n([\s\S]*?)\n```([\s\S]*?)(?=^```bash|^## |(?![\s\S])))/gm;
  for (const [, title, commands, after] of text.matchAll(block)) {
    if (title !== undefined) heading = title;
    if (commands === undefined) continue;
    const expected = /^```text\n([\s\S]*?)^```/m.exec(after ?? '');
    if (!expected) throw new Error(`${path} does not say what one should see after: ${commands}`);
    const before = (after ?? '').slice(0, expected.index);
    const typed = /^```sh\n([\s\S]*?)\n```/m.exec(before)?.[1] ?? '';
    steps.push({
      title: `${heading}: ${commands.replaceAll('\n', ' ⏎ ').slice(0, 100)}`,
      heading,
      commands,
      typed,
      between: before,
      expected: (expected[1] ?? '').split('\n').filter(Boolean),
    });
  }
  return steps;
}

/**
 * How what was shown differs from what a document says, as a sentence for people; undefined where
 * it does not. All that was shown is compared: an unexpected line is a difference. Blanks and
 * empty lines do not matter.
 */
export function difference(expected: readonly string[], shown: string): string | undefined {
  const lines = shown.split('\n').map(plain).filter(Boolean);
  const wanted = expected.map((line) => (line.trim() === ANY_LINES ? undefined : patternOf(line)));
  // For each number of expected lines: after how many shown lines they can end.
  let ends = new Set([0]);
  for (const [index, pattern] of wanted.entries()) {
    const next = new Set<number>();
    for (const end of ends) {
      if (!pattern) for (let later = end; later <= lines.length; later++) next.add(later);
      else if (pattern.test(lines[end] ?? '') && end < lines.length) next.add(end + 1);
    }
    if (next.size === 0) {
      const [end = 0] = ends;
      return `“${lines[end] ?? 'nothing more'}” was shown, where the document says “${expected[index]}”`;
    }
    ends = next;
  }
  return ends.has(lines.length)
    ? undefined
    : `“${lines[Math.max(...ends)]}” was shown, and does not stand in the document`;
}

/** Stands for any number of lines, also none; in a line it stands for any part of that. */
const ANY_LINES = '…';

function patternOf(line: string): RegExp {
  const parts = plain(line).split('…');
  return new RegExp(`^${parts.map((part) => RegExp.escape(part.trim())).join('.*')}$`);
}

function plain(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ');
}
