/** Visitors of a stack that never try anything twice, and the judgement of what they got. */
import { expect } from 'bun:test';
import { type Evidence, findings, load } from '../../support/load.ts';
import { numberIn } from '../../support/program.ts';

/** Clients that keep their connection, and clients that open one for each visit. */
const KEEPERS = 12;
const OPENERS = 6;
export const CLIENTS = KEEPERS + OPENERS;
/** So many visits come in however slow the machine is; usually there are some hundred a second. */
const VISITS_MIN = 200;
/** Longer than a visit may wait for its number. */
const PATIENCE_MS = 30_000;

export interface Judged {
  /** Both kinds of clients together. */
  readonly all: Evidence;
  /** What is wrong with the numbers, and how visits failed. */
  readonly wrong: string[];
  readonly failures: number;
  /** `seen/0.1.0` for each version that answered, in the order of their first answers. */
  readonly versions: string[];
}

let round = 0;

/**
 * Visits a counter of its own, with clients that keep their connections and clients that open one for each visit, from a
 * while before `action` until a while after it, and judges what they got.
 */
export async function underLoad(url: string, action: () => Promise<unknown>): Promise<Judged> {
  const path = `/stack/round-${++round}`;
  let going = true;
  const visits = (clients: number, keepAlive: boolean) =>
    load({
      url,
      clients,
      keepAlive,
      path: `/hit${path}`,
      pauseMs: 20,
      patienceMs: PATIENCE_MS,
      more: () => going,
    });
  const loads = Promise.all([visits(KEEPERS, true), visits(OPENERS, false)]);
  await Bun.sleep(1000);
  try {
    await action();
    await Bun.sleep(1000);
  } finally {
    going = false;
  }
  const [kept, opened] = await loads;
  const total = numberIn(await (await fetch(`${url}/get${path}`, { keepalive: false })).text());
  const all = merged(kept, opened);
  return {
    all,
    wrong: findings(all, 0, total),
    failures: sum(all.failed) + sum(all.refused),
    versions: [...new Set([...all.servedBy].map((name) => name.split(' ')[1] ?? ''))],
  };
}

function sum(counts: Map<unknown, number>): number {
  return [...counts.values()].reduce((a, b) => a + b, 0);
}

function merged(a: Evidence, b: Evidence): Evidence {
  const add = <K>(x: Map<K, number>, y: Map<K, number>) =>
    new Map([...x.keys(), ...y.keys()].map((key) => [key, (x.get(key) ?? 0) + (y.get(key) ?? 0)]));
  return {
    numbers: [...a.numbers, ...b.numbers],
    refused: add(a.refused, b.refused),
    failed: add(a.failed, b.failed),
    servedBy: new Set([...a.servedBy, ...b.servedBy]),
  };
}

/** Fails unless every visit was answered, with a number of its own, and the total is exactly that many. */
export function expectNoFailure({ all, wrong }: Judged): void {
  expect({ wrong, failed: Object.fromEntries(all.failed), refused: Object.fromEntries(all.refused) }).toEqual(
    {
      wrong: [],
      failed: {},
      refused: {},
    },
  );
  expect(all.numbers.length).toBeGreaterThan(VISITS_MIN);
}

/** Says how many visits failed where some may. */
export function report(what: string, { all, failures }: Judged): void {
  const how = [...all.failed, ...all.refused].map(([why, count]) => `${count} ${why}`).join(', ');
  process.stderr.write(`${what}: ${failures} of ${all.numbers.length + failures} visits failed: ${how}\n`);
}
