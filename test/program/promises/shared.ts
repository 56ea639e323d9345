/** Helpers of the tests of the promises: a program on each store, and the results of visits. */
import { afterAll, beforeAll, beforeEach } from 'bun:test';
import { until } from '../../support/folder.ts';
import { type Evidence, findings, load, loadEach } from '../../support/load.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { Program } from '../../support/program.ts';
import { Proxy } from '../../support/proxy.ts';
import { RedisServer } from '../../support/redis-server.ts';
import type { DatabaseServer } from '../../support/stores/database.ts';

/** The replicas of a program without settings. */
const REPLICAS = 3;

const cleanups: AsyncDisposable[] = [];

/** Ends what was started. To be called after each test, where tests share nothing. */
export async function cleanUp(): Promise<void> {
  for (const thing of cleanups.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
}

/** Notes down that the thing ends with `cleanUp`, and returns it. */
export function mine<T extends AsyncDisposable>(thing: T): T {
  cleanups.push(thing);
  return thing;
}

/**
 * Starts the program on a store before the tests of a `describe`, which all have it, and ends it
 * after them. Each test begins when all its replicas listen. Returns a function for the tests.
 */
export function sharedBy<T extends OnStore>(start: () => Promise<T>): () => T {
  let on: T | undefined;
  beforeAll(async () => {
    on = await start();
  });
  beforeEach(() =>
    until('all replicas to listen', async () => on && (await listening(on.program)) === REPLICAS),
  );
  afterAll(cleanUp);
  return () => {
    if (on === undefined) throw new Error('the program has not started');
    return on;
  };
}

/** The program on a store. With a server there is a proxy between them. */
export interface OnStore {
  readonly program: Program;
  readonly proxy?: Proxy;
  readonly redis?: RedisServer;
}

/** The program on a database server. */
export interface OnServer extends OnStore {
  readonly proxy: Proxy;
  readonly server: DatabaseServer;
  /** The URL of the store without the proxy. */
  readonly url: string;
}

export async function onRedis(env: Record<string, string> = {}) {
  const redis = mine(await RedisServer.start());
  return { redis, ...(await behindProxy(redis, env)) };
}

export async function onPostgres(env: Record<string, string> = {}) {
  const postgres = mine(await PostgresServer.start());
  return { postgres, ...(await behindProxy(postgres, env)) };
}

async function behindProxy<Server extends DatabaseServer & { readonly url: string }>(
  server: Server,
  env: Record<string, string>,
) {
  const proxy = mine(await Proxy.start(server.port));
  const SEEN_STORE_URL = proxy.lead(server.url);
  const program = mine(await Program.start({ SEEN_STORE_URL, ...env }));
  return { server, url: server.url, proxy, program };
}

export async function onSqlite(env: Record<string, string> = {}) {
  return { program: mine(await Program.start(env)) };
}

/**
 * What is promised holds for the default counter and for a named one: they are visited in turns,
 * and each is judged.
 */
export const PATHS = ['/', '/hit/some/page'] as const;

/** The total, without counting: one visit is made and taken off. */
export async function totalOf(program: Program, path = '/'): Promise<number> {
  return (await program.visit(path)) - 1;
}

/** The totals of all counters, from which on a test counts: one more visit of each is made. */
export async function totalsNow(program: Program): Promise<readonly number[]> {
  return Promise.all(PATHS.map((path) => program.visit(path)));
}

/**
 * What is wrong with the numbers of each counter since it had the total `before`; empty when
 * nothing is.
 */
export async function findingsOf(
  program: Program,
  evidence: readonly Evidence[],
  before: readonly number[] = [0, 0],
): Promise<string[]> {
  const found = await Promise.all(
    PATHS.map(async (path, at) =>
      findings(evidence[at]!, before[at] ?? 0, await totalOf(program, path)),
    ),
  );
  return found.flat();
}

/**
 * Loads each counter of the program while `mistreat` does its work; answers the evidence of each.
 * Some 700 visits a second: enough for each fault to meet some in progress.
 */
export async function underLoad(
  { url }: Program,
  mistreat: () => Promise<void>,
): Promise<Evidence[]> {
  let going = true;
  const more = () => going;
  const keepAlive = loadEach({ url, clients: 32, keepAlive: true, more, pauseMs: 50 }, PATHS);
  const fresh = loadEach({ url, clients: 8, keepAlive: false, more, pauseMs: 100 }, PATHS);
  await Bun.sleep(300);
  await mistreat();
  going = false;
  const [one, two] = await Promise.all([keepAlive, fresh]);
  const merge = <K>(a: Map<K, number>, b: Map<K, number>) =>
    new Map([...a, ...[...b].map(([key, count]) => [key, count + (a.get(key) ?? 0)] as const)]);
  return PATHS.map((_, at) => ({
    numbers: [...one[at]!.numbers, ...two[at]!.numbers],
    refused: merge(one[at]!.refused, two[at]!.refused),
    failed: merge(one[at]!.failed, two[at]!.failed),
  }));
}

/** How many processes listen on the program's port: a replacement is one when it does. */
export async function listening(program: Program): Promise<number> {
  const { port } = new URL(program.url);
  return (await Bun.$`ss -Hltn ${`sport = :${port}`}`.text()).split('\n').filter(Boolean).length;
}

/** Visits by clients that go elsewhere when they are told to, as a load balancer has them do. */
export const loadThatLeaves = ({ url }: Program) =>
  load({ url, clients: 48, keepAlive: true, comesBack: false, more: () => true, pauseMs: 20 });

/** How many visits of all counters there were of a kind. */
export const sumOf = (evidence: readonly Evidence[], count: (one: Evidence) => number) =>
  evidence.reduce((sum, one) => sum + count(one), 0);
export const numbersOf = (evidence: readonly Evidence[]) =>
  sumOf(evidence, ({ numbers }) => numbers.length);
export const failuresOf = (evidence: readonly Evidence[]) => ({
  refused: evidence.flatMap(({ refused }) => [...refused]),
  failed: evidence.flatMap(({ failed }) => [...failed]),
});
/** The next `count` numbers after `before`. */
export const numbersAfter = (before: number, count: number) =>
  Array.from({ length: count }, (_, index) => before + index + 1);
export const oneTo = (last: number) => numbersAfter(0, last);
export const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
