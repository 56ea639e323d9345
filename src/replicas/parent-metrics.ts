/**
 * Metrics of the parent of several replicas. Not here: metrics of the replicas (`metrics.ts`).
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot } from '../metrics.ts';

/**
 * Creates the parent's metrics. `replica` is its name; `silent` returns the number of replicas
 * that do not answer now.
 */
export function createParentMetrics(replica: string, silent: () => number) {
  const registry = new Registry();
  registry.setDefaultLabels({ replica });
  const killed = new Counter({
    name: 'seen_replicas_killed_total',
    help: 'Replicas that the parent killed, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  // Starts at 0, so that the first kill is an increase.
  killed.inc({ reason: 'hung' }, 0);
  registry.registerMetric(
    new Gauge({
      name: 'seen_replicas_silent',
      help: 'Replicas that have not answered for some seconds.',
      registers: [],
      collect() {
        this.set(silent());
      },
    }),
  );
  return {
    /** A replica was killed because it hung. */
    killedHung(): void {
      killed.inc({ reason: 'hung' });
    },
    /** All current metrics. */
    snapshot(): Promise<MetricsSnapshot> {
      return registry.getMetricsAsJSON() as unknown as Promise<MetricsSnapshot>;
    },
  };
}
