/** Exports and imports over HTTP with the started program, on every store. */
import { expect, test } from 'bun:test';
import { temporaryFolder } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';
import type { Database } from '../support/stores/database.ts';
import { forEachStore } from '../support/stores/stores.ts';

const TOKEN = 'the-installation-s-own-token';
const AUTH = { Authorization: `Bearer ${TOKEN}` };
const MANY = 20_000;
const listOf = (count: number) =>
  Array.from({ length: count }, (_, index) => `many/page-${index},${index + 1}`);
const list = listOf(MANY);
type Line = Readonly<Record<string, unknown>>;

const linesIn = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** A program on that store, with one replica: then the same replica gets every request. */
function start({ url }: Database, more: Record<string, string> = {}): Promise<Program> {
  return Program.start({
    SEEN_STORE_URL: url,
    SEEN_TOKEN: TOKEN,
    SEEN_REPLICAS: '1',
    ...more,
  });
}

async function exportOf(program: Program): Promise<string> {
  const response = await fetch(`${program.url}/api/v1/export`, { headers: AUTH });
  expect(response.status).toBe(200);
  return await response.text();
}

function send(program: Program, body: string, query = ''): Promise<Response> {
  return fetch(`${program.url}/api/v1/import${query}`, { method: 'POST', headers: AUTH, body });
}

async function imported(program: Program, body: string, query = ''): Promise<Line> {
  const response = await send(program, body, query);
  return linesIn(await response.text()).at(-1) ?? {};
}

/** Prints with `seen export`, as a user does. */
async function exportByCommand(url: string): Promise<string> {
  using folder = temporaryFolder();
  const run = Bun.spawn([process.execPath, MAIN, 'export'], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.path, SEEN_STORE_URL: url },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return await new Response(run.stdout).text();
}

/** The lines of the counters: without header and end. */
const countersIn = (text: string): Line[] => linesIn(text).filter((line) => 'counter' in line);

forEachStore((newDatabase, store) => {
  test('an export over HTTP equals seen export, and makes the same counters in another Seen', async () => {
    await using database = await newDatabase();
    await using other = await newDatabase();
    await using program = await start(database);
    for (let visit = 0; visit < 3; visit++) await program.visit();
    await program.visit('/hit/my-site/page');
    await fetch(`${program.url}/api/v1/counters`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"name":"my-site/private","value":41,"private":true,"window":60}',
    });
    const file = await exportOf(program);
    const counters = countersIn(file);
    expect(counters.map(({ counter, total }) => [counter, total])).toEqual([
      ['hits', 3],
      ['my-site/page', 1],
      ['my-site/private', 41],
    ]);
    const byCommand = await exportByCommand(database.url);
    expect(countersIn(byCommand)).toEqual(counters);
    expect(linesIn(file).at(-1)).toEqual({ seen: 'end', counters: 3 });

    await using into = await start(other);
    expect(await imported(into, file)).toMatchObject({ done: true, imported: 3, refused: 0 });
    expect(countersIn(await exportOf(into))).toEqual(counters);
    // The command's file has the same counters, but is another source.
    expect(await imported(into, file)).toMatchObject({ done: true, imported: 0, skipped: 3 });
    expect(await imported(into, byCommand)).toMatchObject({ done: true, skipped: 3 });
    expect(program.out + into.out).not.toContain('a bug');
  });

  test('visits count while everything is imported and exported, and a client may leave', async () => {
    await using database = await newDatabase();
    await using program = await start(database);
    let visits = 0;
    const end = new AbortController();
    const visiting = (async () => {
      while (!end.signal.aborted) {
        expect(await program.visit()).toBe(++visits);
      }
    })();
    expect(await imported(program, list.join('\n'))).toMatchObject({ imported: MANY });
    const response = await fetch(`${program.url}/api/v1/export`, { headers: AUTH });
    expect(Number(response.headers.get('X-Seen-Counters'))).toBe(MANY + 1);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    let status = 429;
    let text = '';
    while (status === 429) {
      const next = await fetch(`${program.url}/api/v1/export`, { headers: AUTH });
      ({ status } = next);
      text = await next.text();
    }
    end.abort();
    await visiting;
    const counters = countersIn(text);
    expect(counters).toHaveLength(MANY + 1);
    expect(linesIn(text).at(-1)).toEqual({ seen: 'end', counters: MANY + 1 });
    expect(new Set(counters.map(({ counter }) => counter)).size).toBe(MANY + 1);
    expect(program.out).not.toContain('a bug');
  });

  test('a stop ends an import, and the same file then continues and counts nothing twice', async () => {
    // So many that a replica on a fast machine still imports them when it is told to stop.
    const many = store === 'SQLite' ? 4 * MANY : MANY;
    const more = listOf(many);
    await using database = await newDatabase();
    await using program = await start(database);
    expect(await imported(program, `${more[0]}\nmany/page-9999,5`)).toMatchObject({ imported: 2 });
    const response = await send(program, more.join('\n'), '?existing=add');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let stopped: Promise<number> | undefined;
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) break;
      text += value;
      // It has begun to import, and will take a while yet.
      if (stopped === undefined && /"imported":[1-9]/.test(text)) stopped = program.stop();
    }
    expect(stopped).toBeDefined();
    expect(await stopped).toBe(0);
    const last = linesIn(text).at(-1) ?? {};
    expect(last).toMatchObject({ code: 'draining' });
    expect(program.out).not.toContain('a bug');

    await program.start();
    const again = await imported(program, more.join('\n'), '?existing=add');
    expect(again).toMatchObject({ done: true, counters: many, refused: 0 });
    expect(Number(again['skipped'])).toBeGreaterThan(0);
    const totals = new Map(
      countersIn(await exportOf(program)).map(({ counter, total }) => [counter, total]),
    );
    expect(totals.size).toBe(many);
    expect(totals.get('many/page-0')).toBe(2);
    expect(totals.get('many/page-9999')).toBe(10_005);
    expect(totals.get('many/page-19999')).toBe(20_000);
  });

  if (store !== 'SQLite') {
    test('an import waits for a server that is away for a while', async () => {
      await using database = await newDatabase();
      await using program = await start(database);
      const response = await send(program, list.join('\n'));
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      let away = false;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        if (away || !/"imported":[1-9]/.test(text)) continue;
        away = true;
        database.server?.pause();
        setTimeout(() => database.server?.resume(), 3000);
      }
      expect(away).toBe(true);
      const last = linesIn(text).at(-1) ?? {};
      expect(last).toMatchObject({ done: true, refused: 0 });
      // Counters whose reply was lost were imported, and are found so.
      expect(Number(last['imported']) + Number(last['skipped'])).toBe(MANY);
      expect(countersIn(await exportOf(program))).toHaveLength(MANY);
    });
  }
});

test('with three replicas, each works on an export of its own', async () => {
  await using program = await Program.start({ SEEN_TOKEN: TOKEN });
  await program.visit();
  const replicas = new Set<string>();
  while (replicas.size < 3) {
    const response = await fetch(`${program.url}/api/v1/export`, {
      headers: { ...AUTH, Connection: 'close' },
      keepalive: false,
    });
    expect(response.status).toBe(200);
    expect(countersIn(await response.text())).toHaveLength(1);
    replicas.add(response.headers.get('X-Served-By') ?? '');
  }
});

test('the token of an export is in no log', async () => {
  await using program = await Program.start({ SEEN_TOKEN: TOKEN, SEEN_LOG_LEVEL: 'debug' });
  await exportOf(program);
  await imported(program, 'my-site/page,1');
  await program.settled();
  expect(program.out + program.err).not.toContain(TOKEN);
});
