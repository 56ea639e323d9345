/**
 * Prints the time from an empty machine to the first count, for a way to install Seen. No test
 * compares it. docs/install.md has a table of these times.
 */
import type { Step } from './document.ts';

/** What documents show for the first visit. */
const FIRST = /^Hello World! I have been seen 1 times\.$|\{"value":1\}$/;
/** How much of a command names it. */
const NAME_MAX = 40;

export class FirstCount {
  readonly #way: string;
  readonly #parts: { readonly name: string; readonly seconds: number }[] = [];
  #printed = false;

  /** A way to install Seen, as in the table. */
  constructor(way: string) {
    this.#way = way;
  }

  /** Does a part of the way and adds its time, unless the time is already printed. */
  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const done = await work();
    if (!this.#printed) {
      this.#parts.push({ name, seconds: (performance.now() - startedAt) / 1000 });
    }
    return done;
  }

  /** Does a step of a document as a part of the way. Prints the time after the first count. */
  async follow(step: Step, work: () => Promise<void>): Promise<void> {
    const [line = ''] = step.commands.split('\n');
    await this.time(line.slice(0, NAME_MAX), work);
    if (step.expected.some((each) => FIRST.test(each))) this.print();
  }

  /** Prints the time and its parts. Once, because a test may count again. */
  print(): void {
    if (this.#printed) return;
    this.#printed = true;
    const total = this.#parts.reduce((sum, { seconds }) => sum + seconds, 0);
    const parts = this.#parts.map(({ name, seconds }) => `${seconds.toFixed(1)} s ${name}`);
    process.stderr.write(
      `${this.#way}: ${total.toFixed(1)} s to the first count (${parts.join(' | ')})\n`,
    );
  }
}
