/**
 * Docker's clients on this machine. The stack's tests use the oldest, because newer ones can do
 * all that it can.
 */
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { worldFolder } from './world.ts';

/** A Docker client, and its version as `docker --version` says it. */
export interface Client {
  readonly path: string;
  readonly version: string;
}

/** The oldest client that docs/guide.md allows. It merges files as no client since 23 does. */
export const OLDEST_ALLOWED = '20.10';

/** Each client in `PATH` once, the oldest first. */
export function clients(): Client[] {
  const paths = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'docker'))
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path));
  return [...new Set(paths)]
    .map((path) => {
      const said = Bun.spawnSync([path, '--version']).stdout.toString();
      return { path, version: /version ([\d.]+)/.exec(said)?.[1] ?? '' };
    })
    .filter(({ version }) => version !== '')
    .toSorted((a, b) => Bun.semver.order(a.version, b.version));
}

/** The oldest client. Fails where there is none. */
export function oldestClient(): Client {
  const [oldest] = clients();
  if (!oldest) throw new Error('There is no docker in PATH.');
  return oldest;
}

/** A folder for the beginning of `PATH`, in which `docker` is the oldest client. */
export function clientFolder(): string {
  const folder = join(worldFolder(), 'client');
  if (!existsSync(folder)) {
    mkdirSync(folder);
    symlinkSync(oldestClient().path, join(folder, 'docker'));
  }
  return folder;
}

/** Which client the commands are typed into, for whoever reads the test's output. */
export function describeClient(): string {
  const { version } = oldestClient();
  const tested = `Docker's client: ${version}.`;
  return version.startsWith(`${OLDEST_ALLOWED}.`)
    ? tested
    : `${tested} The documents allow ${OLDEST_ALLOWED}, which is not in PATH here and not tested.`;
}
