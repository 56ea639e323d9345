/**
 * Finds the client's address of a request that passed through trusted proxies.
 *
 * Each proxy appends the address of its own client to `X-Forwarded-For`. So the header is read
 * from its end, for as long as the sender is a trusted proxy: anybody could have written the
 * entries before that.
 */
import { BlockList, isIP } from 'node:net';
import { networkIn } from '../../network.ts';

/** Returns the client's address, from the address of the connection and `X-Forwarded-For`. */
export type ClientAddress = (peer: string, forwardedFor: string | null) => string;

/** `trusted`: addresses, and networks such as `10.0.0.0/24`; an invalid entry trusts nobody. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const network = networkIn(entry);
    if (network) proxies.addSubnet(network.address, network.bits, network.family);
  }
  const isTrusted = (address: string) =>
    proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer, forwardedFor) => {
    let client = plain(peer);
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
  const address = plain(inBrackets ?? before ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The network that an address belongs to: an IPv4 address itself, or the IPv6 network of 64 bits,
 * because a customer gets a whole network, with any number of addresses (RFC 6177).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const first = groupsOf(head);
  const last = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Groups of 16 bits; an IPv4 address at the end counts as two. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : group));
}

/**
 * Sockets for both kinds write IPv4 addresses as `::ffff:192.0.2.1`, and some proxies as
 * `::ffff:c000:201`.
 */
function plain(address: string): string {
  if (!/^::ffff:/i.test(address)) return address;
  const mapped = address.slice('::ffff:'.length);
  if (isIP(mapped) === 4) return mapped;
  const [, high, low] = /^([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(mapped) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [...Buffer.from(group.padStart(4, '0'), 'hex')]).join('.');
}
