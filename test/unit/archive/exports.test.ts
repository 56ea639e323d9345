/**
 * Seen can import its own exports, whatever a counter contains, and refuses incomplete or damaged
 * ones.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { exported, gather } from '../../../src/archive/gather.ts';
import type { ArchivedCounter } from '../../../src/contract/archive.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS, KINDS } from '../../../src/contract/history.ts';
import { RULES } from '../../../src/contract/registry.ts';
import { isTitle } from '../../../src/counter/label.ts';
import { createRedisStore } from '../../../src/stores/redis/store.ts';
import { createSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { plain } from '../../contract/archive-contract.ts';
import { LIMITS } from '../../contract/subject.ts';
import { countersIn, exportText, itemsOf, mistakesIn, textOf } from '../../support/archive.ts';
import { callers } from '../../support/callers.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { RedisServer } from '../../support/redis-server.ts';

// eslint-disable-next-line no-control-regex -- what does something to a terminal
const CONTROLS = /[\u0000-\u001F\u007F-\u009F]/;
const MAX = Number.MAX_SAFE_INTEGER;
const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = Math.floor(NOW / DAY_MS);
const HOUR = Math.floor(NOW / HOUR_MS);
const HASH = 'aaaaaaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaaaaaaa_';

const part = fc.stringMatching(/^[A-Za-z0-9_.-]{3,64}$/);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(part, part).map((parts) => parts.join('/')) },
  fc.constant('hits'),
);
const total = fc.oneof(fc.integer(), fc.constantFrom(MAX, -MAX, 0, -1), fc.maxSafeInteger());
const rules = fc.record({
  lowest: fc.constantFrom(0, -1, -MAX),
  highest: fc.constantFrom(1, 7, MAX),
  settable: fc.boolean(),
  private: fc.boolean(),
  windowMs: fc.constantFrom(0, 1000, DAY_MS),
});
const figures = (from: number, to: number) =>
  fc.uniqueArray(
    fc.record({
      at: fc.integer({ min: from, max: to }),
      kind: fc.constantFrom(...KINDS),
      amount: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    }),
    { selector: ({ at, kind }) => `${at} ${kind}`, maxLength: 12 },
  );
/** Texts that spreadsheets take for something else are more frequent. */
const title = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom('=1+1', '-1', '+1', '@a', '"', ',', ';', 'text:', ' ', 'true', '1.234', '#'),
  )
  .filter(isTitle);
const link = fc.webUrl({ withQueryParameters: true }).map((url) => new URL(url).href);
const anyCounter: fc.Arbitrary<ArchivedCounter> = fc.record({
  counter: name,
  total,
  madeAt: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }), { nil: undefined }),
  owner: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), { nil: undefined }),
  title: fc.option(title, { nil: undefined }),
  link: fc.option(link, { nil: undefined }),
  rules: fc.oneof(fc.constant(RULES), rules),
  past: fc.record({
    hours: figures(HOUR - HOURS_KEPT_DAYS * 24 - 48, HOUR),
    days: figures(DAY - 3000, DAY - HOURS_KEPT_DAYS),
    visitors: fc
      .uniqueArray(fc.tuple(fc.integer({ min: DAY - 3000, max: DAY }), fc.nat()), {
        selector: ([day]) => day,
        maxLength: 6,
      })
      .map((days) => new Map(days)),
  }),
});
const counter = anyCounter.map((made) =>
  made.counter === 'hits' ? { ...made, rules: { ...made.rules, private: false } } : made,
);
const counters = fc.uniqueArray(counter, { selector: (one) => one.counter, maxLength: 12 });

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
const write = (all: readonly ArchivedCounter[], format: 'jsonl' | 'csv') =>
  textOf({ moment: NOW, counters: all.length }, each(all), format);
const sample = (more: Partial<ArchivedCounter> = {}): ArchivedCounter => ({
  counter: 'my-site/page',
  total: 41,
  madeAt: NOW,
  owner: HASH,
  rules: { ...RULES, private: true, highest: 5 },
  past: {
    hours: [
      { at: HOUR, kind: 'person', amount: 3 },
      { at: HOUR, kind: 'bot', amount: 1 },
    ],
    days: [{ at: DAY - 100, kind: 'proxy', amount: 37 }],
    visitors: new Map([[DAY, 2]]),
  },
  ...more,
});

