/**
 * docs/operations.md, followed exactly, with two nodes: every command, compared with its
 * documented output.
 */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { join } from 'node:path';
import { type Step, stepsOf } from '../support/document.ts';
import { until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { Reader } from './support/reader.ts';
import { Swarm } from './support/swarm.ts';

const steps = stepsOf(join(ROOT, 'docs/operations.md'));
let swarm: Swarm;
const reader = new Reader();
/** Somebody visits all the time: what the document says of a running stack is shown on one. */
const visits = new AbortController();

beforeAll(async () => {
  swarm = await Swarm.start(2);
  void visitUntilTheEnd();
}, 180_000);

async function visitUntilTheEnd(): Promise<void> {
  while (!visits.signal.aborted) {
    await fetch(`${swarm.url()}/hit/some/other`, { signal: visits.signal }).catch(() => undefined);
    await Bun.sleep(20);
  }
}

afterAll(async () => {
  visits.abort();
  await swarm?.[Symbol.asyncDispose]();
});

/** The nodes of a test have no ssh between them. */
function asHere(step: Step): Step {
  return { ...step, commands: step.commands.replace('ssh://node2', swarm.node('node2').endpoint) };
}

/**
 * The stand-in for the ingress mesh asks for the replicas twice a second: a replica that runs may
 * not be known to it yet.
 */
async function untilVisitsArrive(): Promise<void> {
  await until('a visit to reach a replica', async () => {
    const response = await fetch(`${swarm.url()}/get/some/other`).catch(() => undefined);
    return response !== undefined;
  });
}

describe('docs/operations.md', () => {
  for (const step of steps) {
    test(step.title, async () => {
      await reader.follow(asHere(step), swarm.manager, swarm.project);
      if (step.commands.includes('docker stack services')) await untilVisitsArrive();
    });
  }
});
