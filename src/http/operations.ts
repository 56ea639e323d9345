/**
 * The operations port: liveness, readiness and metrics of this process. Never published to
 * visitors.
 *
 * `/healthz` never asks the store: an orchestrator kills unhealthy processes, and killing replicas
 * does not repair a store. `/readyz` does ask it, because sending visitors elsewhere may help. A
 * process is unhealthy until it listens for visits: Swarm sends visits to healthy processes, and
 * then stops the old replica. A process is also unhealthy when all its replicas hang.
 */
import { Hono } from 'hono';
import { withoutBody } from './request/methods.ts';

export interface OperationsOptions {
  /** Whether this process listens for visits yet. */
  started: () => boolean;
  /** The reason why this process takes no traffic; `undefined` when it does. */
  unready: () => Promise<string | undefined>;
  /** The replicas of this process that do not respond, and the number of all. */
  silent: () => { readonly names: readonly string[]; readonly of: number };
  /** The metrics in Prometheus's text format. */
  metrics: () => Promise<string>;
  metricsContentType: string;
}

/** Builds the app of the operations port. */
export function createOperations({
  started,
  unready,
  silent,
  metrics,
  metricsContentType,
}: OperationsOptions) {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
    if (c.req.method === 'HEAD') c.res = await withoutBody(c.res);
  });
  app.get('/healthz', (c) => {
    if (!started()) return c.text('starting\n', 503, { 'Retry-After': '1' });
    const { names, of } = silent();
    if (names.length < of) return c.text(`alive\n${silentLine(names)}`);
    return c.text('no replica answers\n', 503, { 'Retry-After': '1' });
  });
  app.get('/readyz', async (c) => {
    // With several replicas one may take visits while others still start.
    const reason = (await unready()) ?? (started() ? undefined : 'starting');
    return reason === undefined
      ? c.text(`ready\n${silentLine(silent().names)}`)
      : c.text(`not ready: ${reason}\n`, 503, { 'Retry-After': '1' });
  });
  app.get('/metrics', async (c) =>
    c.body(await metrics(), 200, { 'Content-Type': metricsContentType }),
  );
  app.notFound((c) => c.text('Here are /healthz, /readyz and /metrics.\n', 404));
  return app;
}

/**
 * A line for people and logs. The status stays 200: the other replicas serve, and without this
 * machine perhaps nobody would.
 */
function silentLine(names: readonly string[]): string {
  return names.length === 0 ? '' : `no answer from ${names.join(', ')}\n`;
}
