/**
 * The npm package: made, packed, installed into an empty folder with npm alone, and started. It
 * must report the version of package.json wherever Seen does.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bin, name } from '../package.json' with { type: 'json' };
import { freePort, temporaryFolder, until } from '../test/support/folder.ts';
import { command, npmRun } from './command.ts';
import { StepError } from './step.ts';

const ADVICE = 'Run it yourself to see all of its output: npm run build && npm pack ./dist/npm';
/** How long the installed program may take to start on a busy machine. */
const START_MS = 60_000;

/** Makes, installs and starts the package. Returns a sentence; fails with `StepError`. */
export async function checkPackage(version: string): Promise<string> {
  using folder = temporaryFolder();
  await npmRun('build', [], ADVICE);
  await command(['npm', 'pack', '--pack-destination', folder.path, './dist/npm'], {
    advice: ADVICE,
  });
  const [file = ''] = readdirSync(folder.path);
  const tarball = join(folder.path, file);
  const installed = join(folder.path, 'installed');
  mkdirSync(installed);
  await command(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
    cwd: installed,
    advice: 'The package must install without the project, and without running scripts.',
  });
  const said = await command(['npx', '--no-install', 'seen', '--version'], {
    cwd: installed,
    advice: 'The command of the package is “bin” in package.json.',
  });
  expectVersion('seen --version', said, `seen ${version} `);
  await checkServer(installed, version);
  const kilobytes = Math.ceil(statSync(tarball).size / 1000);
  return `${file} (${kilobytes} kB) installs, starts and reports ${version}`;
}

/** Starts the installed package, and compares the versions that it reports. */
async function checkServer(installed: string, version: string): Promise<void> {
  const [port, operationsPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--store-url=sqlite:${join(installed, 'seen.db')}`,
    '--replicas=1',
    '--host=127.0.0.1',
    `--port=${port}`,
    `--operations-port=${operationsPort}`,
  ];
  const home = join(installed, 'node_modules', name);
  // Not the file in .bin, which is a batch file on Windows.
  const server = Bun.spawn(['node', join(home, bin.seen), 'serve', ...flags], {
    cwd: installed,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  try {
    await until('the installed package to answer', async () => (await fetch(url)).ok, START_MS);
    const { headers } = await fetch(url);
    expectVersion('X-Served-By', headers.get('X-Served-By') ?? '', `seen/${version}`);
    const { info } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      info: { version: string };
    };
    expectVersion('/openapi.json', `version ${info.version}.`, `version ${version}.`);
  } finally {
    server.kill();
    await server.exited;
  }
}

function expectVersion(place: string, said: string, expected: string): void {
  if (said.includes(expected)) return;
  throw new StepError(
    `${place} of the package says “${said.trim()}”, not ${expected.trim()}`,
    'The version is read from package.json when the package is built: remove dist/ and repeat.',
  );
}
