/**
 * docs/high-availability.md, followed to the letter by an operator of three nodes: every command,
 * and what it should show. One node burns down on the way, and another takes its place.
 */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { join } from 'node:path';
import { type Step, stepsOf } from '../support/document.ts';
import { until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { makeDebianImage } from './support/debian.ts';
import { Node } from './support/node.ts';
import { Reader } from './support/reader.ts';
import { Swarm } from './support/swarm.ts';

const steps = stepsOf(join(ROOT, 'docs/high-availability.md'));
const SWITCHES = steps.find(({ commands }) => commands.includes('patronictl switchover'));
const REPLACES = steps.find(({ heading }) => heading === 'Replace a node');
const MOVES = steps.find(({ commands }) => commands.includes('redis://redis:6379'));

let swarm: Swarm;
let spare: Node;
const reader = new Reader();

beforeAll(async () => {
  swarm = await Swarm.engines(3);
  const { manager } = swarm;
  await makeDebianImage(manager);
  await manager.mustDocker('swarm', 'init', '--advertise-addr', manager.address);
  const token = await manager.mustDocker('swarm', 'join-token', '-q', 'worker');
  for (const node of swarm.nodes.slice(1)) {
    await node.mustDocker('swarm', 'join', '--token', token, `${manager.address}:2377`);
  }
  spare = new Node(4);
}, 600_000);

afterAll(async () => {
  await spare?.kill();
  await swarm?.[Symbol.asyncDispose]();
});

/** The nodes of a test have no ssh between them. */
function asHere(step: Step): Step {
  const commands = step.commands.replaceAll(
    /ssh:\/\/(node\d)/g,
    (_, name: string) => (name === spare.name ? spare : swarm.node(name)).endpoint,
  );
  return { ...step, commands };
}

/** Resolves when Patroni has named a synchronous standby. */
function synchronousStandby(): Promise<void> {
  const list = 'docker exec $(docker ps -q -f name=mystack_postgres) patronictl list';
  return until(
    'a synchronous standby',
    async () => (await swarm.manager.sh(list, swarm.project)).out.includes('Sync Standby'),
    120_000,
  );
}

/** What happens to the stack between two steps, as the document tells it. */
async function before(step: Step): Promise<void> {
  // Without one nobody may become primary. Patroni names it some seconds after the last change.
  if (step === SWITCHES || step === REPLACES) await synchronousStandby();
  if (step === REPLACES) {
    await swarm.node('node3').kill();
    await spare.start();
  }
  if (step === MOVES) {
    const run = `docker exec -i $(docker ps -q -f name=mystack_web | head -1) sh -c`;
    const seen = 'seen import --store-url redis://redis:6379';
    const line = `echo my-site/old,41 > /dev/shm/list.csv && ${seen} /dev/shm/list.csv --yes`;
    const { status, error } = await swarm.manager.sh(`${run} '${line}'`, swarm.project);
    if (status !== 0) throw new Error(error);
  }
}

describe('docs/high-availability.md', () => {
  for (const step of steps) {
    test(step.title, async () => {
      await before(step);
      await reader.follow(asHere(step), swarm.manager, swarm.project);
    });
  }
});
