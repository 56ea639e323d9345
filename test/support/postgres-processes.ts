/** Starts what belongs to PostgreSQL, and finds and signals its processes. */
import { chmodSync, chownSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { find } from './programs.ts';

/** PostgreSQL refuses to run as root. */
const isRoot = () => process.getuid?.() === 0;

/** The words before a program of PostgreSQL that run it as a user who may. */
export function asPostgres(program: string): string[] {
  const own = find(program) ?? program;
  return isRoot()
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', own]
    : [own];
}

/** What the command prints; throws what it says when it fails. */
export async function run(command: Bun.$.ShellPromise): Promise<string> {
  const said = await command.quiet().nothrow();
  if (said.exitCode !== 0) throw new Error(said.stderr.toString());
  return said.text().trim();
}

/** Makes a file or folder one of the user who runs PostgreSQL. */
export function give(path: string): void {
  if (!isRoot()) return;
  const [user, group] = ['-u', '-g'].map((flag) =>
    Number(Bun.spawnSync(['id', flag, 'postgres']).stdout.toString()),
  );
  chownSync(path, user ?? 0, group ?? 0);
}

/** Copies a file, as one that only PostgreSQL may read, as it wants its key; answers `to`. */
export function copy(from: string, to: string): string {
  copyFileSync(from, to);
  chmodSync(to, 0o600);
  give(to);
  return to;
}

/** Frees the shared memory that a killed PostgreSQL has left in the kernel. */
export async function freeMemory(data: string): Promise<void> {
  const left = join(data, 'postmaster.pid');
  const lines = existsSync(left) ? readFileSync(left, 'utf8').split('\n') : [];
  // https://www.postgresql.org/docs/15/storage-file-layout.html names what is in the file; the
  // seventh line is the memory's key and id.
  const id = lines[6]?.trim().split(/\s+/)[1];
  if (id) await Bun.$`ipcrm -m ${id}`.quiet().nothrow();
}

/** The processes that this one has started; none when it has ended. */
export function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(['pgrep', '-P', `${pid}`]);
  return stdout.toString().split('\n').filter(Boolean).map(Number);
}

/** Sends a signal to a process that may have ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  // 0 would be this process and all that it has started.
  if (pid <= 0) return;
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** Whether the process can still do anything: one that has ended may be listed for a while. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
