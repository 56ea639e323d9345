/** The kernel's features that a Swarm needs, and the layout that can be tested with them. */
import { existsSync } from 'node:fs';

export interface Kernel {
  /** Virtual IPs and the ingress mesh carry traffic. */
  readonly ipvs: boolean;
  /** Overlay networks can be encrypted between nodes. */
  readonly esp: boolean;
}

/**
 * Asks the kernel, which may load its modules for it. The trial is in a network namespace of its
 * own.
 */
export async function askKernel(): Promise<Kernel> {
  await Bun.$`modprobe ip_vs`.quiet().nothrow();
  const esp =
    await Bun.$`unshare --net ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode transport aead ${'rfc4106(gcm(aes))'} 0x0000000000000000000000000000000000000000 64`
      .quiet()
      .nothrow();
  return { ipvs: existsSync('/proc/net/ip_vs'), esp: esp.exitCode === 0 };
}

/** The same in words, for whoever reads the test's output. */
export function describeKernel({ ipvs, esp }: Kernel): string {
  return [
    ipvs
      ? 'IPVS: yes. Tested: virtual IPs and the ingress mesh, as docker-compose.yml has them.'
      : 'IPVS: no. Virtual IPs and the ingress mesh carry no traffic here. Tested: names that resolve to the replicas' +
        ' themselves, and HAProxy on port 8000 of every node in the place of the mesh.',
    esp
      ? 'ESP: yes. Tested: webnet encrypted, as docker-compose.yml has it.'
      : 'ESP: no. Nodes cannot talk over an encrypted overlay here. Tested: webnet without encryption.',
  ].join('\n');
}
