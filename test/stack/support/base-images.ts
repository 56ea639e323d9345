/**
 * Stand-ins for the base images, for machines without a container registry: programs of the
 * machine under the names that the Dockerfile and the stack files use. The images built on them
 * and the programs in them are real; only the C library (glibc instead of musl) and the versions
 * (the machine's) differ.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';
import { find } from '../../support/programs.ts';
import type { Node } from './node.ts';

interface BaseImage {
  /** The image's name before the colon; its tag is read from the files that use it. */
  readonly name: string;
  /** Programs of this machine, and where the image has them. */
  readonly programs: Readonly<Record<string, string>>;
  readonly user?: { readonly name: string; readonly uid: number; readonly gid: number };
  /** Folders that the user owns. */
  readonly folders?: readonly string[];
  /** Folders that everybody may write to, besides `/tmp`. */
  readonly open?: readonly string[];
  /** Other files and folders of this machine, which the image has at the same place. */
  readonly files?: readonly string[];
  /** As `docker import --change` takes it. */
  readonly changes: readonly string[];
}

/** Where Debian keeps a version of PostgreSQL. It finds its other files from there. */
const POSTGRES = dirname(dirname(find('postgres') ?? '/usr/lib/postgresql/0/bin/postgres'));

const IMAGES: readonly BaseImage[] = [
  {
    name: 'oven/bun',
    programs: { [process.execPath]: '/usr/local/bin/bun' },
    user: { name: 'bun', uid: 1000, gid: 1000 },
    changes: ['WORKDIR /home/bun/app'],
  },
  {
    name: 'redis',
    programs: {
      'redis-server': '/usr/local/bin/redis-server',
      'redis-cli': '/usr/local/bin/redis-cli',
      'redis-check-aof': '/usr/local/bin/redis-check-aof',
      // Debian's busybox has none, unlike Alpine's.
      flock: '/usr/bin/flock',
    },
    user: { name: 'redis', uid: 999, gid: 1000 },
    folders: ['/data'],
    changes: ['VOLUME /data', 'WORKDIR /data', 'EXPOSE 6379', 'CMD ["redis-server"]'],
  },
  {
    name: 'postgres',
    programs: {
      ...Object.fromEntries(
        ['postgres', 'initdb', 'pg_ctl', 'pg_isready', 'psql', 'pg_dump'].map((name) => [
          name,
          join(POSTGRES, 'bin', name),
        ]),
      ),
      [join(import.meta.dir, 'postgres-entrypoint.sh')]: '/usr/local/bin/docker-entrypoint.sh',
    },
    files: [
      join(POSTGRES, 'lib/plpgsql.so'),
      join(POSTGRES, 'lib/dict_snowball.so'),
      POSTGRES.replace('/lib/', '/share/'),
    ],
    user: { name: 'postgres', uid: 70, gid: 70 },
    folders: ['/var/lib/postgresql/data'],
    open: ['/var/run/postgresql'],
    changes: [
      'VOLUME /var/lib/postgresql/data',
      `ENV PATH=${POSTGRES}/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data`,
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'EXPOSE 5432',
      'CMD ["postgres"]',
    ],
  },
  {
    name: 'caddy',
    programs: { caddy: '/usr/bin/caddy' },
    folders: ['/config', '/data', '/srv'],
    changes: [
      'ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data',
      'WORKDIR /srv',
      'CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]',
    ],
  },
  {
    name: 'haproxy',
    programs: { haproxy: '/usr/local/sbin/haproxy' },
    user: { name: 'haproxy', uid: 99, gid: 99 },
    changes: ['USER haproxy', 'CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'],
  },
  {
    name: 'prom/prometheus',
    programs: { prometheus: '/bin/prometheus', promtool: '/bin/promtool' },
    user: { name: 'nobody', uid: 65534, gid: 65534 },
    folders: ['/prometheus'],
    changes: [
      'USER nobody',
      'WORKDIR /prometheus',
      'ENTRYPOINT ["/bin/prometheus"]',
      'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]',
    ],
  },
  {
    name: 'oliver006/redis_exporter',
    programs: { 'prometheus-redis-exporter': '/redis_exporter' },
    changes: ['USER 59000:59000', 'ENTRYPOINT ["/redis_exporter"]'],
  },
  {
    name: 'prom/node-exporter',
    programs: { 'prometheus-node-exporter': '/bin/node_exporter' },
    user: { name: 'nobody', uid: 65534, gid: 65534 },
    changes: ['USER nobody', 'ENTRYPOINT ["/bin/node_exporter"]'],
  },
];

/** Files whose `FROM` and `image:` lines say which tags are wanted. */
const USERS = [
  'Dockerfile',
  'docker-compose.yml',
  'compose.local.yml',
  'deploy/edge.yml',
  'deploy/monitoring.yml',
  'test/stack/support/layout.ts',
];

/**
 * The whole names, with tags, of the base images that the project uses and this machine can stand
 * in for.
 */
