/**
 * Adapts the stack files to this kernel and to the stand-ins for base images. With IPVS and ESP
 * they stay unchanged, except for Grafana, which has no stand-in. Otherwise as little as possible
 * is changed, by program, so that every change of the files is tested.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/program.ts';
import type { Kernel } from './kernel.ts';

interface Service {
  image?: string;
  ports?: (string | { target: number; published: number; mode?: string })[];
  deploy?: Record<string, unknown>;
  [key: string]: unknown;
}

interface StackFile {
  services: Record<string, Service>;
  networks?: Record<string, { driver_opts?: Record<string, string> } | null>;
  configs?: Record<string, { file: string; name?: string }>;
  [key: string]: unknown;
}

/**
 * HAProxy in the place of the ingress mesh: hands on connections, not requests, and tries nothing
 * twice, as IPVS does.
 */
const MESH: Service = {
  image: 'haproxy:2.6-alpine',
  networks: ['webnet'],
  ports: [{ target: 8000, published: 8000, mode: 'host' }],
  configs: [{ source: 'mesh', target: '/usr/local/etc/haproxy/haproxy.cfg' }],
  sysctls: { 'net.ipv4.ip_local_port_range': '1024 65000' },
  deploy: { mode: 'global', endpoint_mode: 'dnsrr' },
};

/** A stack file as it can run on `kernel`, relative to the folder it will stand in. */
export function fitted(file: string, kernel: Kernel): string {
  const stack = Bun.YAML.parse(readFileSync(join(ROOT, file), 'utf8')) as StackFile;
  if (!kernel.esp) {
    for (const network of Object.values(stack.networks ?? {}))
      delete network?.driver_opts?.['encrypted'];
  }
  // Debian has no Grafana to stand in for its image; the files that it reads are tested without
  // it.
  delete stack.services['grafana'];
  if (!kernel.ipvs) {
    for (const [name, service] of Object.entries(stack.services)) {
      // A service without an image is one of another file, of which this file says more.
      if (service.image !== undefined || service.deploy?.['endpoint_mode'] !== undefined) {
        service.deploy = { ...service.deploy, endpoint_mode: 'dnsrr' };
      }
      if (name === 'web') delete service.ports;
      else if (service.ports) service.ports = service.ports.map(onTheNode);
    }
    if (file === 'docker-compose.yml') {
      stack.services['mesh'] = MESH;
      stack.configs = { ...stack.configs, mesh: { file: './test/stack/support/mesh.cfg' } };
    }
  }
  // JSON is YAML.
  return JSON.stringify(stack, null, 2);
}

/** `"3000:3000"` through the mesh becomes the same port on the node of the task. */
function onTheNode(port: NonNullable<Service['ports']>[number]) {
  if (typeof port !== 'string') return { ...port, mode: 'host' };
  const [published, target] = port.split(':').map(Number);
  return { target: target ?? 0, published: published ?? 0, mode: 'host' };
}
