/** The data that a version of Seen writes for the tests of upgrades, and how it is looked at. */
import { INSTALLATION } from '../../support/manage.ts';
import type { Program } from '../../support/program.ts';

/** What `fill` has done, as far as the data alone does not tell it. */
export interface Filled {
  /** The tokens of owners, by counter. */
  readonly tokens: Readonly<Record<string, string>>;
  /** The day of its visits, in UTC: `2026-11-30`. */
  readonly day: string;
  /** What `look` returned. */
  readonly seen: Seen;
}

/** What the API says about counters. */
export interface Seen {
  /** All of them. */
  readonly names: readonly string[];
  /** Each counter as its owner sees it, and its visits and visitors of the day, by name. */
  readonly counters: Readonly<Record<string, unknown>>;
}

/** A list to import: another import of the same list changes nothing. */
export const LIST = 'old-site/front,4100\nold-site/about,77\n';

const CURL = 'curl/7.88.1';
const AGENTS: readonly string[] = [
  CURL,
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'github-camo (abc123)',
];
const PAGE = 'my-site/page';
const PRIVATE = 'my-site/private';
const GONE = 'my-site/gone';
const COUNTERS = [PAGE, PRIVATE, 'my-site/window', 'old-site/front', 'old-site/about'];

/** Counts, creates, changes, imports and deletes, on a program with the token `INSTALLATION`. */
export async function fill(program: Program): Promise<Filled> {
  for (let n = 0; n < 5; n++) await program.visit('/');
  for (const agent of AGENTS)
    for (let n = 0; n < 2; n++) await program.get(`/hit/${PAGE}`, { 'User-Agent': agent });
  const label = { title: 'My site', link: 'https://my-site.example/' };
  const tokens = {
    [PRIVATE]: await create(program, { name: PRIVATE, value: 1000, private: true, ...label }),
    'my-site/window': await create(program, { name: 'my-site/window', window: 3600 }),
    [GONE]: await create(program, { name: GONE, value: 9 }),
  };
  for (const counter of [PRIVATE, 'my-site/window'])
    for (let n = 0; n < 3; n++) await program.get(`/hit/${counter}`, { 'User-Agent': CURL });
  await call(program, 'PATCH', '/api/v1/counters/my-site/window', '{"value":500}');
  await call(program, 'DELETE', `/api/v1/counters/${GONE}`);
  await call(program, 'POST', '/api/v1/import', LIST);
  const day = new Date().toISOString().slice(0, 10);
  return { tokens, day, seen: await look(program, day) };
}

/** Reads all counters, and their visits and visitors of one day. */
export async function look(program: Program, day: string): Promise<Seen> {
  const read = async (path: string) => JSON.parse(await call(program, 'GET', path)) as object;
  const list = (await read('/api/v1/counters')) as { counters: readonly { name: string }[] };
  const names = list.counters.map(({ name }) => name);
  const counters: Record<string, unknown> = {};
  for (const name of ['hits', ...COUNTERS]) {
    const path = name === 'hits' ? '/api/v1/default' : `/api/v1/counters/${name}`;
    const history = await read(`${path}/history?by=day&from=${day}&to=${day}`);
    counters[name] = { ...(await read(path)), ...history };
  }
  return { names, counters };
}

/** Calls the API with the installation's token; fails unless the status is a success. */
export async function call(
  program: Program,
  method: string,
  path: string,
  body?: string,
): Promise<string> {
  const type = body?.startsWith('{') ? 'application/json' : 'application/octet-stream';
  const headers = {
    Authorization: `Bearer ${INSTALLATION}`,
    ...(body !== undefined && { 'Content-Type': type }),
  };
  const response = await fetch(`${program.url}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

async function create(program: Program, draft: object): Promise<string> {
  const made = await call(program, 'POST', '/api/v1/counters', JSON.stringify(draft));
  return (JSON.parse(made) as { token: string }).token;
}
