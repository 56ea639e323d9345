/** Reads addresses and networks as people write them. */
import { isIP } from 'node:net';

/** A network, or a single address. */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** The length of the network's prefix in bits: all bits for a single address. */
  readonly bits: number;
}

/** Reads a network such as `10.0.0.0/24`, or a single address; `undefined` for other text. */
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
