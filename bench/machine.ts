/** Describes where figures come from: the machine, the versions and the commit. */
import { cpus, release, totalmem } from 'node:os';
import { find } from '../test/support/programs.ts';

const VERSIONS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['Redis', ['redis-server', '--version']],
  ['PostgreSQL', ['postgres', '--version']],
  ['nginx', ['nginx', '-v']],
  ['webdis', ['dpkg-query', '-W', '-f', '${Version}', 'webdis']],
  ['Node', ['node', '--version']],
  ['gunicorn', ['gunicorn', '--version']],
  ['wrk', ['wrk', '--version']],
];

/** The cores, the processor, the memory and the kernel. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, ${memory} GiB, Linux ${release().split('-')[0]}`;
}

/** The versions of Bun and of the programs that are installed. */
export async function versions(): Promise<string> {
  const found = [`Bun ${Bun.version}`];
  for (const [name, command] of VERSIONS) {
    const [program = '', ...words] = command;
    const path = find(program);
    if (path === null) continue;
    const run = await Bun.$`${path} ${words}`.nothrow().quiet();
    const version = /\d+\.\d+[.\d]*/.exec(run.stdout.toString() + run.stderr.toString())?.[0];
    if (version !== undefined) found.push(`${name} ${version}`);
  }
  return found.join(', ');
}

/**
 * The commit that is checked out, and whether something is changed since; empty outside of a
 * repository.
 */
export async function commit(): Promise<string> {
  const run = await Bun.$`git describe --always --dirty --exclude '*'`
    .cwd(import.meta.dir)
    .nothrow()
    .quiet();
  return run.stdout.toString().trim();
}
