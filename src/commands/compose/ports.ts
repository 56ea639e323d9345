/**
 * Opens the port that several replicas share, and the operations port of `seen serve`. Not here:
 * the responses of the latter (`http/operations.ts`).
 */
import type { Config } from '../../config/config.ts';
import { createOperations, type OperationsOptions } from '../../http/operations.ts';
import { type Listening, listen } from '../../http/server.ts';
import { METRICS_CONTENT_TYPE, type MetricsSnapshot, mergeMetrics } from '../../metrics.ts';

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

/** The service that this port reports about. */
export interface OperatedService
  extends Pick<OperationsOptions, 'started' | 'unready' | 'silent'> {
  metrics(): Promise<readonly MetricsSnapshot[]>;
}

/** Opens the operations port. Fails with `port-unavailable`. */
export function openOperations(config: Config, service: OperatedService): Listening {
  const app = createOperations({
    started: () => service.started(),
    unready: () => service.unready(),
    silent: () => service.silent(),
    metrics: async () => mergeMetrics(await service.metrics()),
    metricsContentType: METRICS_CONTENT_TYPE,
  });
  /** The remote ports of requests in progress. */
  const busy = new Set<number | undefined>();
  return listen({
    host: config.operationsHost,
    hostSetting: 'SEEN_OPERATIONS_HOST',
    port: config.operationsPort,
    shared: false,
    handlerMs: 2 * config.storeTimeoutMs,
    connectionsMax: config.connectionsMax,
    busyPorts: () => [...busy].filter((port) => port !== undefined),
    fetch: async (request, server) => {
      const port = server.requestIP(request)?.port;
      busy.add(port);
      try {
        return await app.fetch(request);
      } finally {
        busy.delete(port);
      }
    },
  });
}
