/**
 * Simulated time: the future events, in order. Only this lets time pass, so the same seed gives
 * the same history.
 */
import { drainMicrotasks } from 'bun:jsc';

/** So many events are far more than any history has: past it something asks again without end. */
const EVENTS_MAX = 100_000;

interface Event {
  readonly at: number;
  readonly task: () => unknown;
}

export class Timeline {
  /** Milliseconds since the history began. Never goes back. */
  now = 0;
  /** The next event is the last one. */
  readonly #events: Event[] = [];
  #failure: Error | undefined;

  /**
   * Ends the history with this error when the task that runs now is over, also where its caller
   * would swallow it.
   */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /**
   * Runs `task` after `delayMs`; of those at the same time the one that was asked for first comes
   * first.
   */
  after(delayMs: number, task: () => unknown): void {
    const at = this.now + Math.max(delayMs, 0);
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, task });
  }

  /**
   * Runs until nothing is left to happen. A task may answer a promise, for which time stands
   * still. After each task, all that its promises lead to happens before the next task. Fails with
   * what a task throws, and with what `fail` was told.
   */
  async run(): Promise<void> {
    for (let count = 0; ; count++) {
      const event = this.#events.pop();
      if (!event) return;
      if (count > EVENTS_MAX) throw new Error('The history does not end.');
      this.now = event.at;
      const pending = event.task();
      if (pending instanceof Promise) await pending;
      drainMicrotasks();
      if (this.#failure) throw this.#failure;
    }
  }
}
