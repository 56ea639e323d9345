/** What a command of `seen` is: a name, a manual, and something to run. */
import type { Sources } from '../config/config.ts';

export interface Context extends Sources {
  /** Prints for the person who typed the command. */
  print: (text: string) => void;
  /** Ends the process at once. Everything else returns its exit status. */
  endNow: (status: number) => never;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole manual, printed by `--help`. */
  readonly manual: () => string;
  /** Resolves with the exit status, or fails with an `AppError`. */
  readonly run: (context: Context) => Promise<number>;
}