function baseImages(): string[] {
  const texts = USERS.map((file) => join(ROOT, file))
    .filter(existsSync)
    .map((file) => readFileSync(file, 'utf8'));
  return IMAGES.flatMap(({ name }) => {
    const tagged = new RegExp(`(?:FROM |image: ['"]?)((?:docker\\.io/)?${name}:[\\w.-]+)`);
    return texts.flatMap((text) => tagged.exec(text)?.[1] ?? []).slice(0, 1);
  });
}

/** Makes the stand-ins in the engine of `node`. */
export async function makeBaseImages(node: Node): Promise<void> {
  const tagged = baseImages();
  for (const image of IMAGES) {
    const name = tagged.find((whole) => whole.startsWith(`${image.name}:`));
    if (name === undefined) continue;
    using root = temporaryFolder();
    fill(root.path, image);
    const archive = join(node.folder, 'image.tar');
    await Bun.$`tar -C ${root.path} -cf ${archive} .`;
    await node.mustDocker(
      'import',
      ...image.changes.flatMap((change) => ['--change', change]),
      ...environment(),
      archive,
      name,
    );
    await Bun.$`rm ${archive}`;
  }
}

/**
 * Makes Bun's stand-in for several platforms with the engine of `node`, which has to keep its
 * images in containerd, and pushes it to a registry. The programs in all of them are this
 * machine's, so only its own can run.
 */
export async function pushBunForPlatforms(
  node: Node,
  registry: string,
  platforms: readonly string[],
): Promise<void> {
  const image = IMAGES.find(({ name }) => name === 'oven/bun') as BaseImage;
  const name = baseImages().find((whole) => whole.startsWith(`${image.name}:`)) ?? image.name;
  using folder = temporaryFolder();
  const root = join(folder.path, 'root');
  mkdirSync(root);
  fill(root, image);
  await Bun.$`tar -C ${root} -cf root.tar . && rm -r ${root}`.cwd(folder.path);
  const changes = [...image.changes, ...environment()].filter((word) => word !== '--change');
  writeFileSync(
    join(folder.path, 'Dockerfile'),
    ['FROM scratch', 'ADD root.tar /', ...changes, ''].join('\n'),
  );
  const words = `--platform=${platforms.join(',')} --tag=${registry}/${name} --push`;
  await node.mustDocker('buildx', 'build', ...words.split(' '), folder.path);
}

/** How programs find the machine's certificates, as the machine's own programs are told. */
function environment(): string[] {
  return ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'].flatMap((name) =>
    process.env[name] ? ['--change', `ENV ${name}=${CERTIFICATES}`] : [],
  );
}

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const SHELL_PROGRAMS = { dash: '/bin/sh', 'nc.openbsd': '/bin/nc', ping: '/bin/ping' };

function fill(
  root: string,
  { programs, user, folders = [], open = [], files = [] }: BaseImage,
): void {
  for (const folder of [
    'bin',
    'usr/bin',
    'usr/local/bin',
    'tmp',
    'etc',
    'proc',
    'sys',
    'dev',
    'run',
    'home',
    ...folders,
    ...open,
  ]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of ['tmp', ...open]) chmodSync(join(root, folder), 0o1777);
  const people = [
    'root:x:0:0:root:/root:/bin/sh',
    ...(user ? [`${user.name}:x:${user.uid}:${user.gid}::/home:/bin/sh`] : []),
  ];
  const groups = ['root:x:0:', ...(user ? [`${user.name}:x:${user.gid}:`] : [])];
  writeFileSync(join(root, 'etc/passwd'), `${people.join('\n')}\n`);
  writeFileSync(join(root, 'etc/group'), `${groups.join('\n')}\n`);
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  for (const folder of folders) {
    if (user) Bun.spawnSync(['chown', '-R', `${user.uid}:${user.gid}`, join(root, folder)]);
  }
  if (existsSync(CERTIFICATES)) copy(CERTIFICATES, join(root, CERTIFICATES));
  for (const applet of Bun.spawnSync(['busybox', '--list']).stdout.toString().trim().split('\n')) {
    if (!['busybox', 'sh', 'nc', 'ping'].includes(applet))
      symlinkSync('/bin/busybox', join(root, 'bin', applet));
  }
  // Alpine's busybox has a nc with -z, a ping that does not want to be root, and a shell that
  // looks for programs where PATH says; Debian's has none of these.
  for (const [program, path] of Object.entries({
    busybox: '/bin/busybox',
    ...SHELL_PROGRAMS,
    ...programs,
  })) {
    copy(which(program), join(root, path));
    for (const library of libraries(which(program))) copy(library, join(root, library));
  }
  for (const file of files) {
    cpSync(file, join(root, file), { recursive: true, dereference: true });
  }
}

function which(program: string): string {
  const path = find(program);
  if (!path) throw new Error(`${program} is not on this machine`);
  return path;
}

/** The shared libraries of a program, its loader among them. */
function libraries(program: string): string[] {
  const said = Bun.spawnSync(['ldd', program]).stdout.toString();
  return [...said.matchAll(/(\/\S+)(?= \(0x)/g)].map(([path]) => path);
}

function copy(from: string, to: string): void {
  if (existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
  if (!to.endsWith('.crt')) chmodSync(to, 0o755);
}