describe('an export', () => {
  for (const format of ['jsonl', 'csv'] as const) {
    test(`as ${format} contains all data of every counter, and is read back the same`, async () => {
      await fc.assert(
        fc.asyncProperty(counters, async (all) => {
          const items = await itemsOf(await write(all, format));
          expect(mistakesIn(items)).toEqual([]);
          expect(countersIn(items).map(plain)).toEqual(all.map(plain));
        }),
        { numRuns: 200 },
      );
    });
  }

  test('imported into the other kind of store and exported again is the same, in both formats', async () => {
    await using server = await RedisServer.start();
    await fc.assert(
      fc.asyncProperty(counters, fc.boolean(), async (all, redisFirst) => {
        using folder = temporaryFolder();
        await server.cli('FLUSHALL');
        const limits = { ...LIMITS, timeoutMs: 5000, now: () => NOW };
        const redis = (number: number) =>
          createRedisStore({ url: `${server.url}/${number}`, ca: undefined, ...limits });
        const sqlite = createSqliteStore({
          path: join(folder.path, 'seen.db'),
          missing: 'make',
          ...limits,
        });
        const stores = redisFirst ? [redis(0), sqlite, redis(1)] : [sqlite, redis(0)];
        const [first, ...others] = stores;
        await first!.archive.importAll(all, { source: 'first', existing: 'keep' });
        // Visits that were made here, too.
        const visits = all.map((one) => ({
          counter: one.counter,
          amount: one.total > 0 ? -1 : 1,
          kinds: { person: 1 },
          visitors: callers('a', 'b'),
        }));
        await first!.counting.commit({ writer: 'w', sequence: 1, changes: visits });
        const texts: string[] = [await exportText(first!.archive, 'jsonl', NOW)];
        for (const [index, store] of others.entries()) {
          const from = await exportText(
            stores[index]!.archive,
            index === 0 ? 'csv' : 'jsonl',
            NOW,
          );
          const brought = countersIn(await itemsOf(from));
          const outcomes = await store.archive.importAll(brought, {
            source: 'export',
            existing: 'keep',
          });
          expect(outcomes).toEqual(all.map(() => 'made'));
          texts.push(await exportText(store.archive, 'jsonl', NOW));
        }
        for (const text of texts) expect(text).toBe(texts[0]!);
        await Promise.all(stores.map((store) => store.close()));
      }),
      { numRuns: 40 },
    );
  });

  test('is complete and can be imported although a client has driven a counter to the largest number', async () => {
    using folder = temporaryFolder();
    let now = NOW;
    const limits = { ...LIMITS, timeoutMs: 5000, now: () => now };
    const store = createSqliteStore({
      path: join(folder.path, 'seen.db'),
      missing: 'make',
      ...limits,
    });
    let sequence = 0;
    const add = (amount: number, kinds: object) =>
      store.counting.commit({
        writer: 'w',
        sequence: ++sequence,
        changes: [{ counter: 'abc/far', amount, kinds }],
      });
    for (let hour = 0; hour < 3; hour++) {
      await add(MAX, { person: MAX });
      await add(-MAX, { bot: -MAX });
      now += HOUR_MS;
    }
    for (const format of ['jsonl', 'csv'] as const) {
      const items = await itemsOf(await exportText(store.archive, format));
      expect(mistakesIn(items)).toEqual([]);
      const [far] = countersIn(items);
      const sum = far!.past.hours
        .filter(({ kind }) => kind === 'person')
        .reduce((all, { amount }) => all + amount, 0);
      expect([far!.total, sum]).toEqual([0, MAX]);
    }
    await store.close();
  });

  test('can be imported although a store has more visitors of a day than a number carries exactly', () => {
    const visitors = new Map([[DAY, MAX + 1]]);
    const stored = sample({ past: { hours: [], days: [], visitors } });
    expect(exported(stored, NOW).past.visitors).toEqual(new Map([[DAY, MAX]]));
  });

  test('contains days instead of hours beyond their retention time, as after the next visit', async () => {
    using folder = temporaryFolder();
    const old = HOUR - HOURS_KEPT_DAYS * 24 - 1;
    const past = {
      hours: [{ at: old, kind: 'bot' as const, amount: 1 }],
      days: [],
      visitors: new Map(),
    };
    const { all } = await gather(
      each([sample({ past })]),
      NOW,
      join(folder.path, 'spool'),
      () => undefined,
    );
    for await (const archived of all) {
      expect(archived.past).toEqual({
        hours: [],
        days: [{ at: Math.floor(old / 24), kind: 'bot', amount: 1 }],
        visitors: new Map(),
      });
    }
  });

  test('is the same text for the same counters, sorted by time, without default values', async () => {
    const text = await write(
      [
        sample(),
        sample({
          counter: 'hits',
          madeAt: undefined,
          owner: undefined,
          rules: RULES,
          past: { hours: [], days: [], visitors: new Map() },
        }),
      ],
      'jsonl',
    );
    expect(text).toBe(
      [
        '{"seen":"counters","version":1,"moment":"2026-11-22T12:00:00.000Z","counters":2}',
        `{"counter":"my-site/page","total":41,"made":"2026-11-22T12:00:00.000Z","ownerHash":"${HASH}","rules":{"highest":5,"private":true},` +
          '"hours":{"2026-11-22T12:00Z":{"person":3,"bot":1}},"days":{"2026-08-14":{"proxy":37}},"visitors":{"2026-11-22":2}}',
        '{"counter":"hits","total":41}',
        '',
      ].join('\n'),
    );
  });

  test('has titles and links, which a person may also write as they are', async () => {
    const label = { title: 'A; =1+1|"x"!', link: 'https://a.example/?b=(1)' };
    const [json, csv] = [
      await write([sample(label)], 'jsonl'),
      await write([sample(label)], 'csv'),
    ];
    expect(json).toContain(`"title":"A; =1+1|\\"x\\"!","link":"https://a.example/?b=(1)","rules"`);
    expect(csv).toContain('my-site/page,title,,,text:A%3B %3D1%2B1%7C%22x%22%21\r\n');
    expect(csv).toContain('my-site/page,link,,,text:https%3A%2F%2Fa.example%2F%3Fb%3D%281%29\r\n');
    const typed = csv
      .replace(/text:A.*/, '"A; =1+1|""x""!"')
      .replace(/text:https.*/, 'https://A.example?b=(1)');
    expect(countersIn(await itemsOf(typed)).map(plain)).toEqual([plain(sample(label))]);
  });

  test('has no cell that a spreadsheet would run as a formula: names, titles, hashes and numbers', async () => {
    await fc.assert(
      fc.asyncProperty(counters, async (all) => {
        const text = await write(all, 'csv');
        for (const cell of text.split(/[,;\t\r\n]+/)) {
          // A formula needs one of these to do anything; a sign before a number or a name does
          // not.
          expect(cell).not.toMatch(/^[=+@]|[|!()'"]|[^ -~]/);
          expect(cell).not.toMatch(/^-(?!\d+$|[A-Za-z0-9_.-]*\/)/);
        }
      }),
    );
  });
});

describe('an incomplete or damaged export', () => {
  const lines = async () =>
    (await write([sample(), sample({ counter: 'my-site/second' })], 'jsonl')).split('\n');
  const rows = async () =>
    (await write([sample(), sample({ counter: 'my-site/second' })], 'csv')).split('\r\n');
  const wrong = async (content: string | Uint8Array) => mistakesIn(await itemsOf(content));

  test('is detected wherever it was cut off', async () => {
    for (const format of ['jsonl', 'csv'] as const) {
      const text = await write(
        [sample(), sample({ counter: 'my-site/second' }), sample({ counter: 'my-site/third' })],
        format,
      );
      const ends = Array.from({ length: 60 }, (_, index) =>
        Math.floor((text.length - 3) * ((index + 1) / 61)),
      );
      for (const end of [...ends, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]) {
        // The last end of a line may be missing.
        if (end >= text.length - 2 || end < 30) continue;
        const said = await wrong(text.slice(0, end)).catch((error: unknown) => [String(error)]);
        expect({ end, left: text.slice(end - 20, end), noticed: said.length > 0 }).toEqual({
          end,
          left: expect.any(String),
          noticed: true,
        });
      }
    }
  });

  test('is refused when a newer Seen wrote it', async () => {
    const json = (await write([], 'jsonl')).replace('"version":1', '"version":2');
    const csv = (await write([], 'csv')).replace('format 1', 'format 2');
    for (const text of [json, csv]) {
      await expect(itemsOf(text)).rejects.toMatchObject({
        code: 'usage-invalid',
        message: expect.stringMatching(/format "2", and this Seen supports 1/),
      });
    }
  });

  test('is read with the line ends of any system, a byte order mark and blank lines', async () => {
    const all = [sample(), sample({ counter: 'my-site/second' })].map(plain);
    for (const format of ['jsonl', 'csv'] as const) {
      const text = (
        await write([sample(), sample({ counter: 'my-site/second' })], format)
      ).replaceAll('\r\n', '\n');
      for (const other of [
        text,
        text.replaceAll('\n', '\r\n'),
        `\uFEFF${text}`,
        `${text}\n\n`,
        text.trimEnd(),
      ]) {
        const items = await itemsOf(other);
        expect({ other, wrong: mistakesIn(items) }).toEqual({ other, wrong: [] });
        expect(countersIn(items).map(plain)).toEqual(all);
      }
    }
    const quoted = (await rows())
      .map((row) =>
        row
          .split(',')
          .map((cell) => `"${cell}"`)
          .join(','),
      )
      .slice(0, -1)
      .join('\r\n');
    expect(countersIn(await itemsOf(quoted, { kind: 'seen' })).map(plain)).toEqual(all);
  });

  test('gets an error for each wrong line, with the correct form', async () => {
    const [heading = '', line = '', second = ''] = await lines();
    const told = [
      [line.replace('my-site/page', 'my'), 'is not a counter name'],
      [line.replace('my-site/page', 'my-site/\\u0007\\u009b2J'), 'is not a counter name'],
      [line.replace('41', '9007199254740992'), 'not a whole number of at most 2^53-1'],
      [line.replace('41', '4.5'), 'not a whole number'],
      [line.replace('41', '"41"'), 'not a whole number'],
      [line.replace('"total":41,', ''), 'has no total'],
      [line.replace('12:00Z":{"p', '12:30Z":{"p'), 'is not an hour'],
      [line.replace('"2026-08-14"', '"2026-08-34"'), 'is not a day'],
      [line.replace('"person"', '"nobody"'), 'is not one of person, program, proxy, bot'],
      [line.replace('"highest":5', '"highest":-5'), 'lowest is greater than'],
      [line.replace('"private":true', '"private":1'), 'the rule private cannot be'],
      [line.replace('"private":true', '"__proto__":{}'), 'is not one of'],
      [line.replace('"total"', '"totals":1,"total"'), 'it may need a newer Seen'],
      [line.replace('"total"', '"title":"","total"'), 'is not one line of 1 to 100 characters'],
      [line.replace('"total"', '"title":"a\\u0007b","total"'), 'is not one line of'],
      [line.replace('"total"', '"title":"\\ud800","total"'), 'is not one line of'],
      [
        line.replace('"total"', '"link":"javascript:alert(1)","total"'),
        'not an http or https URL',
      ],
      [line.replace('"total"', '"link":7,"total"'), 'its link is not a text in quotes'],
      [line.replace('"made":"2026-11-22T12', '"made":"yesterday 12'), 'is not a time'],
      [
        line.replace('"visitors":{"2026-11-22":2}', '"visitors":{"2026-11-22":-2}'),
        'cannot be negative',
      ],
      [
        line
          .replace('"person":3', `"person":${MAX}`)
          .replace(
            'T12:00Z":',
            'T12:00Z":{"bot":1},"2026-11-22T13:00Z":{"person":1},"2026-11-22T11:00Z":',
          )
          .replace('{"bot":1},', '{"bot":1},'),
        'is larger than 9007199254740991',
      ],
      [line.slice(0, -5), 'is not JSON'],
      ['[]', 'is not an object'],
      ['7', 'is not an object'],
      ['null', 'is not an object'],
      [second, 'my-site/second is already in line 2'],
    ] as const;
    for (const [text, expected] of told) {
      const mistakes = await wrong(
        [heading, text === second ? second : text, second, ''].join('\n'),
      );
      expect({ text, mistakes }).toEqual({
        text,
        mistakes: [
          expect.stringMatching(
            new RegExp(`^${text === second ? 3 : 2}: .*${RegExp.escape(expected)}`),
          ),
        ],
      });
      expect(mistakes.join('')).not.toMatch(CONTROLS);
    }
  });

  test('is refused when it contains a token, and the token is not shown', async () => {
    const [heading = '', line = '', second = ''] = await lines();
    const mistakes = await wrong(
      [heading, line.replace(HASH, 'seen_a-secret-token'), second, ''].join('\n'),
    );
    expect(mistakes).toEqual([expect.stringContaining('not the SHA-256 of a token')]);
    expect(mistakes.join('')).not.toContain('secret');
  });

  test('gets an error for each wrong row', async () => {
    const all = await rows();
    const at = (what: string) => all.findIndex((row) => row.startsWith(`my-site/page,${what}`));
    const told: [string, string, string][] = [
      ['total', 'my-site/page,total,,,many', 'is not a total'],
      ['total', 'my-site/page,total,,,1e3', 'is not a total'],
      ['total', 'my-site/page,total,,,9007199254740992', 'is out of range'],
      ['total', 'my-site/page,total,,', 'has 4 cells, but must have 5'],
      ['total', 'my-site/page,totals,,,1', '"totals" is not one of'],
      ['total', 'my-site/page,title,,,text:100%', 'write %25'],
      ['made', 'my-site/page,link,,,text:ftp://a/', 'not an http or https URL'],
      ['total', '"my-site/page,total,,,1', 'a quote that is never closed'],
      [
        'hour',
        'my-site/page,hour,2026-11-22T12:00Z,bot,1',
        'has the same field as an earlier row',
      ],
    ];
    for (const [what, row, expected] of told) {
      const mistakes = await wrong(all.with(at(what), row).join('\r\n'));
      expect({ row, mistakes }).toEqual({
        row,
        mistakes: expect.arrayContaining([expect.stringContaining(expected)]),
      });
    }
    // A row too few or too many.
    for (const changed of [
      all.toSpliced(at('hour'), 1),
      all.toSpliced(at('hour'), 0, 'my-site/page,hour,2026-11-22T11:00Z,bot,1'),
    ]) {
      expect(await wrong(changed.join('\r\n'))).toEqual([
        expect.stringContaining('but not the end of an export of'),
      ]);
    }
    // The rows of a counter that do not stand together.
    const apart = [...all.slice(0, -2), 'my-site/page,hour,2026-11-22T11:00Z,bot,1', ',end,,,17'];
    expect((await wrong(apart.join('\r\n'))).join(' ')).toMatch(/has no total|is already in line/);
  });

  test('is reported when it is not text or has an endless line, without filling the memory', async () => {
    const [heading = '', line = ''] = await lines();
    const bytes = Buffer.concat([
      Buffer.from(`${heading}\n`),
      Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
      Buffer.from(`${line}\n`),
    ]);
    expect(await wrong(bytes)).toEqual(['2: is not text in UTF-8: save the file in UTF-8']);
    const huge = Buffer.concat([
      Buffer.from(`${heading}\n`),
      Buffer.alloc(40 * 1024 * 1024, 'x'),
      Buffer.from(`\n${line}\n`),
    ]);
    expect(await wrong(huge)).toEqual(['2: is longer than 8 MiB: this is another kind of file']);
    await expect(itemsOf('')).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('is empty'),
    });
    await expect(itemsOf('\n \n')).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('is empty'),
    });
  });
});
