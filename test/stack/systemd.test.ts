/**
 * docs/systemd.md, followed exactly, on a machine with a real systemd: every command, compared
 * with its documented output.
 */
import { afterAll, beforeAll, test } from 'bun:test';
import { join } from 'node:path';
import { stepsOf } from '../support/document.ts';
import { FirstCount } from '../support/first-count.ts';
import { ROOT } from '../support/program.ts';
import { describeOnMachine, FOLDER, Machine } from './support/machine.ts';
import { Reader } from './support/reader.ts';

const reader = new Reader();
const firstCount = new FirstCount('systemd');
let machine: Machine;

describeOnMachine('docs/systemd.md', () => {
  beforeAll(async () => {
    machine = await Machine.start();
  }, 60_000);

  afterAll(() => machine?.[Symbol.asyncDispose]());

  for (const step of stepsOf(join(ROOT, 'docs/systemd.md'))) {
    test(step.title, () => firstCount.follow(step, () => reader.follow(step, machine, FOLDER)));
  }
});
