/**
 * `npm test`: makes sure of the system's programs that the tests use, runs all tests, and closes with one line
 * `N passed, N failed`.
 */
import { join } from 'node:path';
import { temporaryFolder } from './support/folder.ts';

/** Programs and the packages that have them, on Debian and on Alpine. */
const PROGRAMS = [
  { program: 'redis-server', debian: 'redis-server', alpine: 'redis' },
  { program: 'redis-cli', debian: 'redis-tools', alpine: 'redis' },
  { program: 'openssl', debian: 'openssl', alpine: 'openssl' },
  { program: 'strace', debian: 'strace', alpine: 'strace' },
  { program: 'pgrep', debian: 'procps', alpine: 'procps' },
  { program: 'ss', debian: 'iproute2', alpine: 'iproute2' },
  { program: 'prlimit', debian: 'util-linux', alpine: 'util-linux' },
  { program: 'script', debian: 'bsdutils', alpine: 'util-linux-misc' },
  { program: 'wrk', debian: 'wrk', alpine: 'wrk' },
  { program: 'curl', debian: 'curl', alpine: 'curl' },
  { program: 'git', debian: 'git', alpine: 'git' },
] as const;

/** Installs what is missing where that is allowed; answers what is still missing. */
async function provide(): Promise<string[]> {
  const missing = () => PROGRAMS.filter(({ program }) => Bun.which(program) === null);
  if (missing().length === 0) return [];
  const root = process.getuid?.() === 0;
  if (root && Bun.which('apt-get')) {
    const packages = missing().map(({ debian }) => debian);
    // A package that brings a server must not start it: these tests start their own.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    await Bun.$`apt-get update -q && apt-get install -q -y --no-install-recommends ${packages}`
      .env(env)
      .nothrow();
  } else if (root && Bun.which('apk')) {
    await Bun.$`apk add ${missing().map(({ alpine }) => alpine)}`.nothrow();
  }
  return missing().map(({ program, debian }) => (program === debian ? program : `${program} (${debian})`));
}

async function main(args: readonly string[]): Promise<number> {
  const missing = await provide();
  if (missing.length > 0) {
    process.stderr.write(
      `Install these with the system's package manager, then run npm test again: ${missing.join(', ')}\n`,
    );
    return 1;
  }
  using folder = temporaryFolder();
  const report = join(folder.path, 'report.xml');
  // The longest test waits for a Redis that is away for 60 s.
  const tests = Bun.spawn(
    [
      process.execPath,
      'test',
      '--timeout=180000',
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      ...args,
    ],
    { cwd: join(import.meta.dir, '..'), stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' },
  );
  const status = await tests.exited;
  const totals = /<testsuites [^>]*tests="(\d+)"[^>]*failures="(\d+)"/.exec(
    await Bun.file(report)
      .text()
      .catch(() => ''),
  );
  const [tried, failed] = [Number(totals?.[1] ?? 0), Number(totals?.[2] ?? 0)];
  process.stdout.write(`${tried - failed} passed, ${failed} failed\n`);
  return status === 0 && tried > 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
