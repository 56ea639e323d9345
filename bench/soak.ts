/**
 * `npx bun bench/soak.ts [--for 60m] [--store Redis|SQLite|PostgreSQL] [--rate 1000] [--seed 1]`:
 * an hour of steady visits to three replicas, while they are updated and killed and their store
 * fails and returns. Checks that every number is correct, and that memory, descriptors and latency
 * do not grow.
 *
 * Runs unattended; Ctrl-C ends it early and judges the samples so far. Writes docs/soak.md and its
 * plots, and every minute all samples so far into bench/results/. A run that is too short to be
 * judged writes its report beside its samples instead. Exit status: 0 when everything was correct,
 * and flat if that was judged; 1 when not; 2 for wrong usage.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Random } from '../test/faults/random.ts';
import { faultNames, type Injected, inject } from './soak/faults.ts';
import type { Kept } from './soak/kept.ts';
import { Load } from './soak/load.ts';
import { type Plan, planOf } from './soak/plan.ts';
import { brokenIn, type Soak, verdictOf } from './soak/report.ts';
import { type Sample, Sampler } from './soak/sampler.ts';
import { allListening, type Service, startService } from './soak/service.ts';
import { Streams } from './soak/streams.ts';
import { flatness } from './soak/verdict.ts';
import { writeReport, writeSamples } from './soak/write.ts';
import { STORE_NAMES, type StoreName } from './stores.ts';

const SAVE_MS = 60_000;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** One run, which ends at its planned time or when `stop` is aborted. */
class Run {
  readonly #service: Service;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #stop: AbortSignal;
  readonly #startedAt = performance.now();
  readonly samples: Sample[] = [];
  readonly faults: Injected[] = [];
  readonly wrong: string[] = [];
  early: readonly Kept[] = [];

  constructor(service: Service, plan: Plan, random: Random, stop: AbortSignal) {
    this.#service = service;
    this.#plan = plan;
    this.#random = random;
    this.#stop = stop;
  }

  readonly nowMs = () => performance.now() - this.#startedAt;

  get startedAt(): number {
    return this.#startedAt;
  }

  get over(): boolean {
    return this.#stop.aborted || this.nowMs() >= this.#plan.forMs;
  }

  /** Takes samples until the run is over, and calls `save` every minute. */
  async sample(sampler: Sampler, save: () => void): Promise<void> {
    let savedMs = 0;
    for (let due = this.#plan.sampleMs; !this.over; due += this.#plan.sampleMs) {
      await this.#until(due);
      if (this.over) break;
      this.samples.push(await sampler.take(this.nowMs));
      if (this.early.length === 0 && this.nowMs() >= this.#plan.warm.fromMs) {
        this.early = await this.#service.kept().catch(() => []);
      }
      if (this.nowMs() - savedMs < SAVE_MS) continue;
      savedMs = this.nowMs();
      save();
    }
  }

  /**
   * Injects each fault at its time, or as soon as the fault before it has healed.
   */
  async injectAll(): Promise<void> {
    for (const { atMs, name } of this.#plan.faults) {
      await this.#until(atMs);
      if (this.over) return;
      try {
        const injected = await inject(this.#service, name, this.#random, this.nowMs);
        this.faults.push(injected);
        const { fromMs, toMs, how } = injected;
        say(
          `${(fromMs / 1000).toFixed(1).padStart(7)} s  ${name}${how === undefined ? '' : ` (${how})`}, healed after ${((toMs - fromMs) / 1000).toFixed(1)} s`,
        );
      } catch (error) {
        // When the run is stopped, the target of the fault may be gone too.
        if (!this.#stop.aborted)
          this.wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
  }

  async #until(atMs: number): Promise<void> {
    while (!this.over && this.nowMs() < atMs)
      await Bun.sleep(Math.min(100, Math.max(1, atMs - this.nowMs())));
  }
}

async function soak(
  store: StoreName,
  forMs: number,
  rate: number,
  seed: number,
  stop: AbortSignal,
): Promise<boolean> {
  await using service = await startService(store);
  const { all, passing } = faultNames(store);
  const plan = planOf(forMs, all, passing);
  const load = new Load(service.program, rate, new Random(seed));
  const streams = new Streams(service.program.url, new Random(seed + 1));
  await load.begin();
  const startedAt = new Date();
  const run = new Run(service, plan, new Random(seed + 2), stop);
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}; Bun ${Bun.version}`;
  const soFar = (tookMs: number, more: Pick<Soak, 'findings' | 'kept'>): Soak => {
    const { answered, failures } = load;
    const { samples, faults, wrong } = run;
    return {
      store,
      startedAt,
      plan,
      tookMs,
      rate,
      machine,
      answered,
      failures,
      faults,
      streams,
      samples,
      wrong,
      ...more,
    };
  };
  const save = () =>
    writeSamples(soFar(run.nowMs(), { findings: [], kept: { early: run.early, late: [] } }));

  const going = [load.run(run.startedAt), streams.run()];
  await Promise.all([run.sample(new Sampler(service, load), save), run.injectAll()]);
  const tookMs = Math.min(run.nowMs(), forMs);
  await service.mend();
  load.stop();
  streams.stop();
  await Promise.all(going);
  await allListening(service.program);
  // Hits in progress may still be counted, so the totals are read after that.
  await service.program.settled();
  const findings = await load.verdict();
  const late = await service.kept();

  const result = soFar(tookMs, { findings, kept: { early: run.early, late } });
  const judged = flatness(plan, rate, result.samples, result.faults);
  const files = [writeSamples(result), writeReport(result, judged)];
  say(
    `${store}, seed ${seed}: ${result.answered} visits answered, ${result.failures.length} not, ${result.faults.length} faults.`,
  );
  for (const line of verdictOf(result, judged)) say(line);
  say(`Written: ${files.join(', ')}`);
  return brokenIn(result).length === 0 && (judged?.every(({ flat }) => flat) ?? true);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      for: { type: 'string', default: '60m' },
      store: { type: 'string', default: 'Redis' },
      rate: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [, digits, unit] = /^(\d+)(s|m|h)$/.exec(values.for) ?? [];
  const store = STORE_NAMES.find((each) => each === values.store);
  const [rate, seed] = [Number(values.rate), Number(values.seed)];
  if (digits === undefined || !store || !(rate > 0) || !Number.isSafeInteger(seed)) {
    process.stderr.write(
      'Usage: npx bun bench/soak.ts [--for 60m] [--store Redis|SQLite|PostgreSQL] [--rate 1000] [--seed 1]\n',
    );
    return 2;
  }
  const forMs = Number(digits) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  return (await soak(store, forMs, rate, seed, stop.signal)) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
