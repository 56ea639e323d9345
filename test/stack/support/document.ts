/**
 * Runs a document: each block of commands in it, and compares what is printed with the block that follows.
 *
 * ```bash is what a person types, ```text what they should see: each of its lines must be printed, in this order, where `…`
 * stands for anything and blanks do not matter. What stands between the two says how it is meant: “Repeat it …” is tried until
 * it shows; “Ctrl-C” is ended by the test; a block of ```sh is typed into the program that the commands started.
 */
import { readFileSync } from 'node:fs';
import type { Node } from './node.ts';

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

/** How long a step may take that is to be repeated. */
const REPEAT_MS = 120_000;
/** After how long a person presses Ctrl-C. */
const WATCHED_MS = 8000;

async function follow(
  step: Step,
  node: Node,
  folder: string,
  adapt: (line: string) => string,
): Promise<void> {
  const expected = step.expected.map(adapt);
  const end = performance.now() + (/\bRepeat\b/.test(step.between) ? REPEAT_MS : 0);
  for (;;) {
    const { status, shown } = await run(step, node, folder);
    const missing = firstMissing(expected, shown);
    if (missing === undefined && (status === 0 || step.between.includes('Ctrl-C'))) return;
    if (performance.now() > end) {
      throw new Error(
        `${step.commands}\nended with ${status}, did not show “${missing ?? ''}”, and showed:\n${shown}`,
      );
    }
    await Bun.sleep(1000);
  }
}

/**
 * Does the steps of a document one after the other. Each builds on those before it: after one that failed, the rest fail with
 * its reason.
 */
export class Reader {
  #failed: string | undefined;

  /**
   * Does a step at a node, in `folder`; fails unless it shows what it should. `adapt` changes what is expected.
   */
  async follow(step: Step, node: Node, folder: string, adapt = (line: string) => line): Promise<void> {
    if (this.#failed !== undefined) throw new Error(`an earlier step failed: ${this.#failed}`);
    try {
      await follow(step, node, folder, adapt);
    } catch (error) {
      this.#failed = String(error);
      throw error;
    }
  }
}

async function run(step: Step, node: Node, folder: string): Promise<{ status: number; shown: string }> {
  const script = `set -o pipefail\n${step.commands}`;
  const limitMs = step.between.includes('Ctrl-C') ? WATCHED_MS : undefined;
  // Docker wants a terminal for -t.
  const { status, out, error } = / -it /.test(step.commands)
    ? await node.terminal(script, folder, step.typed.split('\n').filter(Boolean))
    : await node.sh(script, folder, limitMs);
  return { status, shown: `${out}\n${error}`.replaceAll(ESCAPES, '').replaceAll('\r', '\n') };
}

// eslint-disable-next-line no-control-regex -- what programs write to colour a terminal and to move about in it
const ESCAPES = /\u001B\[[0-9;?]*[A-Za-z]/g;

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
