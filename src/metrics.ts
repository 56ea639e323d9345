/**
 * Metrics for Prometheus: hits, batches, commits, requests, streams, queue, store. A leaf.
 *
 * Labels come from closed lists (our routes and statuses), so their number does not depend on
 * clients. Every series has the replica's name; `mergeMetrics` combines several replicas of one
 * machine without adding them up, because a sum would fall when a replica is replaced. Names and
 * units: https://prometheus.io/docs/practices/naming/
 */
import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  Registry,
} from 'prom-client';

/** The metrics of one process, and their updates. */
export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of one process as plain data, which can be sent to another process. */
export type MetricsSnapshot = readonly MetricObjectWithValues<never>[];

/** From one fsync on an SSD to the longest wait for a store. */
const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** The time between two measurements of the event loop's lag (docs/decisions/0009). */
const LAG_INTERVAL_MS = 100;

/** Gauges with names of counters, which `promtool check metrics` refuses; always 0 on Bun. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** An answered request: its route as written in the code, and its status. */
interface RequestOutcome {
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

type Build = Readonly<Record<'version' | 'store', string>>;

/** Values that are read at each scrape. */
export interface Gauges {
  waiting: () => number;
  storeUp: () => boolean;
  storeShort: () => boolean;
  /** By route; a route whose last stream has ended stays, with 0. */
  openStreams: () => Iterable<readonly [route: string, open: number]>;
}

/** Creates the metrics of this process. `gauges` are read at each snapshot. */
export function createMetrics(replica: string, build: Build, gauges: Gauges) {
  const registry = new Registry();
  registry.setDefaultLabels({ replica });
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_INTERVAL_MS });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const hits = new Counter({
    name: 'seen_hits_total',
    help: 'Hits that got their number, including requests repeated with their key; without those whose client had left.',
    registers,
  });
  const { batchHits, commitSeconds, requests } = histograms(registers);
  const { retries, setBack, limiterOpen } = eventCounters(registers);
  new Gauge({
    name: 'seen_build_info',
    help: 'Always 1; the labels are the running version and the kind of the store.',
    labelNames: ['version', 'store'],
    registers,
  }).set({ ...build }, 1);
  addGauges(registry, gauges);
  return {
    /** A batch of `size` hits was stored in `seconds`. */
    committed(size: number, seconds: number): void {
      hits.inc(size);
      batchHits.observe(size);
      commitSeconds.observe(seconds);
    },
    /** An attempt to store a batch failed. */
    retried(): void {
      retries.inc();
    },
    /** The store was emptied or restored from an older copy. */
    storeSetBack(): void {
      setBack.inc();
    },
    /** A request was allowed without a verdict of the limiter. */
    limiterOpen(): void {
      limiterOpen.inc();
    },
    /** A request on one of our routes was answered. */
    requested: ({ route, status, seconds }: RequestOutcome): void => {
      requests.observe({ route, status }, seconds);
    },
    /** All current metrics. */
    snapshot(): Promise<MetricsSnapshot> {
      return registry.getMetricsAsJSON() as unknown as Promise<MetricsSnapshot>;
    },
  };
}

/** Histograms of commits and requests. */
function histograms(registers: Registry[]) {
  return {
    batchHits: new Histogram({
      name: 'seen_batch_hits',
      help: 'Hits in each batch stored; the count is the number of commits.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'seen_commit_seconds',
      help: 'Time from sending a batch to its confirmation, retries included.',
      buckets: SECONDS_BUCKETS,
      registers,
    }),
    requests: new Histogram({
      name: 'seen_request_seconds',
      help: 'Time from a request to its response, by route and status.',
      labelNames: ['route', 'status'],
      buckets: SECONDS_BUCKETS,
      registers,
    }),
  };
}

/** Counters of rare events. */
function eventCounters(registers: Registry[]) {
  return {
    retries: new Counter({
      name: 'seen_commit_retries_total',
      help: 'Attempts to store a batch, empty ones included, that failed and were repeated.',
      registers,
    }),
    setBack: new Counter({
      name: 'seen_store_set_back_total',
      help: 'Times that the store lacked the last batch of this replica: it was emptied or restored from an older copy.',
      registers,
    }),
    limiterOpen: new Counter({
      name: 'seen_limiter_open_total',
      help: 'Requests allowed because the store gave no verdict of the limiter in time.',
      registers,
    }),
  };
}

/** Gauges whose values are read at each scrape. */
function addGauges(registry: Registry, gauges: Gauges): void {
  const add = (name: string, help: string, read: () => number) =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  add('seen_waiting_hits', 'Hits that have no answer yet.', gauges.waiting);
  add('seen_store_up', '1 when the last commit or probe succeeded, else 0.', () =>
    gauges.storeUp() ? 1 : 0,
  );
  add('seen_store_short', '1 when nothing new is stored for lack of space, else 0.', () =>
    gauges.storeShort() ? 1 : 0,
  );
  registry.registerMetric(
    new Gauge({
      name: 'seen_open_streams',
      help: 'Open event streams, by route.',
      labelNames: ['route'],
      registers: [],
      collect() {
        for (const [route, open] of gauges.openStreams()) this.set({ route }, open);
      },
    }),
  );
}

/**
 * The metrics of several processes as one text in Prometheus's format, without sums or omissions.
 */
export function mergeMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  // 'sum' adds series with equal labels, and there are none, because the replica's name differs.
  // The other aggregators drop figures.
  const unsummed = snapshots.map((figures) =>
    figures.map((figure) => ({ ...figure, aggregator: 'sum' })),
  );
  return AggregatorRegistry.aggregate(unsummed).metrics();
}

/** The content type of `mergeMetrics`. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
