/** `seen export` and `seen import`, run as users do next to a running Seen. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DAY_MS } from '../../src/contract/history.ts';
import type { Store } from '../../src/contract/store.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { MAIN, Program, ROOT } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer } from '../support/redis-server.ts';
import type { Database, DatabaseServer } from '../support/stores/database.ts';
import { forEachStore, NEW_DATABASE } from '../support/stores/stores.ts';

const MANY = 12_000;
const list = Array.from(
  { length: MANY },
  (_, index) => `many/page-${String(index).padStart(6, '0')},${index + 1}`,
);

function nameAt(index: number): string {
  return list[index]?.split(',')[0] ?? '';
}

/** A place to type commands in, and a store that they use. */
interface Place {
  readonly folder: string;
  readonly url: string;
  readonly server: DatabaseServer | undefined;
  /** The store, to look into it. */
  readonly store: Store;
}

function start(
  place: Pick<Place, 'folder' | 'url'>,
  words: readonly string[],
  program: readonly string[] = [MAIN],
) {
  return Bun.spawn([process.execPath, ...program, ...words], {
    cwd: place.folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: place.folder,
      SEEN_STORE_URL: place.url,
      TMPDIR: place.folder,
      HOLD_FILE: join(place.folder, 'hold'),
      HOLD_COUNTER: nameAt(MANY - 1),
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

/**
 * Starts what does not come to its end before it is released: see `support/hold-end.ts`, which
 * changes the sources.
 */
function startHeld(place: Place, words: readonly string[]) {
  writeFileSync(join(place.folder, 'hold'), '');
  const held = ['--preload', join(ROOT, 'test/support/hold-end.ts'), join(ROOT, 'src/main.ts')];
  return start(place, words, held);
}

function release(place: Place): void {
  rmSync(join(place.folder, 'hold'));
}

async function seen(place: Pick<Place, 'folder' | 'url'>, ...words: string[]) {
  const run = start(place, words);
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  return { status: await run.exited, out, error };
}

/** A running Seen beside the commands. How many replicas it has does not matter to them. */
function startProgram({ url }: Place): Promise<Program> {
  return Program.start({ SEEN_STORE_URL: url, SEEN_REPLICAS: '1' });
}

/** Makes a place on that store, and takes it away. */
async function withPlace(
  newDatabase: () => Promise<Database>,
  work: (place: Place) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder();
  await using database = await newDatabase();
  const { url, server } = database;
  const store = database.open({ timeoutMs: 5000 });
  try {
    await work({ folder: folder.path, url, server, store });
  } finally {
    await store.close();
  }
}

forEachStore((newDatabase, store) => {
  test('an import that is killed and repeated several times counts nothing twice', async () => {
    await withPlace(newDatabase, async (place) => {
      writeFileSync(join(place.folder, 'list.csv'), list.join('\n'));
      // Counters that are there already, so that adding twice would show.
      const there = Array.from({ length: 1000 }, (_, index) => ({
        counter: nameAt(index * 12),
        amount: 5,
      }));
      await place.store.counting.commit({ writer: 'w', sequence: 1, changes: there });
      const add = ['import', 'list.csv', '--existing', 'add', '--yes'];
      for (const part of [0.1, 0.3, 0.31, 0.6, 0.9]) {
        const run = startHeld(place, add);
        const wanted = nameAt(Math.floor(MANY * part));
        const total = Math.floor(MANY * part) + 1;
        await until(
          `${wanted} to be brought`,
          async () => ((await place.store.counting.read([wanted]))[0] ?? 0) >= total,
        );
        run.kill('SIGKILL');
        await run.exited;
      }
      expect(await place.store.counting.read([nameAt(MANY - 1)])).toEqual([undefined]);
      const { status, out } = await seen(place, ...add);
      expect({ status, out }).toEqual({
        status: 0,
        out: expect.stringMatching(/done +many.*imported from this source before/),
      });
      const names = list.map((line) => line.split(',')[0] ?? '');
      const totals = await place.store.counting.read(names);
      const wrong = names.filter(
        (_, index) => totals[index] !== index + 1 + (index % 12 === 0 ? 5 : 0),
      );
      expect(wrong).toEqual([]);
      expect((await seen(place, ...add)).out).toMatch(/12,000 done/);
      expect(await place.store.counting.read(names)).toEqual(totals);
    });
  });

  test('exporting, importing elsewhere and exporting there gives the same file', async () => {
    await withPlace(newDatabase, async (place) => {
      await using program = await startProgram(place);
      const made = await fetch(`${program.url}/api/v1/counters`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"name":"my-site/page","value":41}',
      });
      const { token } = (await made.json()) as { token: string };
      const browser = {
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
      };
      for (const path of ['/', '/', '/hit/my-site/page', '/hit/my-site/other'])
        await program.get(path, browser);
      const { status, out } = await seen(place, 'export', 'first.jsonl');
      expect({ status, out }).toEqual({
        status: 0,
        out: expect.stringMatching(/^3 counters, read at 2.*Z: first\.jsonl\n$/),
      });
      const text = readFileSync(join(place.folder, 'first.jsonl'), 'utf8');
      // A token stands nowhere in it: its hash does.
      expect(text).not.toContain(token);
      expect(text).not.toContain(token.slice(5, 20));
      expect(text).toContain(new Bun.CryptoHasher('sha256').update(token).digest('base64url'));
      // In one hour, or in two.
      const persons = /"counter":"hits".*/.exec(text)?.[0].matchAll(/"person":(\d+)/g) ?? [];
      expect([...persons].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(2);
      expect(statSync(join(place.folder, 'first.jsonl')).mode & 0o777).toBe(0o600);
      const others = Object.entries(NEW_DATABASE).filter(([other]) => other !== store);
      for (const [, newOther] of others)
        await withPlace(newOther, async (other) => {
          writeFileSync(join(other.folder, 'first.jsonl'), text);
          const before = await seen(other, 'import', 'first.jsonl');
          expect({ status: before.status, out: before.out }).toEqual({
            status: 0,
            out: expect.stringMatching(/3 new.*\n\nNothing was changed yet/),
          });
          expect(await other.store.registry.size()).toBe(0);
          expect((await seen(other, 'import', 'first.jsonl', '--yes')).out).toContain('3 made');
          const again = (await seen(other, 'export')).out;
          const withoutMoment = (all: string) => all.replace(/"moment":"[^"]*"/, '');
          expect(withoutMoment(again)).toBe(withoutMoment(text));
          const csv = await seen(other, 'export', 'again.csv');
          expect(csv.status).toBe(0);
          expect(readFileSync(join(other.folder, 'again.csv'), 'utf8')).toStartWith(
            'counter,what,time,kind,value\r\n,export,',
          );
          expect(
            (await seen(other, 'import', 'again.csv', '--existing', 'replace')).out,
          ).toContain('3 replaced');
          // Its owner's token is worth there what it was here.
          await using there = await startProgram(other);
          const set = await fetch(`${there.url}/api/v1/counters/my-site/page`, {
            method: 'PATCH',
            headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
            body: '{"value":7}',
          });
          expect(set.status).toBe(200);
        });
    });
  });

  test('an export that is interrupted leaves nothing behind, and the next one works', async () => {
    await withPlace(newDatabase, async (place) => {
      for (let from = 0; from < MANY; from += 1000) {
        const changes = list
          .slice(from, from + 1000)
          .map((line) => ({ counter: line.split(',')[0] ?? '', amount: 1 }));
        await place.store.counting.commit({ writer: 'w', sequence: from / 1000 + 1, changes });
      }
      const run = startHeld(place, ['export', 'all.jsonl']);
      await until('the export to have begun', () =>
        readdirSync(place.folder).some((name) => name.startsWith('.all.jsonl-')),
      );
      run.kill('SIGINT');
      release(place);
      const status = await run.exited;
      const left = readdirSync(place.folder).filter((name) => name.includes('all.jsonl'));
      expect({ status, left }).toEqual({ status: 130, left: [] });
      expect((await seen(place, 'export', 'all.jsonl')).status).toBe(0);
      const lines = readFileSync(join(place.folder, 'all.jsonl'), 'utf8').split('\n');
      expect(lines).toHaveLength(MANY + 2);
    });
  });

  test('refused lines are reported, the rest is imported, and the status is 1', async () => {
    await withPlace(newDatabase, async (place) => {
      writeFileSync(
        join(place.folder, 'list.csv'),
        'my-site/huge,9007199254740991\nmy-site/new,2\nmy-site/newer,3\n',
      );
      await place.store.counting.commit({
        writer: 'w',
        sequence: 1,
        changes: [{ counter: 'my-site/huge', amount: 1 }],
      });
      const flags = ['import', 'list.csv', '--existing', 'add', '--counters-max', '2'];
      const dry = await seen(place, ...flags);
      expect({ status: dry.status, out: dry.out }).toEqual({
        status: 1,
        out: expect.stringContaining('There is space for 1 more counter:'),
      });
      const { status, out } = await seen(place, ...flags, '--yes');
      expect(out).toMatch(/1 made +my-site\/new 2/);
      expect(out).toMatch(
        /1 refused +my-site\/huge 9007199254740991 \(a sum would be larger than/,
      );
      expect(out).toMatch(
        /1 refused +my-site\/newer 3 \(the maximum number of counters is reached/,
      );
      expect(status).toBe(1);
      expect(
        await place.store.counting.read(['my-site/huge', 'my-site/new', 'my-site/newer']),
      ).toEqual([1, 2, undefined]);
      expect(await seen(place, 'export', '--format', 'csv')).toMatchObject({ status: 0 });
    });
  });

  // A file cannot be unavailable.
  if (store === 'SQLite') return;

  test('an import waits for an unavailable store, and counts nothing twice', async () => {
    await withPlace(newDatabase, async (place) => {
      writeFileSync(join(place.folder, 'list.csv'), list.join('\n'));
      const run = startHeld(place, ['import', 'list.csv', '--yes']);
      await until(
        'a thousand to be brought',
        async () => (await place.store.registry.size()) > 1000,
      );
      await place.server?.kill();
      release(place);
      let error = '';
      for await (const text of run.stderr.pipeThrough(new TextDecoderStream())) {
        error += text;
        if (error.includes('Waiting for it. After Ctrl-C, the same command continues.')) break;
      }
      expect(error).toContain('Waiting for it. After Ctrl-C, the same command continues.');
      await place.server?.start();
      const out = await new Response(run.stdout).text();
      expect({ status: await run.exited, out }).toEqual({
        status: 0,
        out: expect.stringContaining('made'),
      });
      const totals = await place.store.counting.read(list.map((line) => line.split(',')[0] ?? ''));
      expect(totals.every((total, index) => total === index + 1)).toBe(true);
    });
  });
});

describe('with SQLite', () => {
  test('an export leaves a current database as it is, also one that is older than a day', async () => {
    using folder = temporaryFolder();
    await using database = await NEW_DATABASE.SQLite();
    const store = database.open({ now: () => Date.now() - 2 * DAY_MS });
    const changes = [{ counter: 'my-site/page', amount: 7 }];
    await store.counting.commit({ writer: 'w', sequence: 1, changes });
    await store.close();
    const path = database.url.slice('sqlite:'.length);
    utimesSync(path, 1000, 1000);
    const before = readFileSync(path);
    const { status, out } = await seen({ folder: folder.path, url: database.url }, 'export');
    expect({ status, out }).toEqual({
      status: 0,
      out: expect.stringContaining('"counter":"my-site/page","total":7'),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(1_000_000);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });
});

describe('with Redis', () => {
  test('the counts of the guide’s application and of busuanzi are imported from their Redis', async () => {
    await using other = await RedisServer.start();
    const site = new Bun.CryptoHasher('md5').update('example.com').digest('hex');
    const page = new Bun.CryptoHasher('md5').update('/about').digest('hex');
    await other.cli('MSET', 'hits', '41', 'views:about', '7', `bsz:site_pv:${site}`, '100');
    await other.cli('ZADD', `bsz:page_pv:${site}`, '70', page);
    await other.cli('PFADD', `bsz:site_uv:${site}`, 'somebody');
    await withPlace(NEW_DATABASE.SQLite, async (place) => {
      const source = `${other.url}/0`;
      expect((await seen(place, 'import', source)).out).toMatch(/1 new +hits 41\n/);
      expect((await seen(place, 'import', source, '--yes')).status).toBe(0);
      await other.cli('INCR', 'hits');
      expect((await seen(place, 'import', source, '--existing', 'add')).out).toMatch(
        /1 done +hits 42/,
      );
      expect((await seen(place, 'import', source, '--keys', 'views:*', '--yes')).out).toMatch(
        /1 made +views\/about 7/,
      );
      writeFileSync(
        join(place.folder, 'names'),
        'example.com,my-site/total\nexample.com/about,my-site/about\n',
      );
      const bsz = await seen(
        place,
        'import',
        source,
        '--from',
        'busuanzi',
        '--names',
        'names',
        '--yes',
      );
      expect(bsz.out).toMatch(
        /2 made +my-site\/(total 100, my-site\/about 70|about 70, my-site\/total 100)/,
      );
      expect(bsz.out).toContain('1 set of visitors is left out');
      expect(
        await place.store.counting.read(['hits', 'my-site/total', 'my-site/about', 'views/about']),
      ).toEqual([41, 100, 70, 7]);
      const away = await seen(place, 'import', 'redis://nobody:secret@127.0.0.1:1/0');
      expect(away.status).toBe(69);
      const { host } = new URL(source);
      const refused = await seen(place, 'import', `redis://nobody:secret@${host}/0`);
      expect(refused.error).toContain('database in the URL to import from');
      expect(`${away.error}${refused.error}`).not.toContain('secret');
    });
  });
});

describe('mistakes', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder[Symbol.dispose]());

  test('a failed write is reported; a reader that stops early gets no error', async () => {
    await withPlace(NEW_DATABASE.SQLite, async (place) => {
      const changes = list
        .slice(0, 1000)
        .map((line) => ({ counter: line.split(',')[0] ?? '', amount: 1 }));
      for (let sequence = 1; sequence <= 10; sequence++) {
        const more = changes.map(({ counter }) => ({
          counter: `${counter}-${sequence}`,
          amount: 1,
        }));
        await place.store.counting.commit({ writer: 'w', sequence, changes: more });
      }
      const shell = async (command: string) => {
        const script = command.replace('seen', `${process.execPath} ${MAIN}`);
        const run = Bun.spawn(['bash', '-c', script], {
          cwd: place.folder,
          env: {
            PATH: process.env['PATH'] ?? '',
            SEEN_STORE_URL: place.url,
            TMPDIR: place.folder,
          },
          stdout: 'pipe',
          stderr: 'pipe',
        });
        return `${await new Response(run.stdout).text()}${await new Response(run.stderr).text()}`;
      };
      expect(await shell('seen export > /dev/full; echo $?')).toMatch(
        /^2\nseen: Nothing was exported: .*ENOSPC/,
      );
      expect(await shell('seen export | head -1 | cut -c 1-8; echo ${PIPESTATUS[0]}')).toBe(
        '{"seen":\n130\n',
      );
      expect(await shell('seen export | (sleep 1; wc -l)')).toBe('10001\n');
      expect(readdirSync(place.folder).filter((name) => name.includes('export'))).toEqual([]);
    });
  });

  test('are reported with the correct usage, and nothing is imported', async () => {
    const place = {
      folder: folder.path,
      url: `sqlite:${join(folder.path, 'seen.db')}`,
      server: undefined,
      store: undefined as never,
    };
    const put = (name: string, content: string | Uint8Array) =>
      writeFileSync(join(folder.path, name), content);
    put('empty', '');
    put('bad.csv', 'my-site/page,1\nmy-site,2\nmy-site/page,3\n');
    put('good.csv', 'my-site/page,1\nmy-site/more,2\n');
    put('newer.jsonl', '{"seen":"counters","version":9,"counters":0}\n');
    put(
      'cut.jsonl',
      '{"seen":"counters","version":1,"counters":2}\n{"counter":"my-site/page","total":1}\n',
    );
    put('whole.jsonl', '{"seen":"counters","version":1,"counters":0}\n');
    put(
      'after.jsonl',
      '{"seen":"counters","version":1}\n{"seen":"end","counters":0}\n{"counter":"my-site/page","total":1}\n',
    );
    put('cut.gz', Bun.gzipSync(Buffer.alloc(100_000, 'my-site/page,1\n')).slice(0, 100));
    put('latin1', Buffer.from('my-site/page,1\nmy-site/caf\u00e9,1\n', 'latin1'));
    put('visits.csv', '2Path,Bot,Date\n/,0,2026-11-20T10:00:00Z\n');
    put('other.db', 'SQLite format 3\0 and more');
    put('badge.svg', '<svg><text>41</text></svg>');
    mkdirSync(join(folder.path, 'closed'));
    chmodSync(join(folder.path, 'closed'), 0o500);
    for (const [words, status, expected] of [
      [['import'], 2, 'seen import counters.jsonl'],
      [['import', 'a', 'b'], 2, 'seen import counters.jsonl'],
      [['import', 'none'], 2, 'There is no file none'],
      [['import', '.'], 2, '. is a folder. Name a file in it.'],
      [['import', '-'], 2, '- can be read only once'],
      [['import', 'https://example.com/a.csv'], 2, 'Download it'],
      [['import', 'sqlite:seen.db'], 2, 'export its counters first: seen export --store-url'],
      [['import', 'empty'], 2, 'empty is empty'],
      [['import', 'bad.csv'], 2, 'line 2: "my-site" is not a counter name'],
      [['import', 'bad.csv', '--yes'], 2, 'Nothing was changed. Correct them'],
      [['import', 'newer.jsonl'], 2, 'this Seen supports 1'],
      [
        ['import', 'cut.jsonl'],
        2,
        'line 2 is the last, and there is 1 counter where the first line says 2',
      ],
      [['import', 'after.jsonl'], 2, 'line 3 comes after the end of the export: remove it'],
      [['import', 'cut.gz'], 2, 'cannot be read'],
      [['import', 'latin1'], 2, 'line 2 is not text in UTF-8'],
      [['import', 'visits.csv'], 2, '--namespace my-site'],
      [['import', 'visits.csv', '--namespace', 'no!'], 2, '--namespace is not valid'],
      [['import', 'badge.svg'], 2, '--as my-site/page'],
      [['import', 'badge.svg', '--as', 'my'], 2, '--as: "my" is not a counter name'],
      [
        ['import', 'good.csv', '--as', 'my-site/other'],
        2,
        '--as names one counter, but the source has 2',
      ],
      [
        ['import', 'good.csv', '--existing', 'drop'],
        2,
        '--existing is not one of keep, add, replace',
      ],
      [['import', 'good.csv', '--from', 'excel'], 2, '--from is not one of'],
      [['import', 'good.csv', '--from', 'redis'], 2, 'needs a Redis'],
      [['import', 'redis://localhost', '--from', 'list'], 2, 'needs a file'],
      [['import', 'good.csv', '--keys', 'a*'], 2, '--keys is for a Redis, and good.csv is a file'],
      [
        ['import', 'good.csv', '--names', 'names'],
        2,
        '--names is for a busuanzi, and good.csv is',
      ],
      [
        ['import', 'redis://127.0.0.1:1', '--names', 'names'],
        2,
        '--names is for a busuanzi, with --from busuanzi. Leave it out.',
      ],
      [
        ['import', 'whole.jsonl', '--namespace', 'my-site'],
        2,
        '--namespace is for names that have none: leave it out for an export of Seen.',
      ],
      [
        ['import', 'badge.svg', '--as', 'my-site/page', '--namespace', 'my-site'],
        2,
        '--namespace is for names that have none: leave it out for a badge.',
      ],
      [['import', 'redis://localhost?db=2'], 2, 'The URL to import from has a "?"'],
      [['import', 'redis://localhost/hits'], 2, 'not the number of a database'],
      [['import', 'good.csv', '--yess'], 2, '--yess is not a flag of Seen'],
      [['import', 'good.csv', '--namespace'], 2, '--namespace needs a value'],
      [
        ['import', 'good.csv', '--store-url', 'redis://127.0.0.1:1', '--wait-ms', '100'],
        69,
        'cannot be reached',
      ],
      [['export', '--store-url', 'sqlite:none.db'], 2, 'There is no database at '],
      [
        ['export', '--store-url', 'sqlite:empty'],
        2,
        'Name the one that Seen uses with --store-url',
      ],
      [['export', 'all.jsonl.gz'], 2, 'gzip all.jsonl'],
      [['export', 'other.db'], 2, 'other.db is a database, which the export would replace'],
      [['export', 'a', 'b'], 2, 'seen export counters.jsonl'],
      [['export', '.'], 2, '. is a folder'],
      [['export', 'none/such/file'], 2, 'Nothing can be written at'],
      [['export', '--format', 'xml'], 2, '--format is not one of jsonl, csv'],
    ] as const) {
      const { status: ended, out, error } = await seen(place, ...words);
      expect({ words, ended, said: `${out}${error}` }).toEqual({
        words,
        ended: status,
        said: expect.stringContaining(expected),
      });
    }
    expect(existsSync(join(folder.path, 'seen.db'))).toBe(false);
  });

  test('of the network, such as a lost question, are tried again by a preview', async () => {
    await using redis = await RedisServer.start();
    await using proxy = await Proxy.start(redis.port);
    writeFileSync(join(folder.path, 'one.csv'), 'my-site/page,7\n');
    for (const [index, question] of ['preview', 'ZCARD'].entries()) {
      proxy.fault = {
        loseRequest: (bytes) => bytes.includes(question) && proxy.cuts === index,
      };
      const place = { folder: folder.path, url: proxy.url };
      expect(await seen(place, 'import', 'one.csv')).toEqual({
        status: 0,
        out: expect.stringContaining('To import, repeat the command with --yes.'),
        error: '',
      });
      expect(proxy.cuts).toBe(index + 1);
    }
  });
});
