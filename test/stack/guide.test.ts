/**
 * docs/guide.md, followed exactly, with one node: every command, compared with its documented
 * output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { stepsOf } from '../support/document.ts';
import { FirstCount } from '../support/first-count.ts';
import { ROOT } from '../support/program.ts';
import { Reader } from './support/reader.ts';
import { Swarm } from './support/swarm.ts';

const steps = stepsOf(join(ROOT, 'docs/guide.md'));
let swarm: Swarm;
const reader = new Reader();
const firstCount = new FirstCount('Swarm');
/** What it takes to the first count; other commands only show something. */
const NEEDED = /^docker (swarm init|build|stack deploy|stack services)|^curl /;

beforeAll(async () => {
  swarm = await Swarm.engines(1);
}, 120_000);

afterAll(async () => {
  await swarm?.[Symbol.asyncDispose]();
});

/** What a kernel without IPVS or ESP shows instead. */
function asHere(line: string): string {
  const { ipvs, esp } = swarm.kernel;
  let here = line;
  if (!ipvs) {
    // The stand-in for the mesh is a service of the stack, and web publishes no port.
    here = here.replace(/^(mystack … )2( …)$/, '$13$2').replace('*:8000->8000/tcp', '');
  }
  if (!esp) here = here.replace('encrypted: true', 'encrypted:');
  return here;
}

describe('docs/guide.md', () => {
  test('contains each part of the original guide', () => {
    const headings = new Set(steps.map(({ heading }) => heading));
    for (const part of [
      'Before you begin',
      'Build the image',
      'Deploy the stack',
      'Visit it',
      'Load balancing',
      'Service discovery',
      'High availability',
      'Scaling',
      'Update and rollback',
      'Logs and metrics',
      'Clean up',
    ]) {
      expect(headings).toContain(part);
    }
  });

  for (const step of steps) {
    test(step.title, () => {
      const follow = () => reader.follow(step, swarm.manager, swarm.project, asHere);
      return NEEDED.test(step.commands) ? firstCount.follow(step, follow) : follow();
    });
  }
});
