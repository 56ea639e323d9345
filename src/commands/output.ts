/**
 * The standard output of a command, for the person or program that has started it. It is written
 * at once and completely, and a failure is kept for the end of the command: otherwise a token
 * printed to a full disk would be lost, and the command end as if all were well. Not here: the
 * log of `seen serve` (`log.ts`), and long outputs (`export.ts`).
 */
import { writeSync } from 'node:fs';
import { AppError, messageOf } from '../counter/errors.ts';

/** The pause before another write to a full pipe. */
export const PIPE_FULL_MS = 5;

export class Output {
  readonly #file: number;
  #failure: Error | undefined;

  /** `file` is an open file, pipe or terminal. */
  constructor(file: number) {
    this.#file = file;
  }

  /** Returns when the text is written. Never fails; after a failure nothing more is written. */
  print(text: string): void {
    if (this.#failure) return;
    try {
      this.#write(Buffer.from(text));
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  /**
   * Fails with `output-failed` when something could not be written. A reader that has ended is no
   * failure: it has read what it wanted.
   */
  check(): void {
    const cause = this.#failure;
    if (cause === undefined || codeOf(cause) === 'EPIPE') return;
    // The system's words, as in "ENOSPC: no space left on device, write".
    const reason = messageOf(cause).replaceAll(/^[A-Z]+: |, [a-z]+$/g, '');
    throw new AppError(
      'output-failed',
      `The output could not be written: ${reason}. What was printed, such as a token, is lost. Run the command again.`,
      { cause },
    );
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.#file, bytes, at);
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error;
        // The reader of the pipe is slower.
        Bun.sleepSync(PIPE_FULL_MS);
      }
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
