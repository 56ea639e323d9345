/**
 * Compose and Buildx, the plugins of Docker's client. Where the machine has none, as on Debian 12,
 * those of Debian 13 are unpacked into the folder of this run: nothing is installed.
 */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from './node.ts';
import { worldFolder } from './world.ts';

const PLUGINS = ['docker-compose', 'docker-buildx'];
const SUITE = 'trixie';
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Gives the client of `node` both plugins. */
export async function providePlugins(node: Node): Promise<void> {
  const missing: string[] = [];
  for (const plugin of PLUGINS) {
    const { status } = await node.docker(plugin.replace('docker-', ''), 'version');
    if (status !== 0) missing.push(plugin);
  }
  if (missing.length === 0) return;
  const unpacked = await unpack(missing);
  const folder = join(node.folder, 'client/cli-plugins');
  mkdirSync(folder, { recursive: true });
  for (const plugin of missing) {
    symlinkSync(join(unpacked, 'usr/libexec/docker/cli-plugins', plugin), join(folder, plugin));
    await node.mustDocker(plugin.replace('docker-', ''), 'version');
  }
}

/** Downloads Debian's packages and unpacks them; answers where. */
async function unpack(packages: readonly string[]): Promise<string> {
  const folder = join(worldFolder(), 'plugins');
  if (existsSync(folder)) return folder;
  for (const part of ['lists/partial', 'cache/archives/partial', 'packages']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const list = join(folder, 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYS}] http://deb.debian.org/debian ${SUITE} main\n`);
  // As apt is set up on this machine, except that it neither reads nor changes the machine's lists.
  const options = [
    `Dir::Etc::SourceList=${list}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const downloads = join(folder, 'packages');
  await Bun.$`apt-get ${options} -q update && apt-get ${options} -q download ${packages}`
    .cwd(downloads)
    .quiet();
  for (const file of new Bun.Glob('*.deb').scanSync(downloads)) {
    await Bun.$`dpkg-deb --extract ${join(downloads, file)} ${folder}`.quiet();
  }
  return folder;
}
