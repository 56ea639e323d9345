/**
 * Detects a proxy that the settings do not name: a request from a private network whose
 * `X-Forwarded-For` is not trusted. Behind such a proxy all visitors look like one, and share the
 * limits of one address.
 */
import { BlockList, isIP } from 'node:net';
import type { ClientAddress } from './client-address.ts';

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

/** `clientAddress`, and calls `onUntrusted` once, with the address of the first such proxy. */
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
