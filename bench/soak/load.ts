/**
 * Visits at a fixed rate, whether or not earlier ones were answered (`bench/open-loop.ts`). Each
 * counter is judged as by `seen verify` (`src/verify/judge.ts`): each number unique, in order, and
 * within the bounds.
 *
 * Nothing is sent twice. Failures are recorded with their time; `faults.ts` decides whether they
 * are excused.
 */
import { Connection, Unanswered } from '../../src/verify/connection.ts';
import type { Finding } from '../../src/verify/finding.ts';
import { Judge } from '../../src/verify/judge.ts';
import { codeIn, type Target, targetOf } from '../../src/verify/target.ts';
import type { Random } from '../../test/faults/random.ts';
import type { Program } from '../../test/support/program.ts';
import type { Failure } from './faults.ts';
import { counters, type Visit, visitOf } from './visits.ts';

/** Visits in an interval. */
export interface Interval {
  readonly latenciesMs: readonly number[];
  readonly failed: number;
}

/** The number of kept connections: enough for the rate while the store syncs. */
const KEPT = 48;
/** Longer than a visit waits for the store. */
const TIMEOUT_MS = 15_000;

/** A badge whose number the store did not give in time. */
const NOT_AVAILABLE = /aria-label="visits: not available"/;

/** Why an answer has no number. A picture of an error has status 200. */
function failureOf(status: number, body: string): string {
  if (status !== 200) return `status ${status}${codeIn(body)}`;
  return NOT_AVAILABLE.test(body) ? 'status 503, as a picture' : 'no number';
}

/** A connection and its number for the judge, which is a new one whenever it is opened again. */
interface Line {
  id: number;
  connection: Connection | undefined;
}

/** The visits of a run. */
export class Load {
  readonly failures: Failure[] = [];
  answered = 0;
  readonly #program: Program;
  readonly #target: Target;
  readonly #rate: number;
  readonly #random: Random;
  readonly #judges = new Map<string, Judge>();
  readonly #free: Line[] = Array.from({ length: KEPT }, () => ({ id: 0, connection: undefined }));
  readonly #late: { visit: Visit; dueAt: number }[] = [];
  #lines = 0;
  #underWay = 0;
  #startedAt = 0;
  #over = false;
  #latenciesMs: number[] = [];
  #failed = 0;

  constructor(program: Program, rate: number, random: Random) {
    this.#program = program;
    this.#target = targetOf(program.url, undefined);
    this.#rate = rate;
    this.#random = random;
  }

  /** Visits each counter once, for the number before all others. */
  async begin(): Promise<void> {
    for (const [name, path] of counters())
      this.#judges.set(name, new Judge(await this.#program.visit(path)));
  }

  /**
   * Visits until `stop` is called and the last has its answer. Times count from `startedAt`, on
   * the clock of `performance.now()`.
   */
  async run(startedAt: number): Promise<void> {
    this.#startedAt = startedAt;
    const from = performance.now();
    for (let asked = 0; !this.#over; ) {
      const due = Math.floor(((performance.now() - from) / 1000) * this.#rate);
      for (; asked < due; asked++) this.#due(from + (asked / this.#rate) * 1000);
      await Bun.sleep(1);
    }
    while (this.#underWay > 0) await Bun.sleep(10);
    for (const line of this.#free) line.connection?.close();
  }

  stop(): void {
    this.#over = true;
  }

  /** The visits since the last call. */
  interval(): Interval {
    const interval = { latenciesMs: this.#latenciesMs, failed: this.#failed };
    this.#latenciesMs = [];
    this.#failed = 0;
    return interval;
  }

  /**
   * Judges all counters, and returns the worst finding of each check. Call it when all hits are
   * stored.
   */
  async verdict(): Promise<Finding[]> {
    const findings = new Map<Finding['check'], Finding>();
    for (const [name, path] of counters()) {
      const after = await this.#program.visit(path);
      const verdict =
        this.#judges.get(name)?.verdict({ after, others: false, mayFail: true }) ?? [];
      for (const { check, status, count, words } of verdict) {
        // Nothing is read here, and `faults.ts` decides about failures.
        if (check === 'reads' || check === 'answered') continue;
        const known = findings.get(check);
        if (!known || (status !== 'held' && known.status !== 'broken')) {
          findings.set(check, {
            check,
            status,
            count,
            words: words === '' ? '' : `${name}: ${words}`,
          });
        }
      }
    }
    return [...findings.values()];
  }

  #due(dueAt: number): void {
    const visit = visitOf(this.#random, this.#target.host);
    const line = visit.alone ? { id: 0, connection: undefined } : this.#free.shift();
    if (line) void this.#visit(visit, line, dueAt);
    else this.#late.push({ visit, dueAt });
  }

  async #visit(visit: Visit, line: Line, dueAt: number): Promise<void> {
    const judge = this.#judges.get(visit.counter);
    if (!judge) return;
    this.#underWay++;
    const kept = line.connection !== undefined;
    if (!kept) line.id = ++this.#lines;
    const begun = judge.begin('hit', line.id);
    const fromMs = performance.now() - this.#startedAt;
    const got = await this.#ask(visit, line);
    const now = performance.now();
    judge.end(begun, got);
    if (got.failure === undefined) {
      this.answered++;
      this.#latenciesMs.push(now - dueAt);
    } else {
      this.#failed++;
      this.failures.push({ fromMs, toMs: now - this.#startedAt, why: got.failure, kept });
    }
    if (visit.alone || !line.connection?.open) this.#hangUp(line);
    this.#underWay--;
    if (!visit.alone) this.#next(line);
  }

  async #ask(
    { request, numberIn }: Visit,
    line: Line,
  ): Promise<{ number?: number; failure?: string }> {
    try {
      line.connection ??= await Connection.open(this.#target, TIMEOUT_MS);
      const { status, body } = await line.connection.ask(request, TIMEOUT_MS);
      const number = status === 200 ? numberIn(body) : undefined;
      return number === undefined ? { failure: failureOf(status, body) } : { number };
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      line.connection?.close();
      return { failure: error.message };
    }
  }

  #next(line: Line): void {
    const late = this.#late.shift();
    if (late) void this.#visit(late.visit, line, late.dueAt);
    else this.#free.push(line);
  }

  #hangUp(line: Line): void {
    line.connection?.close();
    line.connection = undefined;
    for (const judge of this.#judges.values()) judge.closed(line.id);
  }
}
