/**
 * docs/install.md, run from top to bottom, each way of installing in a folder of its own: every
 * command, compared with its documented output. The package comes from `npm pack`, because the
 * registry has none of this version yet.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { thisTarget } from '../../build/targets.ts';
import { Clone, npmSettings } from '../support/clone.ts';
import { difference, stepsOf } from '../support/document.ts';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { packPackage } from '../support/package.ts';
import { ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
const steps = stepsOf(join(ROOT, 'docs/install.md'));
let shell: Shell;
let ports: { readonly port: number; readonly operationsPort: number };
/** What stands in the document, and what is typed in this test. */
let replacements: readonly (readonly [string, string])[];

beforeAll(async () => {
  ports = { port: await freePort(), operationsPort: await freePort() };
  await using clone = await Clone.create();
  await Bun.$`mv ${clone.path} ${folder.path}/clone`;
  replacements = [
    ['npm install seen-counter', `npm install --prefer-offline ${await packPackage(folder.path)}`],
    ['git clone https://example.com/seen.git', `mv ${folder.path}/clone seen`],
    // The README's commands install them.
    ['npm ci', `ln -s ${join(ROOT, 'node_modules')} node_modules`],
    ['linux-x64', thisTarget().name],
    ['curl ', 'curl --silent '],
    ['localhost:8000', `localhost:${ports.port}`],
  ];
});

afterAll(async () => {
  await stop();
  await shell?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A shell in a new folder. */
async function open(name: string): Promise<void> {
  await stop();
  await shell?.[Symbol.asyncDispose]();
  const path = join(folder.path, name.replaceAll(' ', '-'));
  await Bun.$`mkdir ${path}`;
  const parts = (process.env['PATH'] ?? '').split(':');
  shell = new Shell(path, {
    ...npmSettings(),
    PATH: parts.filter((part) => !part.includes('node_modules')).join(':'),
    HOME: process.env['HOME'] ?? '',
    SEEN_PORT: `${ports.port}`,
    SEEN_OPERATIONS_PORT: `${ports.operationsPort}`,
    // As on a terminal.
    SEEN_LOG_FORMAT: 'pretty',
  });
}

let group: number | undefined;

const isReady = async () =>
  (await fetch(`http://localhost:${ports.operationsPort}/readyz`).catch(() => undefined))?.ok;

/** Types commands, the last of which runs until Ctrl-C, and returns its first lines. */
async function start(commands: string): Promise<string> {
  const log = join(folder.path, 'log');
  const before = commands.split('\n');
  const command = before.pop();
  await shell.type(before.join('\n'));
  group = Number.parseInt(await shell.type(`setsid ${command} > ${log} 2>&1 & echo $!`), 10);
  const text = () => Bun.file(log).text();
  await until('it to be ready', isReady);
  await until('its first lines', async () => (await text()).includes('health and metrics'));
  return text();
}

/** Types Ctrl-C where a command was started. */
async function stop(): Promise<void> {
  if (group === undefined) return;
  process.kill(-group, 'SIGINT');
  group = undefined;
  await until('it to stop', async () => !(await isReady()));
}

describe('docs/install.md', () => {
  test('has the ways that need no other program', () => {
    expect([...new Set(steps.map(({ heading }) => heading))]).toEqual(['npm', 'A single file']);
  });

  let heading = '';
  for (const step of steps) {
    test(step.title, async () => {
      if (step.heading !== heading) await open(step.heading);
      ({ heading } = step);
      const typed = replacements.reduce(
        (text, [from, to]) => text.replaceAll(from, to),
        step.commands,
      );
      const shown = (await (typed.endsWith(' serve') ? start(typed) : shell.type(typed)))
        .replaceAll(`localhost:${ports.port}`, 'localhost:8000')
        .replaceAll(`port ${ports.operationsPort}`, 'port 9100')
        .replaceAll(thisTarget().name, 'linux-x64');
      expect({ shown, difference: difference(step.expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
    });
  }
});
