/**
 * Samples: the resources of each process, the contents of the store, and the visits since the
 * previous sample.
 *
 * A figure that needs two samples of the same processes (CPU time) is omitted when one of them was
 * replaced in between.
 */
import type { Load } from './load.ts';
import { processFigures, replicaNameOf } from './process.ts';
import type { Service } from './service.ts';

/** The figures of one process at one moment. */
export interface ProcessSample {
  /** `parent`, `replica 1` to `replica 3`, `store` (all its processes together). */
  readonly name: string;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** The used part of the JavaScript heap, as the process reports it; only of replicas. */
  readonly heapBytes?: number | undefined;
}

/** The figures of an interval, and of the moment at its end. */
export interface Sample {
  /** The interval, in milliseconds since the run began. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly processes: readonly ProcessSample[];
  readonly storeBytes: number;
  readonly answered: number;
  readonly failed: number;
  /** `undefined` where nothing was answered. */
  readonly p50Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  /** CPU time of Seen and its store; `undefined` when a process was replaced. */
  readonly cpuUsPerVisit?: number | undefined;
}

export class Sampler {
  readonly #service: Service;
  readonly #load: Load;
  #lastMs = 0;
  #cpuMs = new Map<number, number>();

  constructor(service: Service, load: Load) {
    this.#service = service;
    this.#load = load;
  }

  /** Takes a sample now. `nowMs` returns the time since the run began. */
  async take(nowMs: () => number): Promise<Sample> {
    const heaps = await heapsOf(this.#service.program.operationsUrl);
    const storeBytes = await this.#service.storeBytes().catch(() => Number.NaN);
    const named = await this.#named();
    const processes: ProcessSample[] = [];
    const cpuMs = new Map<number, number>();
    for (const [name, pids] of named) {
      const figures = pids.flatMap((pid) => processFigures(pid) ?? []);
      if (figures.length === 0) continue;
      processes.push({
        name,
        rssBytes: sum(figures.map(({ rssBytes }) => rssBytes)),
        descriptors: sum(figures.map(({ descriptors }) => descriptors)),
        heapBytes: heaps.get(name),
      });
      for (const figure of figures) cpuMs.set(figure.pid, figure.cpuMs);
    }
    const { latenciesMs, failed } = this.#load.interval();
    const sorted = latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    const sample = {
      fromMs: this.#lastMs,
      toMs: nowMs(),
      processes,
      storeBytes,
      answered: sorted.length,
      failed,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      cpuUsPerVisit: this.#cpuUsPerVisit(cpuMs, sorted.length),
    };
    this.#lastMs = sample.toMs;
    this.#cpuMs = cpuMs;
    return sample;
  }

  #cpuUsPerVisit(cpuMs: ReadonlyMap<number, number>, visits: number): number | undefined {
    const before = this.#cpuMs;
    if (visits === 0 || before.size !== cpuMs.size) return undefined;
    let spentMs = 0;
    for (const [pid, ms] of cpuMs) {
      const past = before.get(pid);
      if (past === undefined) return undefined;
      spentMs += ms - past;
    }
    return (spentMs * 1000) / visits;
  }

  /** The processes by the names that their figures have. */
  async #named(): Promise<[name: string, pids: readonly number[]][]> {
    const { program } = this.#service;
    const replicas = (await program.replicas()).flatMap((pid): [string, number[]][] => {
      const name = replicaNameOf(pid);
      return name === undefined ? [] : [[replica(name), [pid]]];
    });
    const store = this.#service.storePids();
    return [
      ['parent', [program.process.pid]],
      ...replicas.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ...(store.length === 0 ? [] : [['store', store] as [string, readonly number[]]]),
    ];
  }
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

/** `test-1` is `replica 1`. */
function replica(name: string): string {
  return `replica ${name.split('-').at(-1)}`;
}

/** The used heap of each replica, in bytes; empty when no replica answers. */
async function heapsOf(operationsUrl: string): Promise<Map<string, number>> {
  const metrics = await fetch(`${operationsUrl}/metrics`)
    .then((response) => response.text())
    .catch(() => '');
  const found = metrics.matchAll(
    /^nodejs_heap_size_used_bytes\{[^}]*replica="([^"]*)"[^}]*\} (\d+)/gm,
  );
  return new Map(Array.from(found, ([, name = '', bytes]) => [replica(name), Number(bytes)]));
}
