/**
 * The cost of the limit on requests: visits from many addresses, on Seen with and without it. One
 * address is no load that users have, and is answered 429 at once.
 */
import type { Kind } from './load.ts';
import { limitedSeen, SEEN } from './seen.ts';
import type { Service } from './services.ts';
import { STORE_NAMES } from './stores.ts';

/**
 * Each of a million addresses sends one or two visits a minute at the rates that this machine
 * reaches, as visitors do.
 */
export const FROM_ADDRESSES = 'GET / from 1,000,000 addresses';
const KIND: Kind = { addresses: 1_000_000, connections: 64 };

/** On each store: Seen as usual, and with the limit. */
export const LIMITED: readonly { readonly usual: Service; readonly limited: Service }[] =
  STORE_NAMES.map((store) => ({ usual: SEEN[store].usual, limited: limitedSeen(store) }));

/** The loads, next to what they are compared with. */
export const LIMITED_SCENARIOS = LIMITED.flatMap(({ usual, limited }) =>
  [usual, limited].map((service) => ({ service, route: FROM_ADDRESSES, kind: KIND })),
);
