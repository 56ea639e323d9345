/**
 * Debian's own image, where no container registry can be reached: a minimal system made of
 * Debian's packages. So deploy/postgres/Dockerfile installs PostgreSQL, Patroni and etcd for real.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/program.ts';
import type { Node } from './node.ts';

const MIRROR = 'http://deb.debian.org';
const SUITE = 'bookworm';

/**
 * The settings of packages in Debian's slim image, by file
 * (https://github.com/debuerreotype/debuerreotype, scripts/debuerreotype-minimizing-config and
 * scripts/.slimify-excludes): no syncs, and no documentation.
 */
const DPKG: Readonly<Record<string, readonly string[]>> = {
  'docker-apt-speedup': ['force-unsafe-io'],
  docker: [
    '/usr/share/doc/*',
    '/usr/share/groff/*',
    '/usr/share/info/*',
    '/usr/share/linda/*',
    '/usr/share/lintian/overrides/*',
    '/usr/share/locale/*',
    '/usr/share/man/*',
  ]
    .map((path) => `path-exclude=${path}`)
    .concat('path-include=/usr/share/doc/*/copyright'),
};

/** Makes the base image of deploy/postgres/Dockerfile in the engine of `node`. */
export async function makeDebianImage(node: Node): Promise<void> {
  const dockerfile = readFileSync(join(ROOT, 'deploy/postgres/Dockerfile'), 'utf8');
  const name = /^FROM (debian:\S+)/m.exec(dockerfile)?.[1];
  if (name === undefined) throw new Error('deploy/postgres/Dockerfile has another base.');
  const root = join(node.folder, 'debian');
  mkdirSync(root);
  // In memory: packages are installed faster when no file is synced.
  await Bun.$`mount -t tmpfs debian ${root}`;
  await Bun.$`debootstrap --variant=minbase ${SUITE} ${root} ${MIRROR}/debian`.quiet();
  // As in Debian's image: all updates, and no service is started by its package.
  const sources = [
    `deb ${MIRROR}/debian ${SUITE} main`,
    `deb ${MIRROR}/debian ${SUITE}-updates main`,
    `deb ${MIRROR}/debian-security ${SUITE}-security main`,
  ];
  writeFileSync(join(root, 'etc/apt/sources.list'), `${sources.join('\n')}\n`);
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  for (const [file, lines] of Object.entries(DPKG))
    writeFileSync(join(root, 'etc/dpkg/dpkg.cfg.d', file), `${lines.join('\n')}\n`);
  await Bun.$`chroot ${root} apt-get clean`;
  const archive = join(node.folder, 'debian.tar');
  await Bun.$`tar -C ${root} -cf ${archive} .`;
  await node.mustDocker('import', '--change', 'CMD ["bash"]', archive, name);
  await Bun.$`umount ${root}`;
  await Bun.$`rm -rf ${root} ${archive}`;
}
