/**
 * The guard against slowness: a service's CPU time per visit to that of nginx answering a constant, in turns within seconds of each other, against
 * what is stated. Half again as much is too much; less is the noise between machines.
 *
 * A turn is short and a machine is not quiet, so the median of ratios counts, and one that looks too large is measured on before it is believed.
 * What is stated: stated.ts. Who asks: guard.test.ts.
 */
import { type Load, load } from './load.ts';
import { median } from './median.ts';
import { CONNECTIONS } from './scenarios.ts';
import type { Running } from './services.ts';

/** How many times what is stated is too much. */
export const TOO_MUCH = 1.5;
const TURNS = 5;
/** Some 40 s for one service: a neighbour who is noisy for half a minute is sat out. */
const TURNS_AT_MOST = 20;
const SECONDS = 1;

export interface Verdict {
  readonly fine: boolean;
  /** What was seen and what is stated, for people. */
  readonly said: string;
}

/** Warms both, then measures by turns until the median is fine or there were as many turns as there may be. */
export async function guard(service: Running, floor: Running, stated: number): Promise<Verdict> {
  const turn = (running: Running): Promise<Load> => load(running, { connections: CONNECTIONS }, SECONDS);
  await turn(floor);
  await turn(service);
  const ratios: number[] = [];
  while (ratios.length < TURNS || (median(ratios) > TOO_MUCH * stated && ratios.length < TURNS_AT_MOST)) {
    const { cpuUsPerVisit: floorUs } = await turn(floor);
    ratios.push((await turn(service)).cpuUsPerVisit / floorUs);
  }
  const found = median(ratios);
  const [from, to] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return {
    fine: found <= TOO_MUCH * stated,
    said: `${found.toFixed(2)} times nginx’s CPU time (median of ${ratios.length} turns, ${from} to ${to}); stated is ${stated}, too much ${(TOO_MUCH * stated).toFixed(2)}`,
  };
}
