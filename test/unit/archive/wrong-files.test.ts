/** Files that are of another kind than expected, damaged, or malicious. */
import { beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { itemsOf, mistakesIn } from '../../support/archive.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';
import { zipOf } from '../../support/zip.ts';

const CSV_HEAD = 'counter,what,time,kind,value\n';
const JSON_HEAD =
  '{"seen":"counters","version":1,"moment":"2026-11-22T12:00:00.000Z","counters":COUNT}\n';
const GOATCOUNTER_HEAD = '2Path,Bot,FirstVisit,Date\n';

/** What `seen import` says of a file with this content, and what it takes. */
async function importOf(content: string | Uint8Array, ...flags: string[]) {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'file'), content);
  const peak = join(ROOT, 'test/support/peak-memory.ts');
  const program = [process.execPath, '--preload', peak, join(ROOT, 'src/main.ts')];
  const run = Bun.spawn([...program, 'import', 'file', ...flags], {
    cwd: folder.path,
    env: {
      PATH: process.env['PATH'] ?? '',
      SEEN_STORE_URL: 'sqlite:seen.db',
      PEAK_FILE: join(folder.path, 'peak'),
    },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  const status = await run.exited;
  const usage = run.resourceUsage();
  return {
    status,
    said: `${out}${error}`,
    made: existsSync(join(folder.path, 'seen.db')),
    megabytes: Number(readFileSync(join(folder.path, 'peak'), 'utf8')) / 1024,
    cpuMs: Number(usage?.cpuTime.total ?? 0) / 1000,
  };
}

describe('a file that cannot be imported', () => {
  test('is reported with its kind and with what can be imported', async () => {
    const noise = Uint8Array.from({ length: 3000 }, (_, index) => (index * 7919) % 256);
    for (const [content, expected] of [
      [
        Buffer.concat([Buffer.from('\x89PNG\r\n', 'latin1'), noise]),
        'is a picture: of a badge only the SVG',
      ],
      [Buffer.concat([Buffer.from('\xFF\xD8\xFF', 'latin1'), noise]), 'is a picture'],
      [Buffer.concat([Buffer.from('GIF89a', 'latin1'), noise]), 'is a picture'],
      [noise, 'is not a text file'],
      ['SQLite format 3\0', 'seen export --store-url sqlite:PATH'],
      ['REDIS0011', 'is a dump of Redis'],
      ['%PDF-1.7\n', 'is a PDF'],
      ['BZh91AY', 'is packed: unpack it first'],
      [gzipSync(gzipSync('my-site/page,1\n')), 'is packed: unpack it first'],
      [Buffer.from('\uFEFFmy-site/page,1\r\n', 'utf16le'), 'is text in UTF-16: save it in UTF-8'],
      ['<!DOCTYPE html>\n<html><body>Log in</body></html>', 'is a web page'],
      ['<html><body>404</body></html>', 'is a web page'],
      ['<?xml version="1.0"?><rss></rss>', 'is XML, but not an image (SVG)'],
      ['[{"counter":"my-site/page","total":1}]', 'is a JSON array'],
      ['{"value":41}\n', 'is JSON, but not an export of Seen'],
      ['{"hour":"2026-10-05T19:00:00Z","path_id":1,"count":1}\n', 'import the whole zip file'],
      ['Dear diary,\ntoday I counted visits.\n', 'no line has a name and a total'],
      ['page,views,date\n/,4,2026-01-01\n', 'no line has a name and a total'],
      ['my-site/page 12\n', 'no line has a name and a total'],
      ['my-site/one,1\rmy-site/two,2\r', 'line ends of old Macs'],
    ] as const) {
      const said = await itemsOf(content, { as: 'my-site/page', namespace: 'my-site' }).then(
        mistakesIn,
        (error: unknown) => String(error),
      );
      expect({ expected, said }).toEqual({ expected, said: expect.stringContaining(expected) });
      for (const kind of ['seen', 'list', 'goatcounter', 'badge'])
        expect(said).toContain(`\n  ${kind} `);
    }
  });

  test('is reported as damaged when it is compressed and damaged', async () => {
    const list = Array.from({ length: 100_000 }, (_, index) => `my-site/page-${index},1\n`).join(
      '',
    );
    const packed = gzipSync(list);
    for (const content of [packed.subarray(0, 100), packed.subarray(0, packed.length - 20)]) {
      await expect(itemsOf(content)).rejects.toThrow(
        'it is packed with gzip, and damaged or cut off',
      );
    }
    await expect(itemsOf(Buffer.from('\x1F\x8B\x00garbage', 'latin1'))).rejects.toThrow(
      'packed with gzip',
    );
    await expect(itemsOf(gzipSync(''))).rejects.toThrow('is empty');
  });

  test('is reported when its first line is missing', async () => {
    for (const text of ['{"counter":"my-site/page","total":1}\n', '{\n  "seen": "counters"\n}\n'])
      await expect(itemsOf(text)).rejects.toThrow(
        'The file does not begin with the first line of an export of Seen',
      );
    await expect(itemsOf('my-site/page,total,,,1\n', { kind: 'seen' })).rejects.toThrow(
      'The file does not begin with the first line of an export of Seen, counter,what,time,kind,value',
    );
  });
});

test('an export with only headings, or a list with only comments, fails with the reason', async () => {
  for (const [content, expected, ...flags] of [
    ['# a comment\n\n# another\n', 'this list has only blank lines and comments and no counter'],
    ['counter,total\n', 'this list has only a line of headings and no counter', '--from', 'list'],
    [CSV_HEAD, 'the file has only its headings'],
    [GOATCOUNTER_HEAD, 'this export has headings but no visits', '--namespace', 'my-blog'],
    [JSON_HEAD.replace('COUNT', '2'), 'there are 0 counters where the first line says 2'],
  ] as const) {
    const { status, said, made } = await importOf(content, ...flags, '--yes');
    expect({ content, status, said, made }).toEqual({
      content,
      status: 2,
      said: expect.stringContaining(expected),
      made: false,
    });
    expect(said).toContain('Nothing was changed.');
  }
});

test('visits before 1970 or after 9999, which not every store can keep, are a mistake in their line', async () => {
  const bound = 'is not in the years 1970 to 9999';
  const record = (field: string, time: string, value: unknown) =>
    JSON.stringify({ counter: 'my-site/page', total: 1, [field]: { [time]: value } });
  for (const time of ['+275760-01-01', '+010000-01-01', '1969-12-31', '-000001-01-01']) {
    for (const [field, at, value] of [
      ['hours', `${time}T00:00Z`, { person: 1 }],
      ['days', time, { person: 1 }],
      ['visitors', time, 1],
    ] as const) {
      const text = `${JSON_HEAD.replace('COUNT', '1')}${record(field, at, value)}\n`;
      expect(mistakesIn(await itemsOf(text))).toEqual([`2: "${at}" ${bound}`]);
    }
    const visit = `${GOATCOUNTER_HEAD}/,0,true,${time}T00:00:00Z\n`;
    expect(mistakesIn(await itemsOf(visit, { namespace: 'my-blog' }))).toEqual([
      `2: "${time}T00:00:00.000Z" ${bound}`,
    ]);
  }
  for (const day of ['1970-01-01', '9999-12-31']) {
    const text = `${JSON_HEAD.replace('COUNT', '1')}${record('hours', `${day}T23:00Z`, { bot: 1 })}\n`;
    expect(mistakesIn(await itemsOf(text))).toEqual([]);
  }
});

test('a complete export of a Seen without counters is valid, and nothing is imported', async () => {
  for (const content of [
    JSON_HEAD.replace('COUNT', '0'),
    `${CSV_HEAD},export,2026-11-22T12:00:00.000Z,format 1,0\n,end,,,1\n`,
  ]) {
    expect(await importOf(content, '--yes')).toMatchObject({
      status: 0,
      said: expect.stringContaining('had no counters then: there is nothing to import'),
      made: false,
    });
  }
});

test('a default counter that is private is a mistake, because its page shows its number', async () => {
  const line = '{"counter":"hits","total":1,"rules":{"private":true}}';
  const { status, said } = await importOf(`${JSON_HEAD.replace('COUNT', '1')}${line}\n`, '--yes');
  expect({ status, said }).toEqual({
    status: 2,
    said: expect.stringContaining(
      'line 2: the counter hits cannot be private: / shows its number to everybody',
    ),
  });
});

describe('a malicious file', () => {
  const nested = (open: string, close: string, depth: number) =>
    `${open.repeat(depth)}1${close.repeat(depth)}`;
  const record = (rest: string) =>
    `${JSON_HEAD.replace('COUNT', '1')}{"counter":"my-site/page",${rest}}\n`;
  const zipped = (hits: string) =>
    zipOf([
      { name: 'paths.jsonl', content: '{"id":1,"path":"/"}\n' },
      { name: 'hit_stats.jsonl', content: hits },
    ]);
  const cases: readonly (readonly [string, () => string | Uint8Array, string, ...string[]])[] = [
    ['a line of 15 MB', () => 'x'.repeat(15_000_000), 'no line has a name'],
    [
      'a line of 15 MB in a list',
      () => 'x'.repeat(15_000_000),
      'line 1 is longer than',
      '--from',
      'list',
    ],
    ['a quote of 15 MB', () => `${CSV_HEAD}"${'x'.repeat(15_000_000)}`, 'is longer than 8 MiB'],
    [
      'a million lines of a quote',
      () => `${CSV_HEAD}"${'x\n'.repeat(1_000_000)}`,
      'is never closed',
    ],
    [
      'a list of a million wrong lines',
      () => `my-site/page,1\n${'my page,1\n'.repeat(1_000_000)}`,
      '999,980 more',
    ],
    [
      'arrays in arrays',
      () => record(`"total":1,"rules":{"lowest":${nested('[', ']', 1_000_000)}}`),
      'the rule lowest',
    ],
    [
      'objects in objects',
      () => record(`"total":${nested('{"a":', '}', 1_000_000)}`),
      'its total is not a whole number',
    ],
    [
      'a badge of tags',
      () => `<svg>${'<text><'.repeat(500_000)}`,
      'there is no text',
      '--as',
      'my-site/page',
    ],
    [
      'a badge of comments',
      () => `<svg>${'<!--'.repeat(900_000)}`,
      'there is no text',
      '--as',
      'my-site/page',
    ],
    [
      'a badge of 15 MB',
      () => `<svg><text>${'1\n'.repeat(7_500_000)}`,
      'this is not a badge',
      '--as',
      'my-site/page',
    ],
    ['a packed file of nothing', () => gzipSync(Buffer.alloc(100_000_000)), 'is not a text file'],
    [
      'a zip file of blanks',
      () => zipped(' '.repeat(100_000_000)),
      'is longer than 8 MiB',
      '--namespace',
      'my-blog',
    ],
    [
      'a zip file of ends of lines',
      () => zipped('\n'.repeat(3_000_000)),
      'no visit',
      '--namespace',
      'my-blog',
    ],
  ];

  let usual = { megabytes: 0, cpuMs: 0 };
  beforeAll(async () => {
    usual = await importOf('my-site/page,\n');
  });

  for (const [what, content, expected, ...flags] of cases) {
    test(`as ${what}, is refused with bounds on memory and time`, async () => {
      const { status, said, megabytes, cpuMs } = await importOf(content(), ...flags);
      expect({ status, said }).toEqual({ status: 2, said: expect.stringContaining(expected) });
      // The line that may be held is 8 MiB, in bytes, as text and taken apart.
      expect(megabytes - usual.megabytes).toBeLessThan(200);
      // A start takes a third of a second of a processor.
      expect(cpuMs / usual.cpuMs).toBeLessThan(20);
    });
  }

  test('a list of a million counters is read line by line', async () => {
    const list = (count: number) =>
      Array.from({ length: count }, (_, index) => `my-site/page-${index},1\n`).join('');
    const { status, said, megabytes } = await importOf(`${list(1_000_000)}my-site/page-0,2\n`);
    expect(status).toBe(2);
    expect(said).toContain('a list of counters, 1,000,000 counters');
    expect(said).toContain('line 1000001: my-site/page-0 is already in line 1');
    // About 200 bytes for each name.
    expect(megabytes).toBeLessThan(600);
  });
});
