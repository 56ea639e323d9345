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

/** Sockets that take both kinds write IPv4 addresses as `::ffff:192.0.2.1`. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
