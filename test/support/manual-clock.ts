/** A clock that advances only when the test says so. */
import type { Clock } from '../../src/counter/clock.ts';

export class ManualClock implements Clock {
  #now = 0;
  #tasks: { at: number; task: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): void {
    this.#tasks.push({ at: this.#now + delayMs, task });
  }

  turn(): Promise<void> {
    return nextTurn();
  }

  random(): number {
    return 0.5;
  }

  /** How many tasks wait for their time. */
  get pending(): number {
    return this.#tasks.length;
  }

  /** Lets `ms` pass in no turn of the event loop: runs what is due, in order. */
  jump(ms: number): void {
    this.#now += ms;
    const due = this.#tasks.filter(({ at }) => at <= this.#now).toSorted((a, b) => a.at - b.at);
    this.#tasks = this.#tasks.filter((task) => !due.includes(task));
    for (const { task } of due) task();
  }

  /** Lets `ms` pass: runs what is due, in order, and what that leads to. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#tasks.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#tasks = this.#tasks.filter((task) => task !== next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
      await settle();
    }
    this.#now = end;
  }
}

/**
 * Lets all promises that can settle do so: a hit takes a turn to be gathered, one to be stored and
 * one to be answered.
 */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
