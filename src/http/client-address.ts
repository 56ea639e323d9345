/**
 * Which address a request comes from, when there are proxies in between that are trusted to say so.
 *
 * Each proxy adds the address of whom it was asked by at the end of `X-Forwarded-For`. So the header is read from its end,
 * for as long as the one who said it is trusted: what stands further ahead anybody may have written.
 */
import { BlockList, isIP } from 'node:net';

/** Answers the client's address, from the address of the connection and `X-Forwarded-For`. */
export type ClientAddress = (peer: string, forwardedFor: string | null) => string;

/** `trusted`: addresses, and networks such as `10.0.0.0/24`. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer, forwardedFor) => {
    let client = plain(peer);
    const said = forwardedFor?.split(',') ?? [];
    while (said.length > 0 && isTrusted(client)) {
      const before = plain(said.pop()?.trim() ?? '');
      // A proxy that says something else than an address is believed no further.
      if (isIP(before) === 0) break;
      client = before;
    }
    return client;
  };
}

/**
 * Of whom an address is one: an IPv4 address of itself, an IPv6 address of its network of 64 bits, because that is what a customer is
 * given, with as many addresses as they like (RFC 6177).
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

/** Groups of 16 bits; an IPv4 address at the end stands for two. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : group));
}

/** Sockets that take both kinds write IPv4 addresses as `::ffff:192.0.2.1`. */
function plain(address: string): string {
  if (!address.startsWith('::')) return address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
