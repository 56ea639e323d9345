/**
 * Programs of Debian 13 that Debian 12 lacks or has in an older version: Compose and Buildx, which
 * are plugins of Docker's client, and an engine that builds for several platforms. They are
 * unpacked into the folder of this run; nothing is installed.
 */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, Node } from './node.ts';
import { worldFolder } from './world.ts';

const SUITE = 'trixie';
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Gives the client of `node` the plugins that it does not find on this machine. */
export async function providePlugins(node: Node): Promise<void> {
  for (const name of ['compose', 'buildx']) {
    if ((await node.docker(name, 'version')).status === 0) continue;
    const unpacked = await unpack(`docker-${name}`);
    const folder = join(node.folder, 'client/cli-plugins');
    mkdirSync(folder, { recursive: true });
    const plugin = `cli-plugins/docker-${name}`;
    symlinkSync(join(unpacked, 'usr/libexec/docker', plugin), join(node.folder, 'client', plugin));
    await node.mustDocker(name, 'version');
  }
}

/**
 * An engine that keeps images in containerd: unlike that of Debian 12, it makes images for several
 * platforms and with attestations. It looks for base images in the registry `mirror` first.
 */
export async function containerdEngine(mirror: string): Promise<Engine> {
  const folders = [await unpack('docker.io'), await unpack('containerd')];
  return {
    path: folders.flatMap((folder) => [join(folder, 'usr/sbin'), join(folder, 'usr/bin')]),
    settings: {
      features: { 'containerd-snapshotter': true },
      'registry-mirrors': [`http://${mirror}`],
    },
  };
}

/** A container registry; answers the path of the program. */
export async function registryProgram(): Promise<string> {
  return join(await unpack('docker-registry'), 'usr/bin/docker-registry');
}

/** Downloads a package and unpacks it; answers where. Once. */
async function unpack(name: string): Promise<string> {
  const root = join(worldFolder(), 'debian-13');
  const unpacked = join(root, name);
  if (existsSync(unpacked)) return unpacked;
  const options = aptOptions(root);
  if (!existsSync(join(root, 'lists'))) {
    for (const part of ['lists/partial', 'cache/archives/partial', 'packages']) {
      mkdirSync(join(root, part), { recursive: true });
    }
    const source = `deb [signed-by=${KEYS}] http://deb.debian.org/debian ${SUITE} main\n`;
    writeFileSync(join(root, 'sources.list'), source);
    await Bun.$`apt-get ${options} -q update`.quiet();
  }
  const packages = join(root, 'packages');
  await Bun.$`apt-get ${options} -q download ${name}`.cwd(packages).quiet();
  const [file = ''] = new Bun.Glob(`${name}_*.deb`).scanSync(packages);
  await Bun.$`dpkg-deb --extract ${join(packages, file)} ${unpacked}`.quiet();
  return unpacked;
}

/** As apt is set up on this machine, except that it neither reads nor changes its lists. */
function aptOptions(root: string): string[] {
  return [
    `Dir::Etc::SourceList=${join(root, 'sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(root, 'lists')}`,
    `Dir::Cache=${join(root, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
}
