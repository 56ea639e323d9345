/**
 * A world of its own for the stack's tests: processes, network and mounts that the machine does not see.
 *
 * Engines, containers and bridges live in Linux namespaces that end with the first process in them, so nothing is left
 * behind however a run ends, and no engine that runs already is touched. slirp4netns gives the world a way out (the
 * image's build installs packages) without a rule in the machine's firewall.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../../support/folder.ts';

/** Tells tests that they are inside, and where the files of this run are. */
const FOLDER = 'SEEN_STACK_FOLDER';
/** Names of what is on disk or in the cgroup tree, which namespaces do not end. */
const PREFIX = 'seen-stack-';

/** The folder of this run. Fails outside of a world. */
export function worldFolder(): string {
  const folder = process.env[FOLDER];
  if (!folder) throw new Error('The stack’s tests need a world of their own: run npm run test:stack.');
  return folder;
}

/** The cgroup that containers of `node` are put under. */
export function cgroupOf(node: string): string {
  return `${PREFIX}${node}`;
}

/** Runs `command` in a world of its own; answers its exit status. */
export async function inWorld(command: readonly string[]): Promise<number> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'The stack’s tests start Docker engines in namespaces of their own: run them as root on Linux.',
    );
  }
  sweep();
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'resolv.conf'), 'nameserver 10.0.2.3\n'); // slirp4netns's own
  // Process 1 of the world is a shell: it reaps what others leave, and its end ends everything.
  const enter = `
    set -e
    mount --bind "$${FOLDER}/resolv.conf" /etc/resolv.conf
    ip link set lo up
    while ! ip link show tap0 >/dev/null 2>&1; do sleep 0.05; done
    "$@" || exit $?`;
  const inside = Bun.spawn(
    [
      ...'unshare --net --mount --pid --fork --kill-child --mount-proc'.split(' '),
      'sh',
      '-c',
      enter,
      'sh',
      ...command,
    ],
    {
      env: { ...process.env, [FOLDER]: folder.path },
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    },
  );
  let first = '';
  await until('the world to begin', async () => {
    first = (await Bun.$`pgrep -P ${inside.pid}`.nothrow().text()).trim();
    return first !== '' || inside.exitCode !== null;
  });
  const wayOut = Bun.spawn(
    [
      ...'setpriv --pdeathsig KILL slirp4netns'.split(' '),
      '--configure',
      '--mtu=65520',
      '--disable-host-loopback',
      first,
      'tap0',
    ],
    { stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(join(folder.path, 'slirp4netns.log')) },
  );
  try {
    return await inside.exited;
  } finally {
    inside.kill('SIGKILL');
    wayOut.kill('SIGTERM');
    await Promise.all([inside.exited, wayOut.exited]);
    sweep();
  }
}

/** Takes away what earlier runs that were killed have left on disk and in the cgroup tree, if nobody uses it. */
function sweep(): void {
  const root = '/sys/fs/cgroup';
  const trees = existsSync(join(root, 'cgroup.controllers'))
    ? [root]
    : readdirSync(root).map((tree) => join(root, tree));
  for (const tree of trees) {
    for (const name of readdirSync(tree)) if (name.startsWith(PREFIX)) removeCgroup(join(tree, name));
  }
}

function removeCgroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  }
  try {
    // Only an empty one can be removed, which is what is wanted.
    rmSync(path, { recursive: false });
  } catch {
    // Another run uses it.
  }
}
