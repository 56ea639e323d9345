/**
 * The results of a run, as they are stored in bench/results/ and used for the page. Units are in
 * the names.
 */
import type { Listening } from './listeners.ts';
import type { Load } from './load.ts';
import type { Memory } from './memory.ts';
import type { Latencies } from './open-loop.ts';

/** Rounds of one scenario. */
export interface Loads {
  readonly service: string;
  readonly route: string;
  readonly connections: number;
  readonly rounds: Load[];
}

/** One turn at a fixed rate. */
export interface AtRate extends Latencies {
  readonly perSecond: number;
}

/**
 * Rounds of one service at fixed rates: the rate that is the same for all services, and half of
 * the service's peak.
 */
export interface Waits {
  readonly service: string;
  readonly sameForAll: AtRate[];
  readonly halfOfPeak: AtRate[];
  /** The slowest of 100 visits by three clients with new connections, to the median of the 100. */
  readonly slowestToMedian: number[];
}

/** The results of a run. */
export interface Results {
  readonly startedAt: string;
  readonly machine: string;
  readonly versions: string;
  readonly commit: string;
  readonly rounds: number;
  readonly seconds: number;
  /** The time for which each service was loaded before the first round. */
  readonly warmSeconds: number;
  /** The services that were not measured, each with its missing programs. */
  readonly notRun: string[];
  readonly loads: Loads[];
  readonly waits: Waits[];
  readonly memory: { readonly service: string; readonly rest: Memory; readonly loaded: Memory }[];
  readonly starts: { readonly store: string; readonly firstVisitMs: number[] }[];
  readonly listening: Listening[];
  /** Bytes of what the image adds to its base, by file. */
  readonly image: { readonly file: string; readonly bytes: number }[];
}
