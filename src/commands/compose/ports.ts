/** The port that several replicas share. */
import type { Config } from '../../config/config.ts';
import { type Listening, listen } from '../../http/server.ts';

/**
 * Whether the kernel balances connections between processes that open the same port
 * (`SO_REUSEPORT`).
 */
export function sharesPorts(platform: string): boolean {
  return platform === 'linux';
}

/**
 * The address and port for the replicas, after checking that they are free: replicas open the port
 * as shared, and would share it with any other program. Fails with `port-unavailable`.
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
