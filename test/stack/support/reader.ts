/**
 * Runs a document on a node: each block of commands in it, compared with the block that follows (`test/support/document.ts`).
 *
 * “Repeat it …” between the two is tried until it shows; “Ctrl-C” is ended by the test; a block of ```sh is typed.
 */
import { firstMissing, type Step } from '../../support/document.ts';
import type { Node } from './node.ts';

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
