/**
 * Limits in a SQLite file, whatever visitors send: its rows, the work of one transaction, and the
 * disk.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Change } from '../../../../src/contract/counting.ts';
import { HOUR_MS } from '../../../../src/contract/history.ts';
import { createSqliteStore } from '../../../../src/stores/sqlite/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { callers } from '../../../support/callers.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 10, 22, 12);

function open(path: string, more: Partial<typeof LIMITS> & { now?: () => number } = {}) {
  const store = createSqliteStore({
    path,
    missing: 'make',
    timeoutMs: 5000,
    now: Date.now,
    ...LIMITS,
    ...more,
  });
  const writer = randomUUID();
  let sequence = 0;
  return Object.assign(store, {
    hit: (...changes: Change[]) =>
      store.counting.commit({ writer, sequence: ++sequence, changes }),
    [Symbol.asyncDispose]: () => store.close(),
  });
}

function count(path: string, table: string): number {
  using database = new Database(path, { readonly: true });
  return (
    database.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get()?.count ??
    0
  );
}

describe('rows', () => {
  test('forged visitors use no more rows than the limits, of one counter and of all, and each still counts', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    let now = START;
    await using store = open(path, { visitorsMax: 100, now: () => now });
    const flood = (counter: string, n: number): Change => ({
      counter,
      amount: 20,
      kinds: { person: 20 },
      visitors: callers(...Array.from({ length: 20 }, (_, index) => `${counter}-${n}-${index}`)),
    });
    const names = ['one/a', 'one/b', 'one/c', 'one/d', 'one/e'];
    for (let n = 0; n < 10; n++) await store.hit(flood('one/a', n));
    expect(count(path, 'visitors')).toBe(25);
    for (let n = 0; n < 10; n++) await store.hit(...names.map((name) => flood(name, n)));
    expect(count(path, 'visitors')).toBe(100);
    expect(await store.counting.read(['one/a', 'one/b'])).toEqual([400, 200]);
    // The next day has room again, and the day before is forgotten.
    now += DAY_MS;
    for (let n = 10; n < 12; n++) await store.hit(...names.map((name) => flood(name, n)));
    expect(count(path, 'visitors')).toBe(100);
    expect([...(await store.history.read('one/a')).visitors.values()]).toEqual([25, 20]);
  });

  test('the first visits after a long time fold old hours in small steps, and lose nothing', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    let now = START;
    await using store = open(path, { now: () => now });
    const names = Array.from({ length: 40 }, (_, index) => `old/page-${index}`);
    const all = () => names.map((counter) => ({ counter, amount: 1 }));
    await store.hit(...all());
    {
      using database = new Database(path);
      const first = START / HOUR_MS;
      const insert = database.query<unknown, [string, number]>(
        "INSERT INTO hours VALUES (?1, ?2, 'person', 1) ON CONFLICT DO NOTHING",
      );
      database.transaction(() => {
        for (const name of names)
          for (let hour = 1; hour <= 839; hour++) insert.run(name, first - hour);
      })();
    }
    let left = count(path, 'hours');
    const sum = (some: readonly { amount: number }[]) =>
      some.reduce((whole, { amount }) => whole + amount, 0);
    for (let hour = 0; hour < 60; hour++) {
      now = START + 60 * DAY_MS + hour * HOUR_MS;
      await store.hit(...all());
      const before = left;
      left = count(path, 'hours');
      expect(before - left).toBeLessThan(1200);
      const { hours, days } = await store.history.read('old/page-39');
      expect(sum(hours) + sum(days)).toBe(841 + hour);
    }
    // What is old is known a day later: 36 hours are left for 33,600 rows, so it has come to its
    // end.
    expect(left).toBe(60 * names.length);
  });
});

describe('the disk', () => {
  /**
   * Run where a small disk is mounted: counts, fills the disk but for the last tenth, and counts
   * on.
   */
  const SCRIPT = `
    import { writeFileSync, statfsSync } from 'node:fs';
    import { createSqliteStore } from 'ROOT/src/stores/sqlite/store.ts';
    const store = createSqliteStore({ path: 'DISK/seen.db', missing: 'make', timeoutMs: 5000, now: Date.now, keysMax: 1000, visitorsMax: 1000, hitsMake: true, countersMax: 1000 });
    let sequence = 0;
    const hit = (...changes) => store.counting.commit({ writer: 'w', sequence: ++sequence, changes });
    const key = { key: 'a-key', request: '1' };
    const before = await hit({ counter: 'my-site/page', amount: 1 }, { counter: 'hits', amount: 1, once: key });
    const { bavail, blocks, bsize } = statfsSync('DISK');
    writeFileSync('DISK/filler', Buffer.alloc(Math.floor((bavail - blocks * 0.08) * bsize)));
    await Bun.sleep(600);
    const short = await hit(
      { counter: 'my-site/page', amount: 1, visitors: [{ id: 'a', kind: 'person', visits: 1 }] },
      { counter: 'my-site/new', amount: 1 },
      { counter: 'hits', amount: 1, once: { key: 'another', request: '1' } },
      { counter: 'hits', amount: 1, once: key },
    );
    const made = await store.registry.create('my-site/made', { total: 0, madeAt: 1, owner: 'o' });
    const titled = await store.registry.change('my-site/page', { title: 'A title' }).catch(({ code }) => code);
    const untitled = await store.registry.change('my-site/page', { title: null });
    const { visitors } = await store.history.read('my-site/page');
    writeFileSync('DISK/filler', '');
    await Bun.sleep(600);
    const after = await hit({ counter: 'my-site/new', amount: 1 });
    console.log(JSON.stringify({ before, short, made, titled, untitled: untitled.total, visitors: visitors.size, after }));
  `;

  test('when the disk is nearly full nothing new is stored, and existing counters count on', async () => {
    using folder = temporaryFolder();
    const root = join(import.meta.dir, '../../../..');
    const script = join(folder.path, 'script.ts');
    await Bun.write(
      script,
      SCRIPT.replaceAll('ROOT', root).replaceAll('DISK', join(folder.path, 'disk')),
    );
    // In a namespace of its own, where any user may mount.
    const shell = `mkdir ${folder.path}/disk && mount -t tmpfs -o size=40m tmpfs ${folder.path}/disk && exec ${process.execPath} ${script}`;
    const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
    const run = Bun.spawn(['unshare', ...user, '--mount', 'sh', '-c', shell], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    const said = await new Response(run.stdout).text();
    expect(await run.exited).toBe(0);
    expect(JSON.parse(said)).toEqual({
      before: [1, 1],
      short: [2, 'counters-full', 'keys-full', 1],
      made: 'counters-full',
      titled: 'store-full',
      untitled: 2,
      visitors: 0,
      after: [1],
    });
  });
});
