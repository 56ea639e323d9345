/**
 * What Prometheus is told by the parent of several replicas itself. Not here: the figures of the
 * replicas (`metrics.ts`).
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot } from '../metrics.ts';

/**
 * What a parent of several replicas counts itself. `replica` is its own name; `silent` returns how
 * many replicas do not answer now.
 */
export function createParentMetrics(replica: string, silent: () => number) {
  const registry = new Registry();
  registry.setDefaultLabels({ replica });
  const killed = new Counter({
    name: 'seen_replicas_killed_total',
    help: 'Replicas that were killed by the process that started them, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  // So that the first one is an increase.
  killed.inc({ reason: 'hung' }, 0);
  registry.registerMetric(
    new Gauge({
      name: 'seen_replicas_silent',
      help: 'Replicas that have given no sign of life for some seconds.',
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
    /** All figures now. */
    snapshot(): Promise<MetricsSnapshot> {
      return registry.getMetricsAsJSON() as unknown as Promise<MetricsSnapshot>;
    },
  };
}
