/**
 * `npm run test:faults [-- --for 10m --seed S --store redis --only WORD --long]`: a campaign of
 * faults, in random order, against real processes that `seen verify` visits all the time, with and
 * without keys. Every minute it injects a fault that lasts longer than the deadlines, one after
 * another. `--only` selects the faults whose names contain the word, `--long` only those that last
 * longer.
 *
 * Prints each fault, and at the end the number of faults, the number of counted visits, and the
 * verdict. As root on Linux it uses its own mount namespaces so that it can fill disks; elsewhere
 * it omits these faults and says so.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Finding } from '../../src/verify/finding.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type Program, ROOT } from '../support/program.ts';
import { CAMPAIGNS, type Campaign, INSIDE, type Store } from './campaigns.ts';
import type { Fault } from './fault.ts';
import { Random } from './random.ts';

/** How often there is a fault that lasts longer than the deadlines. */
const LONG_EVERY_MS = 60_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Who visits: clients that try nothing twice, of whose requests some may fail, and clients that
 * repeat a visit under its key until it is answered, of which none may.
 */
const VISITORS = {
  once: '--counter faults/once --clients 12 --rate 200 --for 24h --may-fail',
  retry: '--counter faults/retry --clients 8 --rate 100 --for 24h --retry',
} as const;
interface Verdict {
  readonly said: string;
  /**
   * Whether every promise held: each was tested, and only requests that are not repeated may have
   * failed.
   */
  readonly held: boolean;
}

/**
 * Has `seen verify` visit, until what it answers with is called, which resolves with the verdict.
 */
function verify(program: Program, flags: string, file: string): () => Promise<Verdict> {
  const running = Bun.spawn(
    [
      process.execPath,
      join(ROOT, 'src/main.ts'),
      'verify',
      program.url,
      ...flags.split(' '),
      '--json',
      file,
    ],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
  );
  const said = new Response(running.stdout).text();
  return async () => {
    running.kill('SIGINT');
    const status = await running.exited;
    if (status > 1) return { said: await said, held: false };
    const { findings } = (await Bun.file(file).json()) as { findings: readonly Finding[] };
    const mayFail = (check: Finding['check']) =>
      check === 'answered' && flags.includes('--may-fail');
    return {
      said: lastOf(await said),
      held:
        status === 0 &&
        findings.every(({ check, status: found }) => found === 'held' || mayFail(check)),
    };
  };
}

/** The verdict, without the lines that came while the run went on. */
function lastOf(said: string): string {
  return said.slice(Math.max(0, said.lastIndexOf('\nhttp') + 1));
}

/** Of which faults a campaign consists. */
interface Choice {
  /** What stands in their names. */
  readonly only: string;
  /** Whether all of them last longer than the deadlines. */
  readonly long: boolean;
}

/**
 * Chooses one fault after the other: of the short ones by chance, and every minute a long one, in
 * turn.
 */
function* chosen(
  { faults, longFaults }: Campaign,
  { only, long: longOnly }: Choice,
  random: Random,
  elapsedMs: () => number,
): Generator<Fault> {
  const named = ({ name }: Fault) => name.includes(only);
  const [short, long] = [longOnly ? [] : faults.filter(named), longFaults.filter(named)];
  for (let longOnes = 0; short.length + long.length > 0; ) {
    const next =
      short.length === 0 || elapsedMs() > (longOnes + 0.5) * LONG_EVERY_MS
        ? long[longOnes++ % long.length]
        : undefined;
    const fault = next ?? random.one(short);
    if (!fault) return;
    yield fault;
  }
}

/** One campaign on one store; answers whether nothing is broken that may not be. */
async function campaign(
  store: Store,
  forMs: number,
  seed: number,
  choice: Choice,
): Promise<boolean> {
  using folder = temporaryFolder();
  const random = new Random(seed);
  const subject = await CAMPAIGNS[store](folder.path);
  const { program, end } = subject;
  const verifiers = Object.entries(VISITORS).map(([name, flags]) =>
    verify(program, flags, join(folder.path, `${name}.json`)),
  );
  await Bun.sleep(3000);
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const counts = new Map<string, number>();
  for (const fault of chosen(subject, choice, random, elapsedMs)) {
    if (elapsedMs() >= forMs) break;
    const at = (elapsedMs() / 1000).toFixed(1).padStart(7);
    const how = await fault.inject(random);
    say(`${at} s  ${fault.name}${how === undefined ? '' : ` (${how})`}`);
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    await Bun.sleep(random.between(0, 1500));
  }
  if (counts.size === 0) throw new Error(`No fault on ${store} is named so.`);
  // What was pending may still be counted: the bounds are taken when it has been.
  await Bun.sleep(8000);
  const verdicts = await Promise.all(verifiers.map((stop) => stop()));
  await end();
  // Lazily: a process that just ended may hold it for another moment.
  await Bun.$`umount -ql ${join(folder.path, 'disk')}`.quiet().nothrow();
  for (const [name, count] of counts) say(`${String(count).padStart(5)}  ${name}`);
  say(
    `${[...counts.values()].reduce((sum, count) => sum + count, 0)} faults on ${store}, seed ${seed}:`,
  );
  for (const { said } of verdicts) say(said);
  return verdicts.every(({ held }) => held);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      for: { type: 'string', default: '60s' },
      seed: { type: 'string' },
      store: { type: 'string' },
      only: { type: 'string', default: '' },
      long: { type: 'boolean', default: false },
    },
  });
  const [, digits, unit] = /^(\d+)(s|m|h)$/.exec(values.for) ?? [];
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  const stores = (Object.keys(CAMPAIGNS) as Store[]).filter(
    (store) => values.store === undefined || values.store === store,
  );
  if (digits === undefined || !Number.isSafeInteger(seed) || stores.length === 0) {
    process.stderr.write(
      'Usage: npm run test:faults -- [--for 60s] [--seed 7] [--store redis|sqlite|postgres] [--only WORD] [--long]\n',
    );
    return 2;
  }
  if (process.env[INSIDE] !== 'yes') say('Without root on Linux no disk is filled.');
  const forMs = Number(digits) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  let fine = true;
  for (const store of stores) {
    say(`\n${store}, seed ${seed} (--seed ${seed} repeats the choices)`);
    fine = (await campaign(store, forMs, seed, values)) && fine;
  }
  say(fine ? 'No promise was broken.' : 'BROKEN: see above.');
  return fine ? 0 : 1;
}

/**
 * The same in a mount namespace of its own, where that can be had: a disk that was mounted goes
 * with it.
 */
async function inside(): Promise<number> {
  if (
    process.platform !== 'linux' ||
    process.getuid?.() !== 0 ||
    process.env[INSIDE] !== undefined
  )
    return main();
  const again = Bun.spawn(
    [
      ...'setpriv --pdeathsig KILL unshare --mount'.split(' '),
      process.execPath,
      ...process.argv.slice(1),
    ],
    {
      env: { ...process.env, [INSIDE]: 'yes' },
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    },
  );
  return again.exited;
}

process.exitCode = await inside();
