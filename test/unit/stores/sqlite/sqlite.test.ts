/** The SQLite store on a real file: the contract, and features of SQLite. */

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreLimits } from '../../../../src/contract/limits.ts';
import { PRESENCE_MEMORY_MS } from '../../../../src/contract/presence.ts';
import { createSqliteStore } from '../../../../src/stores/sqlite/store.ts';
import { testStoreContract } from '../../../contract/store-contract.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const open = (
  path: string,
  timeoutMs = 5000,
  limits: Partial<StoreLimits> & { now?: () => number } = {},
) => createSqliteStore({ path, missing: 'make', timeoutMs, now: Date.now, ...LIMITS, ...limits });
/**
 * The log of a file is not larger once nobody reads for long: what src/stores/sqlite/file.ts sets.
 */
const LOG_MAX = 4 * 1024 * 1024;
const hit = (writer: string, sequence: number, counter = 'hits') => ({
  writer,
  sequence,
  changes: [{ counter, amount: 1 }],
});

testStoreContract('SQLite', async () => {
  const folder = temporaryFolder();
  return {
    readsOneMoment: true,
    open: (limits) => open(join(folder.path, 'seen.db'), 5000, limits),
    end: async () => folder[Symbol.dispose](),
  };
});

describe('SQLite store', () => {
  test('creates the file and its folders', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'a', 'b', 'seen.db');
    const store = open(path);
    await store.counting.commit(hit(randomUUID(), 1));
    expect(existsSync(path)).toBe(true);
    await store.close();
  });

  test('the default counter uses the limit like any other, also between new ones of the same batch', async () => {
    using folder = temporaryFolder();
    const store = open(join(folder.path, 'seen.db'), 5000, { countersMax: 2 });
    const changes = ['one', 'hits', 'two'].map((counter) => ({ counter, amount: 1 }));
    expect(await store.counting.commit({ writer: randomUUID(), sequence: 1, changes })).toEqual([
      1,
      1,
      'counters-full',
    ]);
    expect(await store.registry.size()).toBe(2);
    await store.close();
  });

  test('syncs to the disk before it answers: WAL, synchronous FULL', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const trace = join(folder.path, 'trace');
    const script = `
      import { mkdirSync } from 'node:fs';
      import { createSqliteStore } from ${JSON.stringify(join(import.meta.dir, '../../../../src/stores/sqlite/store.ts'))};
      const store = createSqliteStore({ path: ${JSON.stringify(path)}, missing: 'make', timeoutMs: 1000, keysMax: 0, hitsMake: true, countersMax: 9, now: Date.now });
      await store.counting.commit({ writer: 'w', sequence: 1, changes: [{ counter: 'hits', amount: 1 }] });
      mkdirSync('MARK-1');
      for (let n = 2; n <= 6; n++) {
        await store.counting.commit({ writer: 'w', sequence: n, changes: [{ counter: 'hits', amount: 1 }] });
      }
      mkdirSync('MARK-2');
    `;
    writeFileSync(join(folder.path, 'commit.ts'), script);
    await Bun.$`strace -f -o ${trace} -e trace=fsync,fdatasync,mkdir,mkdirat ${process.execPath} commit.ts`
      .cwd(folder.path)
      .quiet();
    // The calls between the two marks are those of five commits.
    const [, between = ''] = (await Bun.file(trace).text()).split(/MARK-\d/);
    expect(between.match(/f(data)?sync\(/g)?.length).toBeGreaterThanOrEqual(5);
  });

  test('does not sync a visitor’s quota, but every visit after it', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const trace = join(folder.path, 'trace');
    const script = `
      import { mkdirSync } from 'node:fs';
      import { createSqliteStore } from ${JSON.stringify(join(import.meta.dir, '../../../../src/stores/sqlite/store.ts'))};
      const store = createSqliteStore({ path: ${JSON.stringify(path)}, missing: 'make', timeoutMs: 1000, keysMax: 0, hitsMake: true, countersMax: 9, now: Date.now });
      const limit = { name: 'requests', quota: 100, windowMs: 60000 };
      const take = () => store.limiter.take([{ who: 'somebody', limit }]);
      const hit = (sequence) => store.counting.commit({ writer: 'w', sequence, changes: [{ counter: 'hits', amount: 1 }] });
      await hit(1);
      await take();
      mkdirSync('MARK-1');
      for (let n = 0; n < 50; n++) await take();
      mkdirSync('MARK-2');
      for (let n = 2; n <= 6; n++) {
        await take();
        await hit(n);
      }
      mkdirSync('MARK-3');
    `;
    writeFileSync(join(folder.path, 'take.ts'), script);
    await Bun.$`strace -f -o ${trace} -e trace=fsync,fdatasync,mkdir,mkdirat ${process.execPath} take.ts`
      .cwd(folder.path)
      .quiet();
    const [, takes = '', both = ''] = (await Bun.file(trace).text()).split(/MARK-\d/);
    const syncs = (text: string) => text.match(/f(data)?sync\(/g)?.length ?? 0;
    expect(syncs(takes)).toBe(0);
    expect(syncs(both)).toBe(5);
  });

  test('does not sync an empty batch, so that an idle Seen leaves the disk alone, but every ping', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const trace = join(folder.path, 'trace');
    const script = `
      import { mkdirSync } from 'node:fs';
      import { createSqliteStore } from ${JSON.stringify(join(import.meta.dir, '../../../../src/stores/sqlite/store.ts'))};
      // A ping of the same millisecond would write what is there already, which SQLite leaves
      // alone.
      let at = 1e12;
      const store = createSqliteStore({ path: ${JSON.stringify(path)}, missing: 'make', timeoutMs: 1000, keysMax: 0, hitsMake: true, countersMax: 9, now: () => at++ });
      await store.counting.commit({ writer: 'w', sequence: 1, changes: [{ counter: 'hits', amount: 1 }] });
      mkdirSync('MARK-1');
      for (let n = 2; n <= 50; n++) await store.counting.commit({ writer: 'w', sequence: n, changes: [] });
      mkdirSync('MARK-2');
      for (let n = 0; n < 5; n++) await store.counting.ping();
      mkdirSync('MARK-3');
    `;
    writeFileSync(join(folder.path, 'probe.ts'), script);
    await Bun.$`strace -f -o ${trace} -e trace=fsync,fdatasync,mkdir,mkdirat ${process.execPath} probe.ts`
      .cwd(folder.path)
      .quiet();
    const [, probes = '', pings = ''] = (await Bun.file(trace).text()).split(/MARK-\d/);
    const syncs = (text: string) => text.match(/f(data)?sync\(/g)?.length ?? 0;
    expect([syncs(probes), syncs(pings)]).toEqual([0, 5]);
    // What they leave behind does not grow.
    const other = new Database(path, { readonly: true });
    expect(other.query('SELECT count(*) AS writers FROM writers').get()).toEqual({ writers: 2 });
    other.close();
  });

  test('a damaged file fails an export with the reason and advice', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const before = open(path);
    for (let sequence = 1; sequence <= 5; sequence++) {
      const changes = Array.from({ length: 1000 }, (_, index) => ({
        counter: `my-site/page-${sequence}-${index}`,
        amount: 1,
      }));
      await before.counting.commit({ writer: 'w', sequence, changes });
    }
    await before.close();
    // The tables begin in the first pages, so that the file can still be opened.
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, bytes.length / 2));
    const store = open(path);
    await expect(Array.fromAsync(store.archive.readAll())).rejects.toMatchObject({
      name: 'AppError',
      code: 'store-unusable',
      message: expect.stringContaining('is damaged. Restore it from a backup'),
    });
    await store.close();
  });

  test('a file of an earlier version gets titles, and keeps its counters', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const before = open(path, 1000);
    await before.registry.create('my-site/old', { total: 41, madeAt: 1, owner: 'o' });
    await before.close();
    const file = new Database(path);
    file.run('DROP TABLE labels; DROP TABLE compatibility; PRAGMA user_version = 9');
    file.close();
    const after = open(path, 1000);
    const old = { counter: 'my-site/old', total: 41, madeAt: 1, owner: 'o' };
    expect(await after.registry.describe('my-site/old')).toMatchObject(old);
    expect(await after.registry.change('my-site/old', { title: 'Old' })).toMatchObject({
      ...old,
      title: 'Old',
    });
    await after.close();
  });

  test('forgets a visitor’s quota when it is full again', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    let now = Date.now();
    const store = open(path, 1000, { now: () => now });
    const limit = { name: 'requests', quota: 60, windowMs: 60_000 };
    const take = (...visitors: string[]) =>
      store.limiter.take(visitors.map((who) => ({ who, limit })));
    const kept = () => {
      const other = new Database(path, { readonly: true });
      const rows = other.query<{ who: string }, []>('SELECT who FROM limits ORDER BY who').all();
      other.close();
      return rows.map(({ who }) => who);
    };
    await take('once', 'twice', 'twice');
    now += 999;
    await take('late');
    expect(kept()).toEqual(['late', 'once', 'twice']);
    now += 1;
    await take('later');
    expect(kept()).toEqual(['late', 'later', 'twice']);
    await store.close();
  });

  test('forgets replicas that were silent for a minute', async () => {
    using folder = temporaryFolder();
    let now = Date.now();
    const store = open(join(folder.path, 'seen.db'), 5000, { now: () => now });
    const report = { name: 'a', version: '1', startedAt: 1, hits: 0, state: 'ready' } as const;
    await store.presence.heartbeat({ ...report, id: 'first' });
    now += PRESENCE_MEMORY_MS;
    const heard = (await store.presence.heartbeat({ ...report, id: 'second' })).map(
      ({ id, silentMs }) => [id, silentMs],
    );
    expect(new Set(heard.map(String))).toEqual(
      new Set([`first,${PRESENCE_MEMORY_MS}`, 'second,0']),
    );
    now += 1;
    expect(
      (await store.presence.heartbeat({ ...report, id: 'second' })).map(({ id }) => id),
    ).toEqual(['second']);
    await store.close();
  });

  test('waits for another process without blocking, and reports when it takes too long', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const [patient, hasty] = [open(path, 20_000), open(path, 150)];
    await patient.counting.commit(hit(randomUUID(), 1));
    await hasty.counting.ping();
    const other = new Database(path);
    other.run('BEGIN IMMEDIATE');
    await expect(hasty.counting.commit(hit(randomUUID(), 1))).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    let ended = false;
    const waiting = patient.counting.commit(hit(randomUUID(), 1)).finally(() => (ended = true));
    for (let turn = 0; turn <= 10; turn++) await Bun.sleep(1);
    expect(ended).toBe(false);
    other.run('COMMIT');
    expect(await waiting).toEqual([2]);
    other.close();
    await Promise.all([patient.close(), hasty.close()]);
  });

  test('lets other processes write after a commit of its own, before the next batch is formed', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const [ours, theirs] = [open(path), open(path)];
    const [writer, other] = [randomUUID(), randomUUID()];
    let held = 0;
    const isHeld = async () => {
      let ready = false;
      const turn = ours.counting.waitForTurn!().then(() => (ready = true));
      // What resolves at once has done so by then, and a timer has not.
      for (let tick = 0; tick < 10; tick++) await undefined;
      if (!ready) held++;
      await turn;
    };
    for (let round = 1; round <= 20; round++) {
      await ours.counting.commit(hit(writer, round));
      await isHeld();
    }
    expect(held).toBe(0);
    for (let round = 1; round <= 20; round++) {
      await theirs.counting.commit(hit(other, round));
      await ours.counting.commit(hit(writer, 20 + round));
      await isHeld();
    }
    expect(held).toBeGreaterThan(0);
    await ours.close();
    await theirs.close();
  });

  test('forgets writers that were silent for a day when it opens the file, and no others', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    let now = Date.now();
    const at = () =>
      createSqliteStore({ path, missing: 'make', timeoutMs: 1000, ...LIMITS, now: () => now });
    const first = at();
    await first.counting.commit(hit('old', 1));
    now += 12 * 3600_000;
    await first.counting.commit(hit('young', 1));
    await first.close();
    now += 12 * 3600_000 + 1;
    const second = at();
    await expect(second.counting.commit(hit('old', 2))).rejects.toMatchObject({
      code: 'sequence-mismatch',
    });
    expect(await second.counting.commit(hit('young', 2))).toEqual([3]);
    await second.close();
  });

  test('remembers the key of a request for a day, and then makes space for others', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    let now = Date.now();
    const store = createSqliteStore({
      path,
      missing: 'make',
      timeoutMs: 1000,
      ...LIMITS,
      keysMax: 2,
      now: () => now,
    });
    let sequence = 0;
    const ask = (key: string) =>
      store.counting.commit({
        writer: 'w',
        sequence: ++sequence,
        changes: [{ counter: 'hits', amount: 1, once: { key, request: '1' } }],
      });
    expect(await ask('first')).toEqual([1]);
    now += 12 * 3600_000;
    expect(await ask('second')).toEqual([2]);
    expect(await ask('third')).toEqual(['keys-full']);
    now += 12 * 3600_000;
    expect(await ask('first')).toEqual([1]);
    now += 1;
    expect(await ask('third')).toEqual([3]);
    expect(await ask('second')).toEqual([2]);
    expect(await ask('first')).toEqual(['keys-full']);
    // A clock that was wrong for a while.
    now += 24 * 3600_000 + 1;
    const right = now;
    now += 30 * 24 * 3600_000;
    expect(await ask('of the future')).toEqual([4]);
    now = right;
    expect(await ask('fourth')).toEqual([5]);
    expect(await ask('fifth')).toEqual([6]);
    await store.close();
  });

  test('opens a file from the first version of Seen, with its counts', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const older = new Database(path);
    // As it was made at the first version of the schema.
    older.run(
      'CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, total INTEGER NOT NULL) STRICT, WITHOUT ROWID',
    );
    older.run(
      `CREATE TABLE writers (writer TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, outcomes TEXT NOT NULL,
        written_at INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    );
    older.run(`INSERT INTO counters VALUES ('hits', 1)`);
    older.run(`INSERT INTO writers VALUES ('w', 1, '[1]', ${Date.now()})`);
    older.run('PRAGMA application_id = 1936024942');
    older.run('PRAGMA user_version = 1');
    older.close();
    const newer = open(path);
    expect(
      await newer.counting.commit({
        writer: 'w',
        sequence: 2,
        changes: [{ counter: 'hits', amount: 1, once: { key: 'k', request: '1' } }],
      }),
    ).toEqual([2]);
    await newer.close();
  });

  test('refuses a file that is not a database, without changing it', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'notes.txt');
    writeFileSync(path, 'these are my notes, please keep them. '.repeat(200));
    const store = open(path);
    await expect(store.counting.ping()).rejects.toMatchObject({ code: 'store-unusable' });
    expect(await Bun.file(path).text()).toStartWith('these are my notes');
    await store.close();
  });

  test('refuses the database of another program, without changing it', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'other.db');
    const other = new Database(path);
    other.run('CREATE TABLE counters (name TEXT)');
    other.close();
    const before = await Bun.file(path).bytes();
    const store = open(path);
    await expect(store.counting.ping()).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('another program'),
    });
    await store.close();
    expect(await Bun.file(path).bytes()).toEqual(before);
  });

  test('uses a file from a newer Seen that allows it, without changing its schema', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const ours = open(path);
    const writer = randomUUID();
    await ours.counting.commit(hit(writer, 1));
    await ours.close();
    const newer = new Database(path);
    // As a later step may: it adds, and what older Seen write stays right.
    newer.run('ALTER TABLE counters ADD COLUMN colour TEXT');
    newer.run('PRAGMA user_version = 99');
    newer.close();
    const store = open(path);
    expect(await store.counting.commit(hit(writer, 2))).toEqual([2]);
    await store.close();
    const after = new Database(path);
    expect(after.query('PRAGMA user_version').get()).toEqual({ user_version: 99 });
    after.close();
  });

  test('refuses a file from a newer Seen that does not, without changing it', async () => {
    const rules = [
      'UPDATE compatibility SET oldest = 99',
      'DROP TABLE compatibility',
      'DELETE FROM compatibility',
    ];
    for (const rule of rules) {
      using folder = temporaryFolder();
      const path = join(folder.path, 'seen.db');
      const ours = open(path);
      await ours.counting.commit(hit(randomUUID(), 1));
      await ours.close();
      const newer = new Database(path);
      newer.run(rule);
      newer.run('PRAGMA user_version = 99');
      newer.close();
      const before = await Bun.file(path).bytes();
      const store = open(path);
      await expect(store.counting.ping()).rejects.toMatchObject({
        code: 'store-unusable',
        message: expect.stringContaining('newer Seen'),
      });
      await store.close();
      expect(await Bun.file(path).bytes()).toEqual(before);
    }
  });

  test('reports a damaged file', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const ours = open(path);
    const changes = Array.from({ length: 500 }, (_, index) => ({
      counter: `damaged/${index}`,
      amount: 1,
    }));
    await ours.counting.commit({ writer: randomUUID(), sequence: 1, changes });
    await ours.close();
    const bytes = await Bun.file(path).bytes();
    bytes.fill(0xff, 4096);
    await Bun.write(path, bytes);
    const store = open(path);
    await expect(
      store.counting.commit({ writer: randomUUID(), sequence: 1, changes }),
    ).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('damaged'),
    });
    await store.close();
  });

  test('notices that its file was moved away, and continues when it is put back', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const store = open(path);
    const writer = randomUUID();
    await store.counting.commit(hit(writer, 1));
    renameSync(path, `${path}.moved`);
    await expect(store.counting.commit(hit(writer, 2))).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('moved or deleted'),
    });
    renameSync(`${path}.moved`, path);
    expect(await store.counting.commit(hit(writer, 2))).toEqual([2]);
    await store.close();
  });

  test('refuses a total that was edited to be too large, instead of rounding it', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const store = open(path);
    await store.counting.commit(hit(randomUUID(), 1));
    const hand = new Database(path);
    hand.run("UPDATE counters SET total = 9007199254740993 WHERE name = 'hits'");
    hand.close();
    await expect(store.counting.read(['hits'])).rejects.toMatchObject({
      code: 'counter-unreadable',
    });
    expect(await store.counting.commit(hit(randomUUID(), 1))).toEqual(['out-of-range']);
    await store.close();
  });

  test('shrinks its write-ahead log again when a long reader has ended', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const store = open(path);
    const writer = randomUUID();
    let sequence = 0;
    const names = Array.from({ length: 1000 }, (_, index) => `my-site/page-${index}`);
    const write = () =>
      store.counting.commit({
        writer,
        sequence: ++sequence,
        changes: names.map((counter) => ({ counter, amount: 1 })),
      });
    await write();
    const reader = new Database(path, { readonly: true });
    reader.run('BEGIN');
    reader.query('SELECT count(*) FROM counters').get();
    const log = () => statSync(`${path}-wal`).size;
    while (log() < 3 * LOG_MAX) await write();
    reader.run('COMMIT');
    reader.close();
    // One copies the log into the file, the next begins a new one in its place.
    for (let n = 0; n < 3; n++) await write();
    expect(log()).toBeLessThanOrEqual(LOG_MAX);
    await store.close();
  });

  test('reports a file in memory as a risk, and one on a disk not', async () => {
    using memory = temporaryFolder('/dev/shm');
    const inMemory = open(join(memory.path, 'seen.db'));
    await inMemory.counting.ping();
    expect((await inMemory.risks())[0]).toContain('memory');
    await inMemory.close();
    using folder = temporaryFolder();
    const onDisk = open(join(folder.path, 'seen.db'));
    await onDisk.counting.ping();
    expect(await onDisk.risks()).toEqual([]);
  });
});
