/** Helpers of the tests of the promises: a program on each store, and the results of visits. */
import { afterAll, beforeAll, beforeEach } from 'bun:test';
import { until } from '../../support/folder.ts';
import { type Evidence, findings, type LoadOptions, load, loadEach } from '../../support/load.ts';
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
 * Starts the program before the tests of a `describe`, and ends it after them. Before each test,
 * waits until all its replicas listen. Returns a function that gives it to the tests.
 */
export function sharedBy<T extends OnStore>(start: () => Promise<T>): () => T {
  let on: T | undefined;
  const shared = () => {
    if (on === undefined) throw new Error('the program has not started');
    return on;
  };
  beforeAll(async () => {
    on = await start();
  });
  beforeEach(async () => {
    const { program } = shared();
    // A test that failed may have left it stopped.
    const { exitCode, signalCode } = program.process;
    if (exitCode !== null || signalCode !== null) await program.start();
    await until('all replicas to listen', async () => (await listening(program)) === REPLICAS);
  });
  afterAll(cleanUp);
  return shared;
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

/** Visits each counter once and returns the totals, from which a test counts on. */
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
 * Loads the paths until `action` has ended; answers the evidence of each. The load also ends when
 * `action` fails, because the next test has the same program.
 */
export async function loadDuring(
  options: Omit<LoadOptions, 'path' | 'more'>,
  paths: readonly string[],
  action: () => Promise<unknown>,
): Promise<Evidence[]> {
  let going = true;
  const visits = loadEach({ ...options, more: () => going }, paths);
  try {
    await action();
  } finally {
    going = false;
    await visits;
  }
  return visits;
}

/**
 * Loads each counter of the program while `mistreat` does its work; answers the evidence of each.
 * Some 700 visits a second: enough for each fault to meet some in progress.
 */
export async function underLoad(
  { url }: Program,
  mistreat: () => Promise<void>,
): Promise<Evidence[]> {
  let fresh: Evidence[] = [];
  const kept = await loadDuring(
    { url, clients: 32, keepAlive: true, pauseMs: 50 },
    PATHS,
    async () => {
      fresh = await loadDuring(
        { url, clients: 8, keepAlive: false, pauseMs: 100 },
        PATHS,
        async () => {
          await Bun.sleep(300);
          await mistreat();
        },
      );
    },
  );
  const merge = <K>(a: Map<K, number>, b: Map<K, number>) =>
    new Map([...a, ...[...b].map(([key, count]) => [key, count + (a.get(key) ?? 0)] as const)]);
  return PATHS.map((_, at) => ({
    numbers: [...kept[at]!.numbers, ...fresh[at]!.numbers],
    refused: merge(kept[at]!.refused, fresh[at]!.refused),
    failed: merge(kept[at]!.failed, fresh[at]!.failed),
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
/** The `count` numbers that follow `before`. */
export const numbersAfter = (before: number, count: number) =>
  Array.from({ length: count }, (_, index) => before + index + 1);
export const oneTo = (last: number) => numbersAfter(0, last);
export const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
