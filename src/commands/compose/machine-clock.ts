/** The clock of this machine. Not here: simulated ones, which are with the tests. */
import type { Clock } from '../../counter/clock.ts';

/** Monotonic time, timers and chance of this process. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, task) => {
    setTimeout(task, delayMs);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  random: Math.random,
};
