/** The surroundings of a simulated replica. */
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import type { Plan } from './plan.ts';
import type { StoreSide } from './store-side.ts';
import type { Timeline } from './timeline.ts';

export interface World {
  readonly timeline: Timeline;
  readonly plan: Plan;
  readonly dice: Dice;
  readonly network: Network;
  readonly store: StoreSide;
}
