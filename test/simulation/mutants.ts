/**
 * `npx bun test/simulation/mutants.ts [WORD]`: runs histories on each mutant of `mutant-list.ts`,
 * or on those with the word in their description or file, until one fails. Prints for each the
 * seed that failed and why, then how many survived; the exit status is 1 when one did.
 *
 * Mutants are made in copies of the tree, in temporary folders. Each runs in a separate process,
 * because some never end.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folder.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { ROOT } from '../support/program.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { MUTANTS, type Mutant, type Where } from './mutant-list.ts';
import { startPostgresServer } from './postgres-database.ts';
import { startRedisServer } from './redis-database.ts';

/**
 * So many histories are run before a mutant counts as alive. Far more than any of the list needs.
 */
const SEEDS: Readonly<Record<Where, number>> = {
  none: 3000,
  redis: 3000,
  sqlite: 1500,
  postgres: 500,
};
/**
 * These seeds run first, and each mutant of the list is found by one of them. When another seed
 * finds a mutant, add that seed here.
 */
const BEFORE: Readonly<Record<Where, readonly number[]>> = {
  none: [8, 7, 192, 51, 10, 2, 4, 1, 23, 3],
  redis: [127, 1401, 448, 59, 19, 23, 13, 2137],
  sqlite: [35, 239, 150, 73, 30, 23, 163, 6],
  postgres: [35, 59, 23, 15, 13, 4],
};
/**
 * All histories of a mutant that lives take less on two busy cores. A history that does not end is
 * found by its events.
 */
const ENDS_WITHIN_MS = 600_000;

interface Verdict {
  readonly mutant: Mutant;
  /** How it was found out; `undefined` when it lives. */
  readonly found: string | undefined;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What the mutant makes of its file. Fails where its text does not stand there exactly once. */
export function mutated({ what, file, old, changed }: Mutant): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const parts = text.split(old);
  if (parts.length !== 2 || old === changed) {
    throw new Error(
      `The mutant "${what}" does not fit ${file}: its text stands there ${parts.length - 1} times.`,
    );
  }
  return parts.join(changed);
}

/** A copy of what the simulation needs, for one mutant after the other. */
function copyTree(folder: string): void {
  for (const path of [
    'src',
    'test/simulation',
    'test/support',
    'test/faults',
    'test/stack/support',
  ]) {
    mkdirSync(join(folder, path), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  for (const path of ['package.json', 'tsconfig.json'])
    cpSync(join(ROOT, path), join(folder, path));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/** The servers of the mutants that run one after the other, started when one needs them. */
class Servers implements AsyncDisposable {
  #redis: Promise<RedisServer> | undefined;
  #postgres: Promise<PostgresServer> | undefined;

  /** The arguments of a run that name an empty database; none where it needs no server. */
  async databaseFor(where: Where): Promise<string[]> {
    if (where === 'redis') {
      const redis = await (this.#redis ??= startRedisServer());
      await redis.cli('FLUSHALL');
      return ['--url', redis.url];
    }
    if (where !== 'postgres') return [];
    const postgres = await (this.#postgres ??= startPostgresServer());
    return ['--url', await postgres.newDatabase()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of await Promise.allSettled([this.#redis, this.#postgres]))
      if (server.status === 'fulfilled') await server.value?.[Symbol.asyncDispose]();
  }
}

async function judge(mutant: Mutant, folder: string, servers: Servers): Promise<Verdict> {
  const path = join(folder, mutant.file);
  const original = readFileSync(path);
  writeFileSync(path, mutated(mutant));
  const args = [
    'test/simulation/run.ts',
    '--store',
    mutant.where,
    '--seeds',
    `${SEEDS[mutant.where]}`,
    '--before',
    BEFORE[mutant.where].join(','),
    ...(await servers.databaseFor(mutant.where)),
  ];
  const { SEEN_SIMULATION_SEED: _, ...env } = process.env;
  const run = Bun.spawn([process.execPath, ...args], {
    cwd: folder,
    env,
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: ENDS_WITHIN_MS,
  });
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  await run.exited;
  writeFileSync(path, original);
  const seed = /^Seed (\d+) fails/m.exec(out)?.[1];
  if (seed) {
    const why = /^\w*(?:Violation|Error): (.*)$/m.exec(out)?.[1] ?? 'an error';
    return { mutant, found: `seed ${seed}: ${why.slice(0, 150)}` };
  }
  if (run.signalCode !== null)
    throw new Error(`The mutant "${mutant.what}" takes longer than ${ENDS_WITHIN_MS} ms.`);
  if (run.exitCode !== 0)
    throw new Error(`The mutant "${mutant.what}" cannot be run:\n${out}${error}`);
  return { mutant, found: undefined };
}

/** Judges all, some at once, and says each verdict as it comes. */
export async function judgeAll(mutants: readonly Mutant[]): Promise<Verdict[]> {
  // Before anything is run: the list must fit the code.
  for (const mutant of mutants) mutated(mutant);
  const queue = [...mutants];
  const verdicts: Verdict[] = [];
  const work = async () => {
    using folder = temporaryFolder();
    await using servers = new Servers();
    copyTree(folder.path);
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const verdict = await judge(mutant, folder.path, servers);
      verdicts.push(verdict);
      say(
        `${verdict.found ? 'found ' : 'LIVES '} ${mutant.file}: ${mutant.what} · ${verdict.found ?? ''}`,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  return verdicts;
}

if (import.meta.main) {
  const word = process.argv[2] ?? '';
  const chosen = MUTANTS.filter(({ what, file }) => `${file} ${what}`.includes(word));
  const lives = (await judgeAll(chosen)).filter(({ found }) => found === undefined);
  say(`${chosen.length - lives.length} of ${chosen.length} mutants found, ${lives.length} live`);
  process.exitCode = lives.length === 0 ? 0 : 1;
}
