/**
 * The guard against slowness: compares a service's CPU time per visit, relative to nginx answering
 * a constant, with the stated ratio. The two are measured in turns within seconds. 1.5 times the
 * stated ratio is too much; less is the noise between machines.
 *
 * Another busy program slows down Seen's many processes more than nginx's few, and when nginx
 * lacks CPU time it even gets cheaper, because it answers more requests at a time. So the lowest
 * ratio of all turns counts: slow code is slow in each of them. When the ratio looks too high,
 * more turns are measured. The stated ratios: stated.ts. The test: guard.test.ts.
 */
import { load } from './load.ts';
import { CONNECTIONS } from './scenarios.ts';
import type { Running } from './services.ts';

/** A ratio of this many times the stated one is too much. */
const TOO_MUCH = 1.5;
/** The number of turns when all is well. */
const TURNS = 5;
/** Some 40 s for one service: longer than another program that is busy for half a minute. */
const TURNS_AT_MOST = 20;
const SECONDS = 1;

/** The result of the guard. */
export interface Verdict {
  readonly fine: boolean;
  /** The measured and the stated ratio, for people. */
  readonly said: string;
}

/**
 * Warms both up, then measures them in turns, until the lowest ratio is fine or `TURNS_AT_MOST`
 * are over.
 */
export async function guard(service: Running, floor: Running, stated: number): Promise<Verdict> {
  const turn = async (running: Running): Promise<number> =>
    (await load(running, { connections: CONNECTIONS }, SECONDS)).cpuUsPerVisit;
  await turn(floor);
  await turn(service);
  const ratios: number[] = [];
  const least = () => Math.min(...ratios);
  while (ratios.length < TURNS || (least() > TOO_MUCH * stated && ratios.length < TURNS_AT_MOST)) {
    const floorUs = await turn(floor);
    ratios.push((await turn(service)) / floorUs);
  }
  return {
    fine: least() <= TOO_MUCH * stated,
    said: `${least().toFixed(2)} times nginx’s CPU time (the least of ${ratios.length} turns, to ${Math.max(...ratios).toFixed(2)}); stated is ${stated}, too much ${(TOO_MUCH * stated).toFixed(2)}`,
  };
}
