/**
 * The guard against slowness: a service's CPU time per visit to that of nginx answering a
 * constant, in turns within seconds of each other, against what is stated. Half again as much is
 * too much; less is the noise between machines.
 *
 * A neighbour on the machine takes more from Seen's many processes than from nginx's few, and a
 * starved nginx even gets cheaper, because it answers more at a time. So the least ratio of all
 * turns counts: what is slower by itself is slower in each of them. What looks too large is
 * measured on. What is stated: stated.ts. Who asks: guard.test.ts.
 */
import { load } from './load.ts';
import { CONNECTIONS } from './scenarios.ts';
import type { Running } from './services.ts';

/** How many times what is stated is too much. */
const TOO_MUCH = 1.5;
const TURNS = 5;
/** Some 40 s for one service: a neighbour who is noisy for half a minute is sat out. */
const TURNS_AT_MOST = 20;
const SECONDS = 1;

export interface Verdict {
  readonly fine: boolean;
  /** What was seen and what is stated, for people. */
  readonly said: string;
}

/**
 * Warms both, then measures by turns until the least ratio is fine or there were as many turns as
 * there may be.
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
