/** Exports and imports of the whole installation over HTTP, on a store in memory. */
import { describe, expect, test } from 'bun:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FILE_KINDS } from '../../../../src/archive/recognise.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';
import { exportText } from '../../../support/archive.ts';

const AUTH = { Authorization: `Bearer ${INSTALLATION}` };
const EXPORT = '/api/v1/export';
const IMPORT = '/api/v1/import';
type Parts = ReturnType<typeof setUp>;
type Line = Readonly<Record<string, unknown>>;

const linesIn = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** Sends a file; answers the status, and the last line or the problem. */
async function send({ ask }: Parts, file: Bun.BodyInit, query = '', headers = AUTH) {
  const { status, body } = await ask(`${IMPORT}${query}`, headers, 'POST', file);
  return { status, last: linesIn(body).at(-1) ?? {} };
}

/** The counters of a store, by name. */
async function totalsOf({ store }: Parts): Promise<Record<string, number>> {
  const all = await Array.fromAsync(store.archive.readAll());
  return Object.fromEntries(all.map(({ counter, total }) => [counter, total]));
}

/** A store with some counters, of which one has everything. */
async function withCounters(options: Parameters<typeof setUp>[0] = {}): Promise<Parts> {
  const parts = setUp(options);
  await parts.ask('/');
  await parts.ask('/hit/my-site/page');
  const made = await parts.ask(
    '/api/v1/counters',
    { 'Content-Type': 'application/json' },
    'POST',
    '{"name":"my-site/private","value":41,"private":true,"window":60}',
  );
  expect(made.status).toBe(201);
  return parts;
}

/** So many counters, in a list. */
const listOf = (count: number) =>
  Array.from({ length: count }, (_, index) => `many/page-${index},${index + 1}`).join('\n');

