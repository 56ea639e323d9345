/**
 * `npm test`: makes sure of the system's programs that the tests use, runs them, and closes with one line
 * `N passed, N failed`.
 *
 * Words after it choose the files whose paths contain one of them, and what begins with a dash goes to the test runner. Without
 * words all are run but those in test/stack (`npm run test:stack`), which need root and bring up a Swarm.
 */
import { join } from 'node:path';
import { inWorld } from './stack/support/world.ts';
import { temporaryFolder } from './support/folder.ts';

/** A program, and the package that has it on Debian and on Alpine. */
interface Program {
  readonly program: string;
  readonly debian: string;
  readonly alpine: string;
}

const PROGRAMS: readonly Program[] = [
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
];

/** What the stack's tests need besides: an engine, a network of their own, and what stands in for images. */
const STACK_PROGRAMS: readonly Program[] = [
  { program: 'dockerd', debian: 'docker.io', alpine: 'docker' },
  { program: 'docker', debian: 'docker.io', alpine: 'docker-cli' },
  { program: 'iptables', debian: 'iptables', alpine: 'iptables' },
  { program: 'slirp4netns', debian: 'slirp4netns', alpine: 'slirp4netns' },
  { program: 'busybox', debian: 'busybox-static', alpine: 'busybox-static' },
  { program: 'nc.openbsd', debian: 'netcat-openbsd', alpine: 'netcat-openbsd' },
  { program: 'ping', debian: 'iputils-ping', alpine: 'iputils' },
  { program: 'haproxy', debian: 'haproxy', alpine: 'haproxy' },
  { program: 'caddy', debian: 'caddy', alpine: 'caddy' },
  { program: 'prometheus', debian: 'prometheus', alpine: 'prometheus' },
  { program: 'prometheus-redis-exporter', debian: 'prometheus-redis-exporter', alpine: 'redis-exporter' },
  {
    program: 'prometheus-node-exporter',
    debian: 'prometheus-node-exporter',
    alpine: 'prometheus-node-exporter',
  },
];

/** Installs what is missing where that is allowed; answers what is still missing. */
async function provide(programs: readonly Program[]): Promise<string[]> {
  const missing = () => programs.filter(({ program }) => Bun.which(program) === null);
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

/** Tests that are run together. */
interface Suite {
  readonly files: readonly string[];
  readonly programs: readonly Program[];
  /** Longer than its longest test: one waits for a Redis that is away for 60 s, others for a Swarm. */
  readonly timeoutMs: number;
  readonly run: (command: readonly string[]) => Promise<number>;
}

const ROOT = join(import.meta.dir, '..');

/** The files that `words` choose. */
function suites(words: readonly string[]): Suite[] {
  const files = [...new Bun.Glob('test/**/*.test.ts').scanSync(ROOT)].toSorted();
  const chosen = files.filter((file) => words.some((word) => file.includes(word)));
  const inStack = (file: string) => file.startsWith('test/stack/');
  return [
    {
      files: (words.length === 0 ? files : chosen).filter((file) => !inStack(file)),
      programs: PROGRAMS,
      timeoutMs: 180_000,
      run: async (command: readonly string[]) =>
        Bun.spawn([...command], { cwd: ROOT, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' }).exited,
    },
    {
      files: chosen.filter(inStack),
      programs: [...PROGRAMS, ...STACK_PROGRAMS],
      timeoutMs: 600_000,
      run: inWorld,
    },
  ].filter((suite) => suite.files.length > 0);
}

/** Runs a suite; answers how many tests passed and failed, and whether all is well. */
async function runSuite({ files, timeoutMs, run }: Suite, flags: readonly string[]) {
  using folder = temporaryFolder();
  const report = join(folder.path, 'report.xml');
  const status = await run([
    process.execPath,
    'test',
    `--timeout=${timeoutMs}`,
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...flags,
    ...files.map((file) => `./${file}`),
  ]);
  const xml = await Bun.file(report)
    .text()
    .catch(() => '');
  const totals = /<testsuites [^>]*tests="(\d+)"[^>]*failures="(\d+)"[^>]*skipped="(\d+)"/.exec(xml);
  const [tried, failed, skipped] = [1, 2, 3].map((at) => Number(totals?.[at] ?? 0)) as [
    number,
    number,
    number,
  ];
  return { passed: tried - failed - skipped, failed, fine: status === 0 && tried > 0 };
}

async function main(args: readonly string[]): Promise<number> {
  const dash = args.findIndex((arg) => arg.startsWith('-'));
  const words = dash === -1 ? args : args.slice(0, dash);
  const chosen = suites(words);
  if (chosen.length === 0) {
    process.stderr.write(`No test file has ${words.join(' or ')} in its path. They are in test/.\n`);
    return 1;
  }
  const missing = await provide(chosen.flatMap(({ programs }) => programs));
  if (missing.length > 0) {
    process.stderr.write(
      `Install these with the system's package manager, then run npm test again: ${missing.join(', ')}\n`,
    );
    return 1;
  }
  let [passed, failed, fine] = [0, 0, true];
  for (const suite of chosen) {
    const result = await runSuite(suite, dash === -1 ? [] : args.slice(dash));
    passed += result.passed;
    failed += result.failed;
    fine &&= result.fine;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return fine ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
