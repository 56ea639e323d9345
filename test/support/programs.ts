/** The system's programs that the tests use, and how they are installed. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A program, and the package that has it on Debian and on Alpine, if one has. */
export interface Program {
  readonly program: string;
  readonly debian: string;
  /** Where it is missing, the tests that need the program are skipped. */
  readonly alpine?: string;
}

/** What the tests use. */
export const PROGRAMS: readonly Program[] = [
  { program: 'redis-server', debian: 'redis-server', alpine: 'redis' },
  { program: 'redis-cli', debian: 'redis-tools', alpine: 'redis' },
  { program: 'postgres', debian: 'postgresql', alpine: 'postgresql' },
  { program: 'psql', debian: 'postgresql', alpine: 'postgresql-client' },
  { program: 'pg_basebackup', debian: 'postgresql', alpine: 'postgresql-client' },
  { program: 'setpriv', debian: 'util-linux', alpine: 'setpriv' },
  { program: 'openssl', debian: 'openssl', alpine: 'openssl' },
  { program: 'strace', debian: 'strace', alpine: 'strace' },
  { program: 'pgrep', debian: 'procps', alpine: 'procps' },
  { program: 'ss', debian: 'iproute2', alpine: 'iproute2' },
  { program: 'prlimit', debian: 'util-linux', alpine: 'util-linux' },
  { program: 'script', debian: 'bsdutils', alpine: 'util-linux-misc' },
  { program: 'wrk', debian: 'wrk', alpine: 'wrk' },
  { program: 'curl', debian: 'curl', alpine: 'curl' },
  { program: 'git', debian: 'git', alpine: 'git' },
  { program: 'chromium', debian: 'chromium', alpine: 'chromium' },
  { program: 'caddy', debian: 'caddy', alpine: 'caddy' },
  { program: 'nginx', debian: 'nginx-light', alpine: 'nginx' },
  { program: 'promtool', debian: 'prometheus', alpine: 'prometheus' },
  { program: 'prometheus', debian: 'prometheus', alpine: 'prometheus' },
  {
    program: 'prometheus-redis-exporter',
    debian: 'prometheus-redis-exporter',
    alpine: 'redis-exporter',
  },
  {
    program: 'prometheus-node-exporter',
    debian: 'prometheus-node-exporter',
    alpine: 'prometheus-node-exporter',
  },
];

/**
 * What the stack's tests need besides: an engine, a network of their own, and what stands in for
 * images.
 */
export const STACK_PROGRAMS: readonly Program[] = [
  { program: 'dockerd', debian: 'docker.io', alpine: 'docker' },
  { program: 'docker', debian: 'docker.io', alpine: 'docker-cli' },
  { program: 'iptables', debian: 'iptables', alpine: 'iptables' },
  { program: 'slirp4netns', debian: 'slirp4netns', alpine: 'slirp4netns' },
  { program: 'busybox', debian: 'busybox-static', alpine: 'busybox-static' },
  { program: 'dash', debian: 'dash', alpine: 'dash' },
  { program: 'nc.openbsd', debian: 'netcat-openbsd', alpine: 'netcat-openbsd' },
  { program: 'ping', debian: 'iputils-ping', alpine: 'iputils' },
  { program: 'haproxy', debian: 'haproxy', alpine: 'haproxy' },
  { program: 'debootstrap', debian: 'debootstrap', alpine: 'debootstrap' },
  { program: 'systemd-analyze', debian: 'systemd' },
  { program: 'jq', debian: 'jq', alpine: 'jq' },
];

/** What the tests in a browser need besides. */
export const BROWSER_PROGRAMS: readonly Program[] = [
  { program: 'chromium', debian: 'chromium', alpine: 'chromium' },
];

/** Where Debian keeps the programs of each version of PostgreSQL, which are not in `PATH`. */
const POSTGRES = '/usr/lib/postgresql';

/** Where the program is: of several versions of PostgreSQL, the newest. */
export function find(program: string): string | null {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES) : [];
  const folders = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => `${POSTGRES}/${version}/bin`);
  // Debian's psql in `PATH` is a script that looks for a server of its own.
  return Bun.which(program, { PATH: [...folders, process.env['PATH'] ?? ''].join(':') });
}

/** Installs what is missing where that is allowed; answers what is still missing. */
export async function provide(programs: readonly Program[]): Promise<string[]> {
  const isAlpine = !Bun.which('apt-get') && Bun.which('apk') !== null;
  const missing = () =>
    programs
      .filter(({ alpine }) => !isAlpine || alpine !== undefined)
      .filter(({ program }) => find(program) === null);
  if (missing().length === 0) return [];
  const root = process.getuid?.() === 0;
  if (root && Bun.which('apt-get')) {
    const packages = missing().map(({ debian }) => debian);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await withoutStarting(() =>
      Bun.$`apt-get update -q && apt-get install -q -y --no-install-recommends ${packages}`
        .env(env)
        .nothrow(),
    );
  } else if (root && isAlpine) {
    await Bun.$`apk add ${missing().flatMap(({ alpine }) => alpine ?? [])}`.nothrow();
  }
  return missing().map(({ program, debian }) =>
    program === debian ? program : `${program} (${debian})`,
  );
}

/**
 * What a package that brings a server asks before it starts it, and what PostgreSQL's asks before
 * it makes a database cluster, which would start with the machine.
 * https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 * https://manpages.debian.org/pg_createcluster
 */
const POLICIES = [
  { path: '/usr/sbin/policy-rc.d', text: '#!/bin/sh\nexit 101\n', mode: 0o755 },
  {
    path: '/etc/postgresql-common/createcluster.d/seen-tests.conf',
    text: 'create_main_cluster = false\n',
    mode: 0o644,
  },
];

/**
 * Installs, without that a package that brings a server starts it: these tests start their own.
 * Leaves a policy that is there.
 */
async function withoutStarting(install: () => PromiseLike<unknown>): Promise<void> {
  const ours = POLICIES.filter(({ path }) => !existsSync(path));
  for (const { path, text, mode } of ours) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  }
  try {
    await install();
  } finally {
    for (const { path } of ours) rmSync(path);
  }
}