/** A request whose response is not read. */
function begin({ app }: Parts, path: string, body?: Bun.BodyInit): Promise<Response> {
  const request = new Request(`http://seen.test${path}`, {
    headers: AUTH,
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  return Promise.resolve(app.fetch(request, { requestIP: () => null }));
}

describe('the token', () => {
  test('must be the installation’s, for exports and for imports, and nothing is done without it', async () => {
    const parts = await withCounters();
    const made = await parts.ask(
      '/api/v1/counters',
      { 'Content-Type': 'application/json' },
      'POST',
      '{"name":"my-site/own"}',
    );
    const { token } = JSON.parse(made.body) as { token: string };
    for (const headers of [
      {},
      { Authorization: 'Bearer wrong' },
      { Authorization: `Bearer ${token}` },
    ]) {
      for (const [path, method, body] of [
        [EXPORT, 'GET', undefined],
        [IMPORT, 'POST', 'my-site/new,1'],
      ] as const) {
        const { status, body: text } = await parts.ask(path, headers, method, body);
        expect({ path, status }).toEqual({ path, status: 401 });
        expect(text).toMatch(/"code":"token-(missing|refused)"/);
      }
    }
    expect(await totalsOf(parts)).not.toHaveProperty('my-site/new');
  });

  test('is checked before a large body is read', async () => {
    const { ask, requests } = setUp();
    const { status, headers } = await ask(IMPORT, { 'Content-Length': '60000000' }, 'POST', 'x');
    expect({ status, connection: headers.get('Connection') }).toEqual({
      status: 401,
      connection: 'close',
    });
    expect(requests).toEqual([`${IMPORT} 401`]);
  });
});

describe('an export over HTTP', () => {
  test('is the file that seen export writes, with the number of counters at its end', async () => {
    const parts = await withCounters();
    const { status, headers, body } = await parts.ask(EXPORT, AUTH);
    const [heading, ...counters] = linesIn(body);
    const end = counters.pop();
    const written = linesIn(await exportText(parts.store.archive, 'jsonl'));
    expect({ status, counters }).toEqual({ status: 200, counters: written.slice(1) });
    expect(heading).toEqual({ seen: 'counters', version: 1, moment: expect.any(String) });
    expect(end).toEqual({ seen: 'end', counters: 3 });
    expect(headers.get('Content-Type')).toBe('application/x-ndjson');
    expect(headers.get('Content-Disposition')).toMatch(
      /^attachment; filename="seen-\d{4}-\d\d-\d\d\.jsonl"$/,
    );
    expect(headers.get('X-Seen-Counters')).toBe('3');
    expect(headers.get('Cache-Control')).toBe('no-store');
    const exposed = headers.get('Access-Control-Expose-Headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['X-Seen-Counters', 'Content-Disposition']));
  });

  test('of no counters is complete, too', async () => {
    const [, end] = linesIn((await setUp().ask(EXPORT, AUTH)).body);
    expect(end).toEqual({ seen: 'end', counters: 0 });
  });

  test('has every counter of many pages once, in order', async () => {
    const parts = setUp();
    await send(parts, listOf(1001));
    const counters = linesIn((await parts.ask(EXPORT, AUTH)).body).slice(1, -1);
    const names = counters.map(({ counter }) => String(counter));
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(names.length).toBe(1001);
  });

  test('is read no faster than the client reads, and the next may begin when a client has left', async () => {
    const parts = setUp();
    await send(parts, listOf(5000));
    let read = 0;
    const { archive } = parts.store;
    const readAll = archive.readAll.bind(archive);
    archive.readAll = async function* (after) {
      for await (const archived of readAll(after)) {
        read++;
        yield archived;
      }
    };
    const response = await begin(parts, EXPORT);
    await Bun.sleep(50);
    expect(read).toBeLessThan(5000);
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(429);
    await response.body?.cancel();
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(200);
  });

  test('is not begun by HEAD', async () => {
    const parts = await withCounters();
    const { status, headers, body } = await parts.ask(EXPORT, AUTH, 'HEAD');
    expect({ status, body }).toEqual({ status: 200, body: '' });
    expect(headers.get('Content-Type')).toBe('application/x-ndjson');
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(200);
  });
});

describe('an import over HTTP', () => {
  test('of an export makes the same counters in another Seen, plain and packed', async () => {
    const from = await withCounters();
    const { body: file } = await from.ask(EXPORT, AUTH);
    for (const bytes of [file, gzipSync(file)]) {
      const into = setUp();
      expect(gunzipSync(gzipSync(file)).toString()).toBe(file);
      const { status, last } = await send(into, bytes);
      expect({ status, last }).toEqual({
        status: 200,
        last: {
          done: true,
          read: Buffer.byteLength(bytes),
          counters: 3,
          imported: 3,
          skipped: 0,
          refused: 0,
          what: 'an export of Seen',
          dryRun: false,
          summary: expect.stringMatching(
            /^ +3 made +hits 1, my-site\/page 1, my-site\/private 41$/,
          ),
          notes: '',
          full: false,
        },
      });
      const again = linesIn((await into.ask(EXPORT, AUTH)).body);
      expect(again.slice(1)).toEqual(linesIn(file).slice(1));
    }
  });

  test('reads what seen import reads', async () => {
    const goatcounter =
      '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n' +
      '/about,,false,,,,1,0,,,,,true,2026-11-22T13:05:59Z\n';
    const csv = await exportText((await withCounters()).store.archive, 'csv');
    const badge =
      '<svg xmlns="http://www.w3.org/2000/svg"><title>hits: 1234</title><text>hits</text><text>1234</text></svg>';
    for (const [file, query, counter, total] of [
      ['my-site/page,7', '', 'my-site/page', 7],
      ['page,7', '?namespace=my-site', 'my-site/page', 7],
      [csv, '', 'my-site/private', 41],
      [goatcounter, '?namespace=my-site', 'my-site/about', 1],
      [badge, '?as=my-site/badge', 'my-site/badge', 1234],
      ['my-site/page,7', '?from=list', 'my-site/page', 7],
    ] as const) {
      const parts = setUp();
      const { last } = await send(parts, file, query);
      expect({ query, last }).toMatchObject({ query, last: { done: true } });
      expect(await totalsOf(parts)).toMatchObject({ [counter]: total });
    }
  });

  test('takes the kinds that seen import has', async () => {
    const { ask } = setUp();
    const { body } = await ask('/openapi.json');
    const { paths } = JSON.parse(body) as {
      paths: Record<
        string,
        { post: { parameters: { name: string; schema: { enum: string[] } }[] } }
      >;
    };
    const from = paths[IMPORT]?.post.parameters.find(({ name }) => name === 'from');
    expect(from?.schema.enum).toEqual(Object.keys(FILE_KINDS));
  });

  test('of the same file counts once, whatever it does with existing counters', async () => {
    const parts = setUp();
    await parts.ask('/hit/my-site/page');
    for (const [query, imported, skipped, total] of [
      ['', 0, 1, 1],
      ['?existing=add', 1, 0, 8],
      ['?existing=add', 0, 1, 8],
      ['?existing=replace', 0, 1, 8],
    ] as const) {
      const { last } = await send(parts, 'my-site/page,7', query);
      expect({ query, last }).toMatchObject({ query, last: { done: true, imported, skipped } });
      expect(await totalsOf(parts)).toEqual({ 'my-site/page': total });
    }
    const { last } = await send(parts, 'my-site/page,9', '?existing=replace');
    expect(last).toMatchObject({ done: true, imported: 1 });
    expect(await totalsOf(parts)).toEqual({ 'my-site/page': 9 });
  });

  test('as a dry run tells what it would do, and changes nothing', async () => {
    const parts = setUp({ countersMax: 2 });
    const { last } = await send(parts, listOf(3), '?dryRun=yes');
    expect(last).toMatchObject({ done: true, dryRun: true, imported: 3, full: true });
    expect(last['summary']).toMatch(/ 3 new /);
    expect(await totalsOf(parts)).toEqual({});
    const existing = await send(await withCounters(), 'my-site/page,7', '?dryRun=yes');
    expect(existing.last['summary']).toContain('use existing=add or replace to change them');
  });

  test('tells which counters were refused', async () => {
    const parts = setUp({ countersMax: 2 });
    const { last } = await send(parts, listOf(3));
    expect(last).toMatchObject({ done: true, imported: 2, refused: 1 });
    expect(last['summary']).toContain('raise SEEN_COUNTERS_MAX');
  });

  test('with a mistake in the file imports nothing, and names line and correction', async () => {
    const parts = setUp();
    const { status, last } = await send(parts, 'my-site/about,70\nmy-site,30\n');
    expect({ status, code: last['code'] }).toEqual({ status: 200, code: 'request-invalid' });
    expect(last['error']).toContain('line 2');
    expect(last['error']).toContain('Nothing was changed');
    const cut = (await (await withCounters()).ask(EXPORT, AUTH)).body.split('\n').slice(0, -2);
    expect((await send(parts, cut.join('\n'))).last['error']).toContain('cut off');
    expect(
      (await send(parts, 'my-site/a-b,1\nmy-site/c-d,1', '?as=my-site/one')).last['error'],
    ).toBe('as names one counter, but the file has 2. Nothing was changed.');
    expect(await totalsOf(parts)).toEqual({});
    expect(parts.failures).toEqual([]);
  });

  test('of a file that it cannot read says what can be imported, in words of the API', async () => {
    const parts = setUp();
    for (const [file, query, told] of [
      ['', '', 'The file is empty: there is nothing to import.'],
      ['%PDF-1.7', '', /is a PDF: .*These can be imported:\n.*for the counter as$/s],
      ['some words', '', /name its kind, as in from=list\.$/],
      [
        new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]),
        '',
        'packed with gzip, and damaged or cut off',
      ],
      [new Uint8Array([0x50, 0x4b, 3, 4, 1, 2, 3]), '', 'a damaged or incomplete zip file'],
    ] as const) {
      const { status, last } = await send(parts, file, query);
      expect({ status, code: last['code'] }).toEqual({ status: 400, code: 'request-invalid' });
      expect(last['detail']).toMatch(told);
      expect(last['detail']).not.toContain('--');
    }
    const named = await send(parts, '{"seen":"counters","version":1}', '?namespace=my-site');
    expect(named.last).toMatchObject({
      code: 'request-invalid',
      detail: 'namespace is for names that have none: leave it out for an export of Seen.',
    });
    const badge = '<svg xmlns="http://www.w3.org/2000/svg"><text>1234</text></svg>';
    expect((await send(parts, badge)).last['error']).toContain(
      'use as to give the counter that it belongs to, as in as=my-site/page.',
    );
    expect(parts.bugs).toEqual([]);
  });

  test('with an invalid parameter is refused before the file is read', async () => {
    const parts = setUp();
    for (const [query, told] of [
      ['?from=csv', 'query.from'],
      ['?existing=perhaps', 'query.existing'],
      ['?namespace=a', 'query.namespace: is not a namespace, such as my-site'],
      ['?as=page', 'query.as'],
      ['?dryRun=perhaps', 'query.dryRun'],
      ['?unknown=1', 'unknown'],
    ]) {
      const { status, last } = await send(parts, 'my-site/page,1', query);
      expect({ query, status }).toEqual({ query, status: 400 });
      expect(last['detail']).toContain(told);
    }
  });

  test('of a file that is too large is refused, and names the command', async () => {
    const parts = setUp();
    const named = { ...AUTH, 'Content-Length': `${64 * 1024 ** 2 + 1}` };
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024 ** 2;
        controller.enqueue(new Uint8Array(1024 ** 2).fill(35));
      },
    });
    for (const [headers, file] of [
      [named, 'x'],
      [AUTH, endless],
    ] as const) {
      const { status, last } = await send(parts, file, '', headers);
      expect({ status, code: last['code'] }).toEqual({ status: 413, code: 'body-too-large' });
      expect(last['detail']).toContain('seen import FILE');
    }
    expect(sent).toBeLessThan(80 * 1024 ** 2);
    expect((await send(parts, 'my-site/page,1')).status).toBe(200);
  });

  test('of more counters than a replica takes is refused, and imports none', async () => {
    const parts = setUp();
    const { last } = await send(parts, listOf(250_001));
    expect(last).toEqual({
      error: expect.stringContaining('more than 250,000 counters'),
      code: 'request-invalid',
    });
    expect(await totalsOf(parts)).toEqual({});
  });

  test('whose file does not arrive is given up, and the next may begin', async () => {
    const parts = setUp({ uploadTimes: { idleMs: 20, wholeMs: 60_000 } });
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('my-site/page,')),
    });
    expect(await send(parts, silent)).toMatchObject({
      status: 408,
      last: { code: 'body-incomplete' },
    });
    const slow = setUp({ uploadTimes: { idleMs: 60_000, wholeMs: 20 } });
    const drip = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await Bun.sleep(5);
        controller.enqueue(new TextEncoder().encode('#'));
      },
    });
    expect((await send(slow, drip)).status).toBe(408);
    expect((await send(parts, 'my-site/page,1')).status).toBe(200);
  });
});

