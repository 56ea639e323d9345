/**
 * Finds the client's address of a request that passed through trusted proxies.
 *
 * Each proxy appends the address of its own client to `X-Forwarded-For`. So the header is read
 * from its end, for as long as the sender is a trusted proxy: anybody could have written the
 * entries before that. A proxy that the settings do not name is noticed by its private network:
 * behind it all visitors look like one, and share the limits of one address.
 */
import { BlockList, isIP } from 'node:net';
import { networkIn } from '../../network.ts';
import { type ClientAddress, plainAddress } from './visitors.ts';

/**
 * Builds the function that finds a client's address. `trusted` are the addresses and networks of
 * trusted proxies, such as `10.0.0.0/24`; an invalid entry trusts nobody.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const network = networkIn(entry);
    if (network) proxies.addSubnet(network.address, network.bits, network.family);
  }
  const isTrusted = (address: string) =>
    proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer, forwardedFor) => {
    let client = plainAddress(peer);
    let rest = forwardedFor ?? '';
    for (let hops = 0; rest !== '' && hops < HOPS_MAX && isTrusted(client); hops++) {
      const comma = rest.lastIndexOf(',');
      const before = addressIn(rest.slice(comma + 1));
      // After an entry that is not an address, the rest is not trusted.
      if (before === undefined) break;
      client = before;
      rest = rest.slice(0, Math.max(0, comma));
    }
    return client;
  };
}

/**
 * More trusted proxies in a row than anybody has. So a long header costs no more than a short one.
 */
const HOPS_MAX = 20;
/**
 * The longest entry: an IPv6 address with an IPv4 address at its end, in brackets, with a port, in
 * quotes.
 */
const ENTRY_LENGTH_MAX = '"[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535"'.length;

/**
 * The address in an entry of `X-Forwarded-For`; `undefined` when there is none. Some proxies write
 * a port after it (`203.0.113.1:4001`, `[2001:db8::1]:4001`: Azure's gateways, IIS), brackets
 * alone, or quotes as in `Forwarded` (RFC 7239, section 6).
 */
function addressIn(entry: string): string | undefined {
  const text = entry.trim();
  if (text.length > ENTRY_LENGTH_MAX) return undefined;
  const [, inBrackets, before] = /^"?(?:\[([^\]]+)\]|([^:"]+))(?::\d{1,5})?"?$/.exec(text) ?? [];
  const address = plainAddress(inBrackets ?? before ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The usual networks of one's own proxies: this machine, private networks (RFC 1918, RFC 6598, RFC
 * 4193), and links (RFC 3927, RFC 4291).
 */
const PRIVATE = [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;
/** No client has this address (RFC 5737). It is accepted only from a trusted proxy. */
const NOBODY = '192.0.2.1';

/**
 * Wraps `clientAddress`, and calls `onUntrusted` once: with the address of the first proxy on a
 * private network that is not trusted.
 */
export function noticeUntrustedProxy(
  clientAddress: ClientAddress,
  onUntrusted: (proxy: string) => void,
): ClientAddress {
  const networks = new BlockList();
  for (const [address, bits] of PRIVATE)
    networks.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  let noticed = false;

  return (peer, forwardedFor) => {
    const client = clientAddress(peer, forwardedFor);
    if (noticed || forwardedFor === null) return client;
    // The entry of a trusted proxy may be invalid, or its own address.
    const proxy = clientAddress(peer, null);
    if (client !== proxy || clientAddress(peer, NOBODY) === NOBODY) return client;
    if (!networks.check(proxy, isIP(proxy) === 6 ? 'ipv6' : 'ipv4')) return client;
    noticed = true;
    onUntrusted(proxy);
    return client;
  };
}
