/** The steps of `npm run release:check`, one after the other until one fails. */

/** A step, and what it reports when it succeeds. */
export interface Step {
  /** One word, for `--only`. */
  readonly name: string;
  /** Resolves with a sentence for people. Fails with `StepError`, or `StepSkipped`. */
  readonly run: () => Promise<string>;
}

/** A step failed; `advice` says what to do. */
export class StepError extends Error {
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/** This machine lacks what the step needs; the message says what. */
export class StepSkipped extends Error {}

/**
 * Runs the steps and writes a line for each with `write`. Returns whether all succeeded or were
 * skipped; stops at the first that fails.
 */
export async function runSteps(
  steps: readonly Step[],
  write: (text: string) => void,
): Promise<boolean> {
  for (const { name, run } of steps) {
    const startedAt = performance.now();
    const line = (result: string, text: string) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      write(`${name.padEnd(9)} ${result.padEnd(7)} ${text} (${seconds} s)\n`);
    };
    try {
      // oxlint-disable-next-line no-await-in-loop -- a step needs what earlier steps have checked
      line('ok', await run());
    } catch (error) {
      if (error instanceof StepSkipped) {
        line('skipped', error.message);
        continue;
      }
      line('FAILED', error instanceof Error ? error.message : String(error));
      if (error instanceof StepError) write(`What to do: ${error.advice}\n`);
      return false;
    }
  }
  return true;
}
