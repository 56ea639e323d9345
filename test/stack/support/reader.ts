/**
 * Runs a document at a place: each block of commands, whose output is compared with the next block
 * (`test/support/document.ts`).
 *
 * A block after “Repeat it …” is retried until it matches; after “Ctrl-C” the test ends the
 * command; a block of ```sh is typed in.
 */
import { difference, type Step } from '../../support/document.ts';
import type { Node } from './node.ts';

/** Where the commands of a document are typed: a node of a Swarm, or a machine. */
export type Place = Pick<Node, 'sh'> & Partial<Pick<Node, 'terminal'>>;

/** How long a step may take that is to be repeated. */
const REPEAT_MS = 120_000;
/** After how long a person presses Ctrl-C. */
const WATCHED_MS = 8000;

/**
 * Does the steps of a document one after the other. Each builds on those before it: after one
 * whose commands failed, the rest fail with its reason. One that shows something else than the
 * document says fails alone.
 */
export class Reader {
  #failed: string | undefined;

  /**
   * Does a step in `folder`; fails unless it shows what it should. `adapt` changes what is
   * expected.
   */
  async follow(
    step: Step,
    place: Place,
    folder: string,
    adapt = (line: string) => line,
  ): Promise<void> {
    if (this.#failed !== undefined) throw new Error(`an earlier step failed: ${this.#failed}`);
    const expected = step.expected.map(adapt);
    const end = performance.now() + (/\bRepeat\b/.test(step.between) ? REPEAT_MS : 0);
    for (;;) {
      const { status, shown } = await run(step, place, folder);
      const different = difference(expected, shown);
      const fine = status === 0 || step.between.includes('Ctrl-C');
      if (fine && different === undefined) return;
      if (performance.now() > end) {
        const how = `ended with ${status}: ${different ?? 'it showed what it should'}`;
        const reason = `${step.commands}\n${how}\nIt showed:\n${shown}`;
        if (!fine) this.#failed = reason;
        throw new Error(reason);
      }
      await Bun.sleep(1000);
    }
  }
}

async function run(
  step: Step,
  place: Place,
  folder: string,
): Promise<{ status: number; shown: string }> {
  // A person sees both outputs in one place.
  const script = `exec 2>&1; set -o pipefail\n${step.commands}`;
  const limitMs = step.between.includes('Ctrl-C') ? WATCHED_MS : undefined;
  // Docker wants a terminal for -t.
  const { status, out } =
    / -it /.test(step.commands) && place.terminal
      ? await place.terminal(script, folder, step.typed.split('\n').filter(Boolean))
      : await place.sh(script, folder, limitMs);
  const lines = out.replaceAll(ESCAPES, '').replaceAll('\r', '\n').split('\n');
  return { status, shown: lines.filter((line) => !line.includes(STAND_IN)).join('\n') };
}

/**
 * What stands in for the ingress mesh where the kernel has none (`layout.ts`): a reader has no
 * such service.
 */
const STAND_IN = 'mystack_mesh';

/** What programs write to colour a terminal and to move about in it. */
// eslint-disable-next-line no-control-regex -- it begins with one
const ESCAPES = /\u001B\[[0-9;?]*[A-Za-z]/g;
