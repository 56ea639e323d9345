/** Ports that several replicas open together. */
import type { Config } from '../config/config.ts';
import { type Listening, listen } from '../http/server.ts';

/**
 * Whether the kernel shares out the connections on a port that several processes opened
 * (`SO_REUSEPORT`).
 */
export function sharesPorts(platform: string): boolean {
  return platform === 'linux';
}

/**
 * The address and port for the replicas, after making sure that nobody has it: they open it as one
 * that others may share, and would share it with a stranger too. Fails with `port-unavailable`.
 */
export function freePort({ host, port }: Config): Pick<Listening, 'host' | 'port'> {
  const listening = listen({
    host,
    hostSetting: 'SEEN_HOST',
    port,
    shared: false,
    handlerMs: 0,
    connectionsMax: 1,
    busyPorts: () => [],
    fetch: () => new Response(),
  });
  void listening.close();
  return listening;
}
