/**
 * A machine whose first process is a real systemd: this one with all that is installed on it, as
 * it would be after a start. What is written there is gone when the machine is.
 *
 * Namespaces keep its processes and mounts apart, and a layer in memory lies over the disk; only
 * /var/lib is on a disk, where Seen warns of nothing. Its network is that of the world, so that a
 * test reaches its ports, and nobody else does. Its kernel is the real one.
 */
import { describe } from 'bun:test';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeBinary } from '../../../build/binary.ts';
import { TARGETS } from '../../../build/targets.ts';
import { stepsOf } from '../../support/document.ts';
import { until } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';
import { find } from '../../support/programs.ts';
import { finish, type Said } from './node.ts';
import { Reader } from './reader.ts';
import { cgroupOf, worldFolder } from './world.ts';

/** The folder in which the commands of documents run: the executable and deploy/ are in it. */
export const FOLDER = '/root/seen';
/** Where the project is: the service sees no home folder, where it may be on the real machine. */
export const PROJECT = '/opt/project';
/** What a package of a server keeps there from its installation on. */
const KEPT = 'caddy nginx';

/** The executable in the documents. On another processor that for it has this name here. */
const EXECUTABLE = 'seen-linux-x64';

/** What ends with systemd as process 1. */
const BOOT = `
  set -e
  mount --make-rprivate /
  mkdir "$MACHINE/lib" "$MACHINE/layers"
  for folder in ${KEPT}; do
    if [ -d /var/lib/$folder ]; then cp -a /var/lib/$folder "$MACHINE/lib/"; fi
  done
  cd "$MACHINE/layers"
  mount -t tmpfs tmpfs .
  cd "$MACHINE/layers"
  mkdir changes work machine
  mount -t overlay -o lowerdir=/,upperdir=changes,workdir=work overlay machine
  cd machine
  mkdir -p .${PROJECT} .${FOLDER} before
  mount --bind "$ROOT" .${PROJECT}
  mount -o remount,ro,bind .${PROJECT}
  mount --bind "$MACHINE/lib" var/lib
  cp -a "$MACHINE/${EXECUTABLE}" "$ROOT/deploy" .${FOLDER}
  mount -t proc proc proc
  # systemd would set the kernel of the real machine. The settings of the network are the world's own.
  mount --bind proc/sys proc/sys
  mount -o remount,ro,bind proc/sys
  mount -t proc proc mnt
  mount --bind mnt/sys/net proc/sys/net
  umount -l mnt
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mount -t tmpfs -o mode=755 tmpfs dev
  for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  mount -t tmpfs -o mode=1777 tmpfs dev/shm
  ln -s /proc/self/fd dev/fd
  # No service that is installed here starts by itself.
  mount -t tmpfs -o mode=755 tmpfs etc/systemd/system
  pivot_root . before
  umount -l /before
  # As systemd has them outside of containers: it mounts credentials in another namespace.
  mount --make-rshared /
  exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=test \\
    /lib/systemd/systemd --unit=basic.target --show-status=no --log-target=journal`;

/** Puts the shell that it runs in into a cgroup of its own, the root of the machine's. */
const ENTER_GROUP = `
  group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/$GROUP
  mkdir -p "$group"
  echo $$ > "$group/cgroup.procs"
  exec unshare --cgroup --mount --uts --ipc --pid --fork --kill-child sh -c "$BOOT"`;

/** For tests on such a machine: skipped where the system has no systemd, as Alpine has none. */
export const describeOnMachine = describe.skipIf(find('systemd-analyze') === null);

export class Machine implements AsyncDisposable {
  readonly #outer: Bun.Subprocess;
  #first = '';

  private constructor(folder: string) {
    const variables = { BOOT, ROOT, MACHINE: folder, GROUP: cgroupOf('machine') };
    this.#outer = Bun.spawn(['sh', '-c', ENTER_GROUP], {
      env: { ...process.env, ...variables },
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    });
  }

  /** Starts it; resolves when systemd has started. */
  static async start(): Promise<Machine> {
    const folder = join(worldFolder(), 'machine');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    copyFileSync(await executable(), join(folder, EXECUTABLE));
    const machine = new Machine(folder);
    await until('systemd to have started', async () => {
      machine.#first = (await Bun.$`pgrep -P ${machine.#outer.pid}`.nothrow().text()).trim();
      return (await machine.sh('systemctl is-active basic.target')).out === 'active\n';
    });
    return machine;
  }

  /** Installs Seen as docs/systemd.md says, and starts it. */
  async install(): Promise<void> {
    const reader = new Reader();
    for (const step of stepsOf(join(ROOT, 'docs/systemd.md')))
      if (step.heading === 'Install') await reader.follow(step, this, FOLDER);
  }

  /** Runs lines of shell as root, in `folder`. */
  sh(lines: string, folder = FOLDER, limitMs?: number): Promise<Said> {
    const enter = `nsenter -t ${this.#first} --mount --uts --ipc --cgroup --pid`.split(' ');
    const command = `cd ${folder}\n${lines}`;
    return finish([...enter, 'bash', '-c', command], ENVIRONMENT, undefined, limitMs);
  }

  /** The same; fails unless all of it succeeds, and answers what it printed. */
  async must(lines: string): Promise<string> {
    const { status, out, error } = await this.sh(`set -e\n${lines}`);
    if (status !== 0) throw new Error(`${lines} ended with ${status}: ${error}${out}`);
    return out.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#outer.kill('SIGKILL');
    await this.#outer.exited;
  }
}

/** The path of the executable for this machine, which is built once in a world. */
async function executable(): Promise<string> {
  const path = join(worldFolder(), EXECUTABLE);
  if (existsSync(path)) return path;
  const target = TARGETS.find(({ name }) => name === `linux-${process.arch}`);
  if (target === undefined) throw new Error(`nothing is built for ${process.arch}`);
  const folder = join(worldFolder(), 'built');
  renameSync(await writeBinary(target, folder), path);
  rmSync(folder, { recursive: true });
  return path;
}

/** What a root shell has after a login. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};
