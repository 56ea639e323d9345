/**
 * The checks at the end of a history: clients' answers against each other and against the totals,
 * and a real store against the model.
 *
 * The first part knows nothing of batches or windows: it judges from outside, like `seen verify`.
 */
import type { CounterHistory } from '../../src/contract/history.ts';
import type { Database } from './database.ts';
import { REPEATED, type SimulatedHit } from './hit.ts';
import type { Model } from './model.ts';
import type { ModelCounter } from './model-counter.ts';
import { BEFORE_MIDNIGHT, MANY, type Plan } from './plan.ts';
import { must } from './violation.ts';

/** A history that is over. */
export interface Ended {
  readonly hits: readonly SimulatedHit[];
  readonly model: Model;
  readonly plan: Plan;
  /** What counters stood at when they were made, of those that owners left alone since. */
  readonly starts: ReadonlyMap<string, number>;
  readonly database: Database | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Fails with a `Violation`. */
export async function judge({ hits, model, plan, starts, database, at }: Ended): Promise<void> {
  judgeNumbers(hits);
  judgeKeys(hits);
  const keepsAll = plan.setBacks === 0 && plan.emptied === 0;
  if (keepsAll && !plan.windows) {
    for (const [name, start] of starts) {
      judgeTotal(
        name,
        start,
        model.counters.get(name),
        hits.filter(({ counter }) => counter === name),
      );
    }
  }
  if (database) await compareStore(model, plan, database, at);
}

/** No two hits on a counter have the same number, as long as its total only grows. */
function judgeNumbers(hits: readonly SimulatedHit[]): void {
  const shrinks = new Set(hits.filter(({ amount }) => amount < 0).map(({ counter }) => counter));
  const given = new Map<string, SimulatedHit>();
  for (const hit of hits) {
    const { fate, answer, counter, id, lost } = hit;
    if (typeof answer !== 'number' || lost || !fate || !('number' in fate)) continue;
    if (shrinks.has(counter) || !fate.counts || fate.line === REPEATED) continue;
    const place = `${counter} ${fate.line} ${answer}`;
    const before = given.get(place);
    must(!before, () => `hits ${before?.id} and ${id} on ${counter} are both answered ${answer}`);
    given.set(place, hit);
  }
}

/** What was asked under one key has one number. */
function judgeKeys(hits: readonly SimulatedHit[]): void {
  const given = new Map<string, number>();
  for (const { once, answer, fate, id, lost } of hits) {
    if (!once || typeof answer !== 'number' || lost || !fate) continue;
    const before = given.get(once.key) ?? answer;
    must(
      before === answer,
      () => `hit ${id} under the key ${once.key} is answered ${answer}, an earlier one ${before}`,
    );
    given.set(once.key, answer);
  }
}

/**
 * A total is between the hits that were answered and those plus the hits without an answer, and so
 * are the hours together.
 */
function judgeTotal(
  name: string,
  start: number,
  counter: ModelCounter | undefined,
  hits: readonly SimulatedHit[],
): void {
  const total = (counter?.total ?? start) - start;
  const hours = [...(counter?.hours.values() ?? [])].reduce((sum, amount) => sum + amount, 0);
  must(hours === total, `the hours of ${name} add up to ${hours}, not ${total}`);
  let [least, most] = [0, 0];
  for (const same of Map.groupBy(hits, ({ once, id }) => once?.key ?? `alone ${id}`).values()) {
    const isOpen = ({ answer }: SimulatedHit) =>
      answer === undefined ||
      answer === 'hit-unconfirmed' ||
      (answer?.toString() ?? '').startsWith('TypeError');
    const answered = same.find(({ answer }) => answer === null || typeof answer === 'number');
    const amount = (answered ?? same.find(isOpen))?.amount ?? 0;
    least += answered ? amount : Math.min(amount, 0);
    most += answered ? amount : Math.max(amount, 0);
  }
  must(total >= least && total <= most, `${name} rose by ${total}, not by ${least} to ${most}`);
}

/** A real store has what the model has. */
async function compareStore(model: Model, plan: Plan, database: Database, at: number) {
  const { counters } = plan;
  const store = database.at(at);
  must(
    (await store.registry.size()) === model.counters.size,
    `there are not ${model.counters.size} counters`,
  );
  const totals = await store.counting.read(counters);
  await Promise.all(
    counters.map(async (name, index) => {
      const expected = model.counters.get(name);
      must(
        totals[index] === model.read(name),
        `${name} reads ${totals[index]}, not ${model.read(name)}`,
      );
      const got = await store.registry.describe(name);
      must(
        got?.total === expected?.total,
        `${name} stands at ${got?.total}, not ${expected?.total}`,
      );
      must(got?.rules.private === expected?.private, `${name} is private: ${got?.rules.private}`);
      must(
        got?.rules.windowMs === expected?.windowMs,
        `${name} has the window ${got?.rules.windowMs}`,
      );
      comparePast(
        name,
        await store.history.read(name),
        expected,
        model.maybeVisitorsOf(name),
        plan,
      );
    }),
  );
}

function comparePast(
  name: string,
  past: CounterHistory,
  expected: ModelCounter | undefined,
  maybe: ReadonlySet<string>,
  { startsAt, limits }: Plan,
): void {
  // By day: when hours become days is the store's choice.
  const got = new Map<string, number>();
  const add = (sums: Map<string, number>, day: number, kind: string, amount: number) =>
    sums.set(`${day} ${kind}`, (sums.get(`${day} ${kind}`) ?? 0) + amount);
  for (const { at, kind, amount } of past.hours) add(got, Math.floor(at / 24), kind, amount);
  for (const { at, kind, amount } of past.days) add(got, at, kind, amount);
  const wanted = new Map<string, number>();
  for (const [hour, amount] of expected?.hours ?? []) {
    const [at, kind = ''] = hour.split(' ');
    add(wanted, Math.floor(Number(at) / 24), kind, amount);
  }
  must(
    textOf(got) === textOf(wanted),
    `the past of ${name} is ${textOf(got)}, not ${textOf(wanted)}`,
  );
  // Around midnight, clocks that differ are not of one opinion on whose day it is.
  if (startsAt === BEFORE_MIDNIGHT) return;
  for (const [day, visitors] of expected?.visitors ?? []) {
    const count = past.visitors.get(day) ?? 0;
    const atLeast = limits.visitorsMax < MANY ? 0 : visitors.size;
    const atMost = new Set([...visitors, ...maybe]).size;
    must(
      count >= atLeast && count <= atMost,
      `${name} had ${count} visitors on day ${day}, not ${atLeast} to ${atMost}`,
    );
  }
}

function textOf(sums: ReadonlyMap<string, number>): string {
  const entries = [...sums].filter(([, amount]) => amount !== 0);
  return entries
    .map(([name, amount]) => `${name}=${amount}`)
    .toSorted()
    .join(', ');
}
