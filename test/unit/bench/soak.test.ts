/**
 * How a soak run is judged: its plan, slopes that noise does not change, excused failures, and its
 * document.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { excusedBy, type Failure, faultNames, type Injected } from '../../../bench/soak/faults.ts';
import { planOf } from '../../../bench/soak/plan.ts';
import { brokenIn, type Soak } from '../../../bench/soak/report.ts';
import type { Sample } from '../../../bench/soak/sampler.ts';
import { type Point, trendOf } from '../../../bench/soak/trend.ts';
import { flatness } from '../../../bench/soak/verdict.ts';
import { withPart } from '../../../bench/soak/write.ts';
import { STORE_NAMES } from '../../../bench/stores.ts';
import { ROOT } from '../../support/program.ts';

const HOUR_MS = 3_600_000;
const { all, passing } = faultNames('Redis');
const plan = planOf(HOUR_MS, all, passing);

describe('the plan of an hour', () => {
  test('has each fault several times', () => {
    const times = Map.groupBy(plan.faults, ({ name }) => name);
    expect([...times.keys()].toSorted()).toEqual(all.toSorted());
    for (const some of times.values()) expect(some.length).toBeGreaterThanOrEqual(4);
  });

  test('replaces no process for 27 minutes', () => {
    const replacing = plan.faults
      .filter(({ name }) => !passing.includes(name))
      .map(({ atMs }) => atMs);
    const pauses = replacing.slice(1).map((atMs, index) => atMs - (replacing[index] ?? 0));
    expect(Math.max(...pauses)).toBeGreaterThan(27 * 60_000);
    expect(replacing.some((atMs) => atMs >= plan.steady.fromMs && atMs <= plan.steady.toMs)).toBe(
      false,
    );
  });
});

test('a trend is that of most samples, whatever one fifth of them is', () => {
  const line = Array.from(
    { length: 100 },
    (_, index): Point => [index / 100, 50 + 3 * (index / 100)],
  );
  const bent = line.map(
    ([at, value], index): Point => [at, index % 5 === 0 ? value + 1000 * at : value],
  );
  expect(trendOf(line)?.perHour).toBeCloseTo(3);
  expect(trendOf(bent)?.perHour).toBeLessThan(10);
  expect(trendOf(line)).toMatchObject({ samples: 100, apartHours: 0.75 });
  expect(trendOf(line.slice(0, 7))).toBeUndefined();
});

/** An hour of samples, in which the memory of a replica grows by so many bytes an hour. */
function samples(growthBytes: number): Sample[] {
  return Array.from({ length: 720 }, (_, index) => ({
    fromMs: index * 5000,
    toMs: (index + 1) * 5000,
    processes: [
      {
        name: 'replica 1',
        // Garbage comes and goes.
        rssBytes: 100e6 + (index % 7) * 1e6 + (growthBytes * index) / 720,
        heapBytes: 20e6,
        descriptors: 30 + (index % 3),
      },
    ],
    storeBytes: 2e6,
    answered: 5000,
    failed: 0,
    p50Ms: 2,
    p99Ms: 10,
    cpuUsPerVisit: 60,
  }));
}

describe('memory', () => {
  // At 1,000 visits a second a replica has 1.2 million in an hour.
  test('is flat despite garbage collection', () => {
    expect(flatness(plan, 1000, samples(0), [])?.filter(({ flat }) => !flat)).toEqual([]);
  });

  test('is not flat if each visit leaks 10 bytes', () => {
    const growing = flatness(plan, 1000, samples(10 * 1_200_000), [])?.filter(({ flat }) => !flat);
    expect(growing?.map(({ what }) => what)).toEqual(['memory of replica 1']);
  });

  test('is not judged by samples of a few minutes', () => {
    expect(
      flatness(planOf(120_000, all, passing), 1000, samples(0).slice(0, 24), []),
    ).toBeUndefined();
  });
});

const faults: Injected[] = [
  { name: 'rolling restart (SIGHUP)', fromMs: 10_000, toMs: 20_000, how: undefined },
  { name: 'answers cut off', fromMs: 50_000, toMs: 52_000, how: undefined },
];
const failure = (atMs: number, kept: boolean, why = 'reset'): Failure => ({
  fromMs: atMs,
  toMs: atMs + 5,
  why,
  kept,
});

test('an update excuses new connections that were reset, and nothing else; a cut connection excuses nothing', () => {
  const excused = (each: Failure) => excusedBy('Redis', faults, each)?.name;
  expect(excused(failure(15_000, false))).toBe('rolling restart (SIGHUP)');
  expect(excused(failure(15_000, true))).toBeUndefined();
  for (const why of ['status 503', 'timeout', 'no number']) {
    expect(excused(failure(15_000, false, why))).toBeUndefined();
  }
  expect(excused(failure(20_500, false))).toBeUndefined();
  expect(excused(failure(51_000, true, 'status 503'))).toBeUndefined();
  expect(excused(failure(30_000, false))).toBeUndefined();
});

test('a failure without an excuse, a stream that went backwards and a number given twice are each reported', () => {
  const soak: Soak = {
    store: 'Redis',
    startedAt: new Date(0),
    plan,
    tookMs: HOUR_MS,
    rate: 1000,
    machine: '',
    answered: 1,
    findings: [{ check: 'unique', status: 'held', count: 0, words: '' }],
    failures: [failure(15_000, false)],
    faults,
    streams: { streams: 1, events: 1, wrong: [] },
    samples: [],
    kept: { early: [], late: [] },
    wrong: [],
  };
  expect(brokenIn(soak)).toEqual([]);
  expect(brokenIn({ ...soak, failures: [failure(30_000, true)] })[0]).toContain(
    '1 requests failed without a fault',
  );
  expect(
    brokenIn({ ...soak, streams: { ...soak.streams, wrong: ['told 3 after 4'] } })[0],
  ).toContain('3 after 4');
  expect(
    brokenIn({
      ...soak,
      findings: [{ check: 'unique', status: 'broken', count: 1, words: '7 twice' }],
    }),
  ).toEqual(['unique broken: 7 twice']);
});

test('a run replaces the previous run on its store, and leaves the other alone', () => {
  const document =
    'a\n<!-- Redis -->\nold\n<!-- end of Redis -->\n<!-- SQLite -->\nkept\n<!-- end of SQLite -->\n';
  expect(withPart(document, 'Redis', 'new\n')).toBe(document.replace('old', 'new'));
});

test('docs/soak.md has a part for each store', async () => {
  const document = await Bun.file(join(ROOT, 'docs/soak.md')).text();
  for (const store of STORE_NAMES)
    expect(withPart(document, store, 'measured\n')).toContain(`<!-- ${store} -->\nmeasured\n`);
});
