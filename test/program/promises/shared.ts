/** What the tests of the promises share: a program on each store, and what visits have shown. */
import { type Evidence, findings, load, loadEach } from '../../support/load.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { Program } from '../../support/program.ts';
import { Proxy } from '../../support/proxy.ts';
import { RedisServer } from '../../support/redis-server.ts';
import type { DatabaseServer } from '../../support/stores/database.ts';

const cleanups: AsyncDisposable[] = [];

/** Ends what the test has started. To be called after each test. */
export async function cleanUp(): Promise<void> {
  for (const thing of cleanups.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
}

/** Notes down that the thing ends with the test, and returns it. */
export function mine<T extends AsyncDisposable>(thing: T): T {
  cleanups.push(thing);
  return thing;
}

/** The program on a store. With a server there is a proxy between them. */
export interface OnStore {
  readonly program: Program;
  readonly proxy?: Proxy;
  readonly redis?: RedisServer;
}

/** The program on a store that is a server. */
export interface OnServer extends OnStore {
  readonly proxy: Proxy;
  readonly server: DatabaseServer;
  /** The store as a program reaches it that goes around the proxy. */
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

/**
 * What is wrong with the numbers of each counter, from its first visit on; empty when nothing is.
 */
export async function findingsOf(
  program: Program,
  evidence: readonly Evidence[],
): Promise<string[]> {
  const found = await Promise.all(
    PATHS.map(async (path, at) => findings(evidence[at]!, 0, await totalOf(program, path))),
  );
  return found.flat();
}

/**
 * Loads each counter of the program while `mistreat` does its work; answers the evidence of each.
 */
export async function underLoad(
  { url }: Program,
  mistreat: () => Promise<void>,
): Promise<Evidence[]> {
  let going = true;
  const more = () => going;
  const keepAlive = loadEach({ url, clients: 32, keepAlive: true, more, pauseMs: 1 }, PATHS);
  const fresh = loadEach({ url, clients: 8, keepAlive: false, more, pauseMs: 5 }, PATHS);
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
  load({ url, clients: 48, keepAlive: true, comesBack: false, more: () => true, pauseMs: 2 });

/** How many visits of all counters there were of a kind. */
export const sumOf = (evidence: readonly Evidence[], count: (one: Evidence) => number) =>
  evidence.reduce((sum, one) => sum + count(one), 0);
export const numbersOf = (evidence: readonly Evidence[]) =>
  sumOf(evidence, ({ numbers }) => numbers.length);
export const failuresOf = (evidence: readonly Evidence[]) => ({
  refused: evidence.flatMap(({ refused }) => [...refused]),
  failed: evidence.flatMap(({ failed }) => [...failed]),
});
export const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
export const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