describe('a replica', () => {
  test('works on one export or import at a time, and says when to try again', async () => {
    const parts = await withCounters();
    const first = await begin(parts, IMPORT, listOf(500));
    for (const [path, method, body] of [
      [EXPORT, 'GET', undefined],
      [IMPORT, 'POST', 'my-site/page,1'],
    ] as const) {
      const { status, headers, body: text } = await parts.ask(path, AUTH, method, body);
      expect({ status, text }).toEqual({
        status: 429,
        text: expect.stringContaining('"code":"transfer-busy"'),
      });
      expect(headers.get('Retry-After')).toBe('5');
    }
    expect(linesIn(await first.text()).at(-1)).toMatchObject({ done: true, imported: 500 });
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(200);
  });

  test('tells the progress of an import while it works', async () => {
    const parts = setUp();
    const lines = linesIn(await (await begin(parts, IMPORT, listOf(30_000))).text());
    const told = lines.slice(0, -1);
    expect(told.length).toBeGreaterThan(0);
    for (const line of told) {
      expect(Object.keys(line)).toEqual(['read', 'counters', 'imported', 'skipped']);
    }
    const imported = told.map((line) => Number(line['imported']));
    expect(imported).toEqual(imported.toSorted((a, b) => a - b));
    expect(lines.at(-1)).toMatchObject({ done: true, counters: 30_000, imported: 30_000 });
  });

  test('that stops ends an import with a line that says how to go on, and begins no other', async () => {
    const parts = setUp();
    const response = await begin(parts, IMPORT, listOf(100_000));
    const reading = response.text();
    await Bun.sleep(20);
    parts.transfers.end();
    expect(linesIn(await reading).at(-1)).toEqual({
      error: expect.stringContaining('the same file counts nothing twice'),
      code: 'draining',
    });
    expect(Object.keys(await totalsOf(parts)).length).toBeLessThan(100_000);
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(503);
  });

  test('stops an import whose client has left', async () => {
    const parts = setUp();
    const response = await begin(parts, IMPORT, listOf(100_000));
    await response.body?.cancel();
    expect((await parts.ask(EXPORT, AUTH)).status).toBe(200);
    expect(Object.keys(await totalsOf(parts)).length).toBeLessThan(100_000);
  });
});
