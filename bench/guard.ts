/**
 * The guard against slowness: compares a service's CPU time per visit, relative to the minimal
 * program (peers/floor.ts) with as many processes, with the stated ratio.
 *
 * Both do the same work in the same way and get bursts of visits in turns, each of a millisecond
 * or two (bursts.ts). So whatever slows one down slows down the other as much: another busy
 * program, a slower machine, a noisy neighbour. What noise is left is in some tries and not in
 * others, and slow code is slow in each try: a ratio that is too high is measured again.
 *
 * The stated ratios: stated.ts. The test: guard.test.ts.
 */
import { Bursts } from './bursts.ts';
import { cpuMs } from './cpu.ts';
import { CONNECTIONS } from './scenarios.ts';
import type { Running } from './services.ts';

/**
 * A ratio of this many times the stated one is too much. Runs on one machine differ by less, and
 * a Seen that takes a third more by more.
 */
const TOO_MUCH = 1.2;
/** Bursts of each until most code is compiled. */
const WARM_UP = 300;
/** Bursts of each in one try: about a second of CPU time, which Linux counts in 10 ms. */
const BURSTS = 700;
const TRIES = 5;

/** The result of the guard. */
export interface Verdict {
  readonly fine: boolean;
  /** The measured and the stated ratio, for people. */
  readonly said: string;
}

/**
 * Warms both up, then measures them in turns, until a ratio is fine or all tries are over. Fails
 * when a visit is not answered.
 */
export async function guard(service: Running, floor: Running, stated: number): Promise<Verdict> {
  using ofService = await Bursts.connect(service.url, CONNECTIONS);
  using ofFloor = await Bursts.connect(floor.url, CONNECTIONS);
  const takeTurns = async (bursts: number) => {
    for (let burst = 0; burst < bursts; burst++) {
      await ofFloor.burst();
      await ofService.burst();
    }
  };
  await takeTurns(WARM_UP);
  const ratios: number[] = [];
  const least = () => Math.min(...ratios);
  while (ratios.length === 0 || (least() > TOO_MUCH * stated && ratios.length < TRIES)) {
    const before = [cpuMs(service.pids), cpuMs(floor.pids)] as const;
    await takeTurns(BURSTS);
    ratios.push((cpuMs(service.pids) - before[0]) / (cpuMs(floor.pids) - before[1]));
  }
  const tries = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  return {
    fine: least() <= TOO_MUCH * stated,
    said: `${tries} times the minimal program’s CPU time; stated is ${stated}, too much ${(TOO_MUCH * stated).toFixed(2)}`,
  };
}
