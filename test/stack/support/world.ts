/**
 * An isolated world for the stack's tests: processes, network and mounts that are invisible to the
 * machine.
 *
 * Engines, containers and bridges live in Linux namespaces that end with their first process, and
 * that process ends with the runner. So no running engine is touched, and nothing continues
 * however a run ends. A cleaner removes what does not end with namespaces (a folder, empty
 * cgroups), even when the runner is killed. slirp4netns connects the world to the network (the
 * image's build installs packages) without a rule in the machine's firewall.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { until } from '../../support/folder.ts';

/**
 * The network of the way out. Not slirp4netns's default, 10.0.2.0/24: that is the third overlay
 * network of a Swarm, whose containers would look for the name server among themselves.
 */
const WAY_OUT = '10.97.0';

/** Tells tests that they are inside, and where the files of this run are. */
const FOLDER = 'STACK_TEST_FOLDER';

/** The folder of this run. Fails outside of a world. */
export function worldFolder(): string {
  const folder = process.env[FOLDER];
  if (!folder)
    throw new Error('The stack’s tests need a world of their own: run npm run test:stack.');
  return folder;
}

/** The cgroup that containers of `node` are put under. */
export function cgroupOf(node: string): string {
  return `${basename(worldFolder())}-${node}`;
}

/** Where a run's output goes. */
export type Output = 'inherit' | number;

/**
 * Runs `command` in a world of its own; answers its exit status. Fails where the system does not
 * allow it.
 */
export async function inWorld(
  command: readonly string[],
  output: Output = 'inherit',
): Promise<number> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'The stack’s tests start Docker engines in namespaces of their own: run them as root on Linux.',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'seen-stack-'));
  const cleaner = startCleaner(folder);
  const world = start(folder, command, output);
  const wayOut = await giveWayOut(folder, world);
  const status = await world.exited;
  wayOut.kill('SIGTERM');
  await wayOut.exited;
  await cleaner.stdin.end();
  await cleaner.exited;
  return status;
}

function start(folder: string, command: readonly string[], output: Output): Bun.Subprocess {
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${WAY_OUT}.3\n`); // slirp4netns's own
  // Process 1 of the world is a shell: it reaps what others leave, and its end ends everything.
  const enter = `
    set -e
    mount --bind "$${FOLDER}/resolv.conf" /etc/resolv.conf
    ip link set lo up
    while ! ip link show tap0 >/dev/null 2>&1; do sleep 0.05; done
    "$@" || exit $?`;
  const leave =
    'setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc';
  return Bun.spawn([...leave.split(' '), 'sh', '-c', enter, 'sh', ...command], {
    env: { ...process.env, [FOLDER]: folder },
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  });
}

/** Has slirp4netns carry what leaves the world, from outside of it. */
async function giveWayOut(folder: string, world: Bun.Subprocess): Promise<Bun.Subprocess> {
  let first = '';
  await until('the world to begin', async () => {
    first = (await Bun.$`pgrep -P ${world.pid}`.nothrow().text()).trim();
    return first !== '' || world.exitCode !== null;
  });
  const slirp =
    'setpriv --pdeathsig KILL slirp4netns --configure --mtu=65520 --disable-host-loopback --cidr';
  return Bun.spawn([...slirp.split(' '), `${WAY_OUT}.0/24`, first, 'tap0'], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: Bun.file(join(folder, 'slirp4netns.log')),
  });
}

/**
 * Takes away the folder and the cgroups when its standard input ends, which it also does when this
 * process is killed. In a session of its own, which Ctrl-C does not reach.
 */
function startCleaner(folder: string) {
  const clean = `
    cat > /dev/null
    # What writes into it is just ending.
    while ! rm -rf "$1" 2> /dev/null; do sleep 0.2; done
    find /sys/fs/cgroup -depth -type d -path "*/$(basename "$1")-*" -exec rmdir {} \\; 2> /dev/null`;
  return Bun.spawn(['sh', '-c', clean, 'sh', folder], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
  });
}
