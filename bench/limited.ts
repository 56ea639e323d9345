/**
 * The cost of the limit on requests: visits from many addresses, on Seen with and without it. One
 * address is no load that users have, and is answered 429 at once.
 */
import type { Kind } from './load.ts';
import { limitedSeen } from './seen.ts';
import { STORE_NAMES } from './stores.ts';

/**
 * Each of a million addresses sends one or two visits a minute at the rates that this machine
 * reaches, as visitors do.
 */
export const FROM_ADDRESSES = 'GET / from 1,000,000 addresses';
const KIND: Kind = { addresses: 1_000_000, connections: 64 };

/** On each store: Seen without the limit, and with it. */
export const LIMITED = STORE_NAMES.map((store) => ({ store, ...limitedSeen(store) }));

/** The loads, next to what they are compared with. */
export const LIMITED_SCENARIOS = LIMITED.flatMap(({ without, limited }) =>
  [without, limited].map((service) => ({ service, route: FROM_ADDRESSES, kind: KIND })),
);
