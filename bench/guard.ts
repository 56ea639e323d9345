/**
 * The guard against slowness: a service's CPU time per visit to that of nginx answering a constant, in turns within seconds of each other, against
 * what is stated. Half again as much is too much; less is the noise between machines.
 *
 * A neighbour on the machine only adds to what a visit takes (a cold cache, a smaller batch), and more to Seen's many processes than to nginx's few. So
 * the least of each counts, not the median, and what looks too large is measured on before it is believed.
 * What is stated: stated.ts. Who asks: guard.test.ts.
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

/** Warms both, then measures by turns until the ratio is fine or there were as many turns as there may be. */
export async function guard(service: Running, floor: Running, stated: number): Promise<Verdict> {
  const turn = async (running: Running): Promise<number> =>
    (await load(running, { connections: CONNECTIONS }, SECONDS)).cpuUsPerVisit;
  await turn(floor);
  await turn(service);
  const [floors, services]: [number[], number[]] = [[], []];
  const ratio = () => Math.min(...services) / Math.min(...floors);
  while (services.length < TURNS || (ratio() > TOO_MUCH * stated && services.length < TURNS_AT_MOST)) {
    floors.push(await turn(floor));
    services.push(await turn(service));
  }
  const span = (figures: number[]) =>
    `${Math.min(...figures).toFixed(1)} to ${Math.max(...figures).toFixed(1)} µs`;
  return {
    fine: ratio() <= TOO_MUCH * stated,
    said: `${ratio().toFixed(2)} times nginx’s CPU time (${span(services)}, nginx ${span(floors)}, in ${services.length} turns); stated is ${stated}, too much ${(TOO_MUCH * stated).toFixed(2)}`,
  };
}
