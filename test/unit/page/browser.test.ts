/** What the page computes in the browser: periods in the visitor's time zone, and texts. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { longestHandlerMs } from '../../../src/commands/compose/surface.ts';
import { readConfig } from '../../../src/config/config.ts';
import { latestPeriods } from '../../../src/counter/periods.ts';
import { ask, CHANGE_TIMEOUT_MS, Task } from '../../../src/page/browser/ask.ts';
import {
  firstOf,
  latestOf,
  type Step,
  visitsOf,
} from '../../../src/page/browser/counter/periods.ts';
import {
  laterOf,
  type Reachability,
  statusText,
} from '../../../src/page/browser/counter/words.ts';
import { until } from '../../support/folder.ts';

const STEPS = ['hour', 'day', 'month'] as const satisfies readonly Step[];

/** Does something in another time zone. */
function inZone<T>(zone: string, what: () => T): T {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    return what();
  } finally {
    process.env['TZ'] = before ?? '';
  }
}

describe('periods', () => {
  test('have the same names as in the API, at any time, in time zones of all kinds', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    ];
    const time = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) });
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...STEPS),
        time,
        (zone, step, now) => {
          const empty = { hours: [], days: [], visitors: new Map() };
          const theirs = latestPeriods(empty, step, zone, now).map((period) => period.time);
          const ours = inZone(zone, () =>
            latestOf([], step, new Date(now)).map((period) => period.time),
          );
          expect(ours).toEqual(theirs);
          expect(inZone(zone, () => firstOf(step, new Date(now)))).toBe(theirs[0] ?? '');
        },
      ),
    );
  });

  test('contain the counts of the API, and 0 otherwise', () => {
    const told = { time: '2026-11-22', person: 3, program: 2, proxy: 1, bot: 4, visitors: 5 };
    const shown = inZone('UTC', () =>
      latestOf([told], 'day', new Date(Date.UTC(2026, 10, 23, 12))),
    );
    expect(shown).toHaveLength(30);
    expect(shown.map(visitsOf)).toEqual([...Array.from({ length: 28 }, () => 0), 10, 0]);
    expect(shown.at(-2)?.visitors).toBe(5);
  });
});

describe('status text', () => {
  const texts = { away: 'It is away.', lost: 'It is lost.', live: 'Live' };
  const said = (known: Reachability) => statusText(known, texts);

  test('says that the page is live, or why it is not, and nothing before anything is known', () => {
    expect(said({})).toEqual([undefined, '']);
    expect(said({ lastRequest: 'answered' })).toEqual([undefined, '']);
    expect(said({ live: 'open', lastRequest: 'answered' })).toEqual(['live', 'Live']);
    expect(said({ live: 'lost', lastRequest: 'answered' })).toEqual(['lost', 'It is lost.']);
    // One question that failed is no lost connection while totals come in.
    expect(said({ live: 'open', lastRequest: 'unreachable' })[0]).toBe('live');
    expect(said({ lastRequest: 'unreachable' })[0]).toBe('lost');
    // Where Seen answers that the store is away, that is why no stream opens.
    expect(said({ live: 'lost', lastRequest: 'away' })).toEqual(['away', 'It is away.']);
    expect(said({ live: 'open', lastRequest: 'away' })[0]).toBe('away');
  });

  test('does not reset a replica’s state for an older report, but a replica that was only silent is back', () => {
    expect(laterOf('draining', 'ready')).toBe('draining');
    expect(laterOf('gone', 'draining')).toBe('gone');
    expect(laterOf('gone', 'ready')).toBe('ready');
    expect(laterOf('draining', 'gone')).toBe('gone');
    expect(laterOf(undefined, 'ready')).toBe('ready');
  });
});

describe('a request', () => {
  test('ends at its own time limit', async () => {
    using silent = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => undefined) });
    expect(await ask(silent.url.href, { timeoutMs: 50 })).toEqual({ failed: 'unreachable' });
  }, 4000);

  test('that changes something waits longer than Seen takes with any settings', () => {
    const settings = (ms: number) =>
      readConfig({ argv: [], env: { SEEN_WAIT_MS: `${ms}`, SEEN_STORE_TIMEOUT_MS: `${ms}` } });
    const LONGEST_MS = 60_000;
    for (const name of ['SEEN_WAIT_MS', 'SEEN_STORE_TIMEOUT_MS'])
      expect(() => settings(LONGEST_MS + 1)).toThrow(name);
    expect(CHANGE_TIMEOUT_MS).toBeGreaterThan(longestHandlerMs(settings(LONGEST_MS)));
  });
});

describe('a request that is repeated regularly', () => {
  test('runs once more when it is wanted while it runs, and not after the end', async () => {
    const answers: (() => void)[] = [];
    const task = new Task(
      3_600_000,
      () => new Promise((resolve) => answers.push(() => resolve(undefined))),
    );
    task.now();
    expect(answers.length).toBe(0);
    task.run(true);
    expect(answers.length).toBe(1);
    task.now();
    expect(answers.length).toBe(1);
    answers[0]?.();
    await until('it to be asked for once more', () => answers.length === 2);
    task.run(false);
    answers[1]?.();
    await Bun.sleep(20);
    expect(answers.length).toBe(2);
  });
});
