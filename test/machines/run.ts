/**
 * `npm run test:machines [-- --times 10 --seed S --only WORD --local]`: promise P9. On a Swarm of
 * three engines with deploy/high-availability.yml, one machine after another is lost, cut off or
 * replaced, each kind of loss as often as asked for, in random order, while visitors come to every
 * node that they can reach. Installs the programs that it needs, as `npm test` does.
 *
 * Prints each loss with the time without answers, and the verdict. `--local` is the negative
 * control: with `synchronous_commit = local` a commit does not wait for the standby, and this must
 * find losses. As root on Linux.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../faults/random.ts';
import { inWorld, worldFolder } from '../stack/support/world.ts';
import { PROGRAMS, provide, STACK_PROGRAMS } from '../support/programs.ts';
import { Cluster } from './cluster.ts';
import { LOSSES } from './losses.ts';
import { type Evidence, PlainVisitors, verifyAt } from './visitors.ts';

/** Tells the program that it is inside of a world of its own. */
const INSIDE = 'MACHINES_TEST_INSIDE';
/** How long visitors come before a loss. */
const BEFORE_MS = 4000;

type Loss = keyof typeof LOSSES;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Each loss so many times, in random order. */
function inRandomOrder(losses: readonly Loss[], times: number, random: Random): Loss[] {
  const all = losses.flatMap((loss) => Array.from({ length: times }, () => loss));
  return all
    .map((loss) => ({ loss, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ loss }) => loss);
}

/** Loses something once; answers what visitors saw. */
async function lose(cluster: Cluster, loss: Loss, round: number): Promise<Evidence> {
  const roles = await cluster.healthy();
  // seen verify visits a node that stays.
  const door = loss.includes('other standby') ? roles.standby : roles.other;
  const { swarm } = cluster;
  const urls = cluster.nodes.map((node) => swarm.url(node));
  const stop = verifyAt(
    swarm.url(door),
    `machines/verify-${round}`,
    join(worldFolder(), `verify-${round}.json`),
  );
  const plain = new PlainVisitors(`machines/plain-${round}`, urls);
  await Bun.sleep(BEFORE_MS);
  plain.begin();
  const { what, lastsMs, undo } = await LOSSES[loss](cluster, roles);
  await Bun.sleep(lastsMs);
  await undo();
  await cluster.healthy();
  const evidence = await plain.end(swarm.url(door));
  const wrong = [...evidence.wrong, ...(await stop())];
  const silent = (evidence.silentMs / 1000).toFixed(1).padStart(5);
  say(
    `${String(round).padStart(3)}  ${silent} s without answers  ${loss} (${what}): ` +
      `${evidence.answered} answered, ${evidence.unanswered} not${wrong.length > 0 ? `, WRONG: ${wrong.join('; ')}` : ''}`,
  );
  return { ...evidence, wrong };
}

/** The median and the most. */
function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
  return `${seconds(sorted[Math.floor(sorted.length / 2)])} s, at most ${seconds(sorted.at(-1))} s`;
}

async function campaign(losses: readonly Loss[]): Promise<number> {
  say(`seed ${options.seed} (--seed ${options.seed} repeats the order)`);
  await using cluster = await Cluster.start();
  if (options.local) {
    const change = 'ALTER ROLE seen SET synchronous_commit = local';
    await cluster.inPostgres(`psql service=primary -c '${change}'`);
    await cluster.swarm.manager.mustDocker('service', 'update', '--force', '-q', 'mystack_web');
  }
  const silences = new Map<Loss, number[]>();
  let wrong = 0;
  const order = inRandomOrder(losses, options.times, new Random(options.seed));
  for (const [index, loss] of order.entries()) {
    const evidence = await lose(cluster, loss, index + 1);
    silences.set(loss, [...(silences.get(loss) ?? []), evidence.silentMs]);
    if (evidence.wrong.length > 0) wrong++;
  }
  for (const [loss, times] of silences)
    say(`${String(times.length).padStart(3)} times: ${loss}: without answers ${summary(times)}`);
  if (options.local) {
    say(
      wrong > 0
        ? `The control lost visits, as it must, in ${wrong} rounds.`
        : 'BROKEN: it must lose visits.',
    );
    return wrong > 0 ? 0 : 1;
  }
  say(wrong === 0 ? 'No promise was broken.' : `BROKEN in ${wrong} rounds: see above.`);
  return wrong === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    local: { type: 'boolean', default: false },
  },
});
const options = {
  times: Number(values.times),
  seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
  local: values.local,
};
const chosen = (Object.keys(LOSSES) as Loss[]).filter((loss) => loss.includes(values.only));

if (!(options.times >= 1) || !Number.isSafeInteger(options.seed) || chosen.length === 0) {
  process.stderr.write(
    'Usage: npm run test:machines [-- --times 10] [--seed 7] [--only WORD] [--local]\n',
  );
  process.exitCode = 2;
} else if (process.env[INSIDE] === undefined) {
  const missing = await provide([...PROGRAMS, ...STACK_PROGRAMS]);
  if (missing.length > 0)
    throw new Error(`Install these with the system's package manager: ${missing.join(', ')}`);
  process.env[INSIDE] = 'yes';
  const again = [process.execPath, import.meta.path, ...process.argv.slice(2)];
  process.exitCode = await inWorld([...again, '--seed', `${options.seed}`]);
} else {
  process.exitCode = await campaign(chosen);
}
