/**
 * A document as steps: each block of commands in it, and what the block that follows says one should see.
 *
 * ```bash is what a person types, ```text what they should see: each of its lines must be printed, in this order, where `…`
 * stands for anything and blanks do not matter. What stands between the two says how it is meant, for whoever runs it; a block of
 * ```sh is typed into the program that the commands started.
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

/** The first expected line that is not there after the ones before it. */
export function firstMissing(expected: readonly string[], shown: string): string | undefined {
  const lines = shown.split('\n').map(plain);
  let at = 0;
  for (const line of expected) {
    const wanted = new RegExp(
      `^${plain(line)
        .split('…')
        .map((part) => RegExp.escape(part.trim()))
        .join('.*')}$`,
    );
    const found = lines.findIndex((candidate, index) => index >= at && wanted.test(candidate));
    if (found === -1) return line;
    at = found + 1;
  }
  return undefined;
}

function plain(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ');
}
