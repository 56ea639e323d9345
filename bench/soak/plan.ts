/**
 * The times of the faults: a run in four parts, whatever its length. A warm-up without faults;
 * faults of all kinds; a long part in which no process is replaced, so that leaks have time to
 * show; and faults of all kinds again, with a quiet end.
 *
 * Pure. Not here: the faults (`faults.ts`).
 */

/** A part of a run. */
export interface Span {
  /** Milliseconds since the run began. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The plan of a run. */
export interface Plan {
  readonly forMs: number;
  readonly faults: readonly { readonly atMs: number; readonly name: string }[];
  /** The run without its warm-up. */
  readonly warm: Span;
  /** The part of the long stretch in which processes have warmed up: leaks are judged here. */
  readonly steady: Span;
  /** The time after a fault in which it still affects samples. */
  readonly settleMs: number;
  readonly sampleMs: number;
}

/**
 * Shares of the run: of an hour the first faults come after 3 minutes, and for 27 minutes nothing
 * is replaced.
 */
const FAULTS_FROM = 0.05;
const STRETCH_FROM = 0.3;
const STRETCH_TO = 0.75;
const FAULTS_TO = 0.95;
/** Code is compiled and heaps find their size for some minutes after the last replacement. */
const STEADY_FROM = 0.38;
/**
 * In an hour one fault every 75 s, so that most of the time is quiet. In short trials faults are
 * at least as far apart as a rolling restart takes.
 */
const FAULTS_IN_FIRST_PART = 12;
const APART_MS = 9000;
const FAULTS_IN_STRETCH = 4;
/** Visits wait for the store at most five seconds, and their effects last a little longer. */
const SETTLE_MS = 20_000;
/** Short trials are sampled more often, but each sample costs the replicas some milliseconds. */
const SAMPLE_MS = 5000;
const SAMPLE_MIN_MS = 1000;
/** The part of a short trial for both. */
const SHORT = 1 / 120;

/**
 * The plan of a run: the faults in `all` take turns; in the stretch only those in `passing`, which
 * replace no process.
 */
export function planOf(forMs: number, all: readonly string[], passing: readonly string[]): Plan {
  const at = (share: number) => share * forMs;
  const apartMs = Math.max(at(STRETCH_FROM - FAULTS_FROM) / FAULTS_IN_FIRST_PART, APART_MS);
  const first = spread(at(FAULTS_FROM), at(STRETCH_FROM), apartMs);
  const last = spread(at(STRETCH_TO), at(FAULTS_TO), apartMs);
  const calm = spread(
    at(STRETCH_FROM),
    at(STRETCH_TO),
    Math.max(at(STRETCH_TO - STRETCH_FROM) / FAULTS_IN_STRETCH, APART_MS),
  );
  const turns = [...first, ...last].map((atMs, turn) => ({
    atMs,
    name: all[turn % all.length] ?? '',
  }));
  const calmTurns = calm.map((atMs, turn) => ({
    atMs,
    name: passing[turn % passing.length] ?? '',
  }));
  return {
    forMs,
    faults: [...turns, ...calmTurns].toSorted((a, b) => a.atMs - b.atMs),
    warm: { fromMs: at(FAULTS_FROM), toMs: forMs },
    steady: { fromMs: at(STEADY_FROM), toMs: at(STRETCH_TO) },
    settleMs: Math.min(SETTLE_MS, at(SHORT)),
    sampleMs: Math.min(SAMPLE_MS, Math.max(SAMPLE_MIN_MS, at(SHORT))),
  };
}

/** Moments in the middle of pieces of a span, at least one. */
function spread(fromMs: number, toMs: number, apartMs: number): number[] {
  const pieces = Math.max(1, Math.floor((toMs - fromMs) / apartMs + 1e-9));
  return Array.from(
    { length: pieces },
    (_, piece) => fromMs + ((piece + 0.5) * (toMs - fromMs)) / pieces,
  );
}
