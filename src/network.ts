/** Addresses and networks as people write them. A leaf. */
import { isIP } from 'node:net';

export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** How many bits of the address are the network's: all of them for an address alone. */
  readonly bits: number;
}

/** The network of `10.0.0.0/24`, or of an address alone; `undefined` for what is neither. */
export function networkIn(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(bits ?? '0')) return undefined;
  const bitsMax = version === 4 ? 32 : 128;
  const network = {
    address,
    family: `ipv${version as 4 | 6}`,
    bits: Number(bits ?? bitsMax),
  } as const;
  return network.bits <= bitsMax ? network : undefined;
}
