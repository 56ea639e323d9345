/**
 * The files that the stack is deployed from agree with each other, and Seen's rights in Redis are
 * sufficient.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import project from '../../package.json' with { type: 'json' };
import { readConfig } from '../../src/config/config.ts';
import { settings } from '../../src/config/settings.ts';
import type { ArchivedCounter } from '../../src/contract/archive.ts';
import type { Change } from '../../src/contract/counting.ts';
import { DAY_MS, HOURS_KEPT_DAYS } from '../../src/contract/history.ts';
import { LIMITED_MAX } from '../../src/contract/limiter.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import { RULES } from '../../src/contract/registry.ts';
import type { Store } from '../../src/contract/store.ts';
import { createRedisStore } from '../../src/stores/redis/store.ts';
import { testStoreContract } from '../contract/store-contract.ts';
import { LIMITS } from '../contract/subject.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';

interface Service {
  readonly stop_grace_period?: string;
  readonly command?: string;
  readonly image?: string;
  readonly networks?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly secrets?: readonly string[];
}

interface StackFile {
  readonly version: string;
  readonly services: Readonly<Record<string, Service | undefined>>;
  readonly configs?: Readonly<Record<string, { readonly name: string; readonly file: string }>>;
  readonly networks?: object;
  readonly volumes?: object;
  readonly secrets?: object;
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const stackFile = (path: string) => Bun.YAML.parse(read(path)) as StackFile;
/** As Docker reads a value of a file, where no variable is set. */
const composed = (value: string) =>
  value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll(/\{\{\.Task\.Name\}\}/g, 'a-task');
const words = (text = '') => text.trim().split(/\s+/);

describe('the image', () => {
  const dockerfile = read('Dockerfile');

  test('has the version of Bun that the tests use, in both stages and in its label', () => {
    const bases = [...dockerfile.matchAll(/^FROM .*\boven\/bun:(\S+)/gm)].map(([, tag]) => tag);
    const tag = `${project.dependencies.bun}-alpine`;
    expect(bases).toEqual([tag, tag]);
    expect(dockerfile).toContain(`image.base.name="docker.io/oven/bun:${tag}"`);
  });

  test('reports the version of the project, unless another is given', () => {
    const versions = [...dockerfile.matchAll(/^ARG VERSION=(.*)$/gm)].map(
      ([, version]) => version,
    );
    expect(versions).toEqual([project.version, project.version]);
    const [, baked] = /^variable "VERSION" \{\n {2}default = "(.*)"$/m.exec(
      read('docker-bake.hcl'),
    ) ?? [undefined, ''];
    expect(baked).toBe(project.version);
  });

  test('runs no command on another platform than the builder’s', () => {
    const [build = '', image = ''] = dockerfile.split(/^FROM /m).slice(1);
    expect(build).toStartWith('--platform=${BUILDPLATFORM:-linux} ');
    expect(image).not.toMatch(/^RUN /m);
  });

  test('ends by itself before docker stop kills it after 10 seconds', () => {
    expect(Number(/SEEN_STOP_MS=(\d+)/.exec(dockerfile)?.[1])).toBeLessThan(10_000);
  });
});

describe('compose.local.yml', () => {
  const local = stackFile('compose.local.yml');
  const stack = stackFile('docker-compose.yml');

  test('runs the Redis of the stack with its settings, and a password besides', () => {
    expect(local.services['redis']?.image).toBe(stack.services['redis']?.image as string);
    const flags = (command = '') => command.split(/\bredis-server | --include /)[1];
    const [ours, theirs] = [local, stack].map(({ services }) => services['redis']?.command);
    // Others reach the stack's Redis with a password only if there is one; here there always is.
    expect(flags(ours)?.trim()).toBe(flags(theirs)?.replace(' --protected-mode no', ''));
  });

  test('gives Seen on Redis the bounds of the stack', () => {
    const bounds = ['SEEN_COUNTERS_MAX', 'SEEN_VISITORS_MAX'] as const;
    const [ours, theirs] = [local.services['web-redis'], stack.services['web']].map((web) =>
      bounds.map((name) => web?.environment?.[name]),
    );
    expect(ours?.every(Boolean)).toBe(true);
    expect(ours).toEqual(theirs ?? []);
  });

  test('is what Compose uses in this folder, and git keeps the settings with a token away', () => {
    expect(read('.env')).toContain('\nCOMPOSE_FILE=compose.local.yml\nCOMPOSE_PROFILES=sqlite\n');
    expect(read('.gitignore').split('\n')).toContain('seen.env');
  });

  test('makes passwords of 256 bits, and none and no files when a program for it is missing', async () => {
    const { services } = Bun.YAML.parse(read('compose.local.yml')) as {
      readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
    };
    const [script = ''] = services['passwords']?.command ?? [];
    for (const missing of ['', 'od']) {
      using folder = temporaryFolder();
      for (const name of ['secrets', 'urls']) mkdirSync(join(folder.path, name));
      const here = script
        .replaceAll('$$', '$')
        .replaceAll('/run/secrets', `${folder.path}/secrets`)
        .replaceAll('/urls', `${folder.path}/urls`);
      const PATH = pathWithout(folder.path, missing);
      const { exitCode } = await Bun.$`sh -euc ${here}`.env({ PATH }).quiet().nothrow();
      const made = [...new Bun.Glob('{secrets,urls}/*').scanSync(folder.path)].toSorted();
      const complete = [
        'secrets/complete',
        'secrets/postgres_admin',
        'secrets/postgres_seen',
        'secrets/redis.conf',
        'urls/postgres_url',
        'urls/redis_url',
      ];
      expect({ missing, exitCode, made }).toEqual(
        missing === ''
          ? { missing, exitCode: 0, made: complete }
          : { missing, exitCode: 1, made: [] },
      );
      for (const path of made.slice(1))
        expect(readFileSync(join(folder.path, path), 'utf8')).toMatch(/[0-9a-f]{64}/);
    }
  });
});

/** The programs that scripts in `deploy/` use, besides that of the engine. */
const SCRIPT_PROGRAMS = ['cat', 'cut', 'mkdir', 'od', 'sed', 'sh', 'sha256sum', 'touch', 'tr'];

/** A `PATH` with these programs only, without `missing`, and what is in `folder`/bin. */
function pathWithout(folder: string, missing: string): string {
  const bin = join(folder, 'programs');
  mkdirSync(bin);
  for (const name of SCRIPT_PROGRAMS) {
    const path = Bun.which(name);
    if (name !== missing && path !== null) symlinkSync(path, join(bin, name));
  }
  return `${join(folder, 'bin')}:${bin}`;
}

describe('the overlays of the stack', () => {
  const files = ['secure', 'edge', 'monitoring', 'secure-monitoring'].map(
    (name) => `deploy/${name}.yml`,
  );
  /** Instead of `secure`, which is for Redis. */
  const withPostgres = ['high-availability', 'edge', 'monitoring'].map(
    (name) => `deploy/${name}.yml`,
  );

  test('have the format version of the stack, otherwise Docker refuses both', () => {
    const formats = new Set(
      ['docker-compose.yml', ...files, ...withPostgres].map((file) => stackFile(file).version),
    );
    expect([...formats]).toEqual(['3.9']);
  });

  test('a stop waits longer than a visit, and Swarm longer than a stop', () => {
    for (const overlays of [[], files, withPostgres]) {
      const web = ['docker-compose.yml', ...overlays].map(
        (file) => stackFile(file).services['web'],
      );
      const given = Object.assign({}, ...web.map((part) => part?.environment ?? {}));
      const graceMs = Number.parseInt(web[0]?.stop_grace_period ?? '', 10) * 1000;
      expect(given['SEEN_WAIT_MS']).toBeLessThan(given['SEEN_STOP_MS']);
      expect(given['SEEN_STOP_MS']).toBeLessThan(graceMs);
    }
  });

  /**
   * What a file may say of a service that an earlier file has: Docker's clients merge these by
   * name, all since 20.10 (`cli/compose/loader/merge.go`). They append other lists, or replace
   * them, or merge them by a key, each version in its own way: `command`, `entrypoint`, `volumes`,
   * `healthcheck.test`; and 20.10 cannot replace `deploy.replicas` by 0.
   */
  const MERGED_BY_NAME = new Set(['environment', 'networks', 'secrets', 'configs']);
  const namesIn = (part: unknown): string[] =>
    Array.isArray(part)
      ? part.map((entry: string | { source: string }) =>
          typeof entry === 'string' ? entry : entry.source,
        )
      : Object.keys(part ?? {});

  /**
   * What a file repeats of the files before it, in a way that clients merge differently:
   * `redis.command`.
   */
  function repeatedBy(file: StackFile, earlier: readonly StackFile[]): string[] {
    const repeated: string[] = [];
    for (const [name, service] of Object.entries(file.services)) {
      for (const before of earlier.flatMap(({ services }) => services[name] ?? [])) {
        for (const [key, part] of Object.entries(service ?? {})) {
          if (!MERGED_BY_NAME.has(key)) repeated.push(`${name}.${key}`);
          else if (key !== 'environment' || Array.isArray(part)) {
            const had = new Set(namesIn(before[key as keyof Service]));
            repeated.push(
              ...namesIn(part).flatMap((entry) =>
                had.has(entry) ? `${name}.${key}.${entry}` : [],
              ),
            );
          }
        }
      }
    }
    for (const key of ['networks', 'volumes', 'secrets', 'configs'] as const) {
      const had = new Set(earlier.flatMap((before) => Object.keys(before[key] ?? {})));
      repeated.push(
        ...Object.keys(file[key] ?? {}).flatMap((name) => (had.has(name) ? `${key}.${name}` : [])),
      );
    }
    return repeated;
  }

  test('repeat nothing that Docker’s clients merge differently: no command, list or name', () => {
    for (const overlays of [files, withPostgres]) {
      const all = ['docker-compose.yml', ...overlays].map(stackFile);
      const repeated = all.map((file, index) => repeatedBy(file, all.slice(0, index)));
      expect(repeated).toEqual(all.map(() => []));
    }
  });

  test('a file that repeats a command, a list or a name is noticed', () => {
    const base = stackFile('docker-compose.yml');
    const said = (service: object, more: object = {}) =>
      repeatedBy({ version: '3.9', services: { redis: service }, ...more }, [base]);
    expect(said({ command: 'redis-server' })).toEqual(['redis.command']);
    expect(said({ volumes: ['other:/data'] })).toEqual(['redis.volumes']);
    expect(said({ healthcheck: { test: 'true' } })).toEqual(['redis.healthcheck']);
    expect(said({ deploy: { placement: { constraints: [] } } })).toEqual(['redis.deploy']);
    expect(said({ networks: ['webnet', 'more'] })).toEqual(['redis.networks.webnet']);
    expect(said({}, { volumes: { 'redis-data': {} } })).toEqual(['volumes.redis-data']);
    expect(said({ environment: { A: 'b' }, secrets: ['one'], networks: { more: {} } })).toEqual(
      [],
    );
  });

  test('Redis reads the users of deploy/secure.yml from the secret, and starts without it', () => {
    const command = stackFile('docker-compose.yml').services['redis']?.command ?? '';
    const included = /--include ([^\s']+)/.exec(command)?.[1] ?? '';
    const [secret = ''] = stackFile('deploy/secure.yml').services['redis']?.secrets ?? [];
    // With a wildcard Redis takes no file for none; without one it would not start.
    expect(included).toBe(`/run/secrets/${secret}*`);
  });

  test('Seen accepts the settings of each file, and limits are on where addresses are known', () => {
    const given = ['docker-compose.yml', ...files].map((file) => {
      const { environment = {} } = stackFile(file).services['web'] ?? {};
      const env = Object.entries(environment).map(([name, value]) => [name, composed(`${value}`)]);
      return Object.fromEntries(env.filter(([name = '']) => !name.endsWith('_FILE'))) as Record<
        string,
        string
      >;
    });
    for (const env of given) readConfig({ argv: [], env });
    expect(readConfig({ argv: [], env: given[0] ?? {} }).addresses).toBe('hidden');
    const { trustedProxies, requestsPerMinute, newCountersPerDay, addresses } = readConfig({
      argv: [],
      env: Object.assign({}, ...given),
    });
    expect({ trustedProxies, requestsPerMinute, newCountersPerDay, addresses }).toEqual({
      trustedProxies: ['10.98.98.0/24'],
      addresses: 'known',
      requestsPerMinute: 600,
      newCountersPerDay: 100,
    });
  });

  test('use no key that docker stack deploy ignores', () => {
    const keys = ['docker-compose.yml', ...files, ...withPostgres].flatMap((file) =>
      Object.values(stackFile(file).services).flatMap((service) => Object.keys(service ?? {})),
    );
    const ignored = new Set(['depends_on', 'security_opt', 'shm_size', 'tmpfs']);
    expect(keys.filter((key) => ignored.has(key))).toEqual([]);
  });

  test('every image has a fixed tag, except those that are built here', () => {
    const images = ['docker-compose.yml', ...files, ...withPostgres].flatMap((file) =>
      Object.values(stackFile(file).services).flatMap((service) => service?.image ?? []),
    );
    expect(images.length).toBeGreaterThan(5);
    const builtHere = /^(stackdemo|seen-(etcd|postgres):1)$/;
    for (const image of images.map(composed).filter((name) => !builtHere.test(name)))
      expect(image).toMatch(/:v?\d+\.\d+\.\d+(-alpine)?$/);
  });

  test('the tests of the promises use a Redis with the stack’s settings', () => {
    const command = stackFile('docker-compose.yml').services['redis']?.command ?? '';
    for (const [name, value] of Object.entries(SAFE))
      expect(command).toContain(`--${name} ${value}`);
  });

  test('all that visits can make fits below 80 % of Redis’ memory, from which on nothing new is stored', () => {
    const { redis, web } = stackFile('docker-compose.yml').services;
    const megabytes = Number(/--maxmemory (\d+)mb/.exec(redis?.command ?? '')?.[1]);
    const counters = Number(web?.environment?.['SEEN_COUNTERS_MAX']);
    const visitors = Number(web?.environment?.['SEEN_VISITORS_MAX']);
    // Bytes of Redis each takes at the most, as docs/capacity.md states and another test measures.
    const bytes =
      counters * 1280 +
      Number(settings.keysMax.fallback) * 180 +
      visitors * 150 +
      LIMITED_MAX * 150;
    expect(bytes).toBeLessThan(0.8 * megabytes * 2 ** 20);
  });

  test('Caddy accepts its configuration, for localhost and for a public name', async () => {
    for (const site of ['', 'count.example.org']) {
      const validate = Bun.spawn(
        [
          'caddy',
          'validate',
          '--adapter',
          'caddyfile',
          '--config',
          join(ROOT, 'deploy/edge/Caddyfile'),
        ],
        {
          env: {
            PATH: process.env['PATH'] ?? '',
            HOME: '/nonexistent',
            ...(site && { EDGE_SITE: site }),
          },
          stdout: 'pipe',
          stderr: 'pipe',
        },
      );
      expect(
        (await new Response(validate.stdout).text()) +
          (await new Response(validate.stderr).text()),
      ).toContain('Valid configuration');
    }
  });

  test('a changed Caddyfile is deployed under a new name, because Swarm never changes a config', () => {
    const { name, file } = stackFile('deploy/edge.yml').configs?.['caddyfile'] ?? {
      name: '',
      file: '',
    };
    const hash = new Bun.CryptoHasher('sha256').update(read(file)).digest('hex').slice(0, 8);
    // Red? The file has changed: put this hash where the old one stands in deploy/edge.yml.
    expect(name).toEndWith(`-\${EDGE_CONFIG:-${hash}}`);
  });
});

/** As much of Docker's client as the script uses, with files for secrets. */
const DOCKER = `#!/bin/sh
case "$2" in
  inspect) test -e "FOLDER/$3" ;;
  create) cat > "FOLDER/$3" ;;
esac
`;

const openStore = (url: string, limits: Partial<StoreLimits> & { now?: () => number } = {}) =>
  createRedisStore({ url, ca: undefined, timeoutMs: 20_000, now: Date.now, ...LIMITS, ...limits });

/** The time of the stores that are asked. */
const clock = { at: Date.now() };

/** A counter that comes from elsewhere. */
const BROUGHT: ArchivedCounter = {
  counter: 'my-site/made',
  total: 3,
  madeAt: 1,
  owner: 'an owner',
  rules: { ...RULES, private: true },
  past: { hours: [{ at: 1, kind: 'bot', amount: 1 }], days: [], visitors: new Map([[2, 1]]) },
};

type Parts = Omit<Store, 'kind' | 'place' | 'risks' | 'close'>;
/** A method of a part, as "PART.METHOD". */
type Call = {
  [Part in keyof Parts]: `${Part}.${Exclude<keyof Parts[Part] & string, 'division' | 'short' | 'visitorsError' | 'waitForTurn'>}`;
}[keyof Parts];

/** All that Seen asks of its store: a method that is new does not compile until it stands here. */
const ASKED: Readonly<Record<Call | 'risks', (store: Store) => Promise<unknown>>> = {
  'counting.ping': ({ counting }) => counting.ping(),
  async risks(store) {
    // A user who may not look is a risk, not an error.
    for (const risk of await store.risks()) throw new Error(risk);
  },
  async 'registry.create'({ registry }) {
    const rules = { ...RULES, lowest: -1, settable: true };
    expect(
      await registry.create('my-site/made', {
        total: 41,
        madeAt: Date.now(),
        owner: 'somebody',
        rules,
      }),
    ).toBe('created');
    expect(
      await registry.create('my-site/made', { total: 41, madeAt: Date.now(), owner: 'somebody' }),
    ).toBe('created');
    expect(
      await registry.create('my-site/made', { total: 0, madeAt: Date.now(), owner: 'another' }),
    ).toBe('exists');
  },
  async 'counting.commit'({ counting }) {
    const writer = randomUUID();
    const commit = (sequence: number, ...changes: Change[]) =>
      counting.commit({ writer, sequence, changes });
    const keyed = { counter: 'my-site/keyed', amount: 1, once: { key: 'a-key', request: '1' } };
    expect(
      await commit(1, { counter: 'hits', amount: 3 }, { counter: 'my-site/page', amount: -1 }),
    ).toEqual([3, -1]);
    expect(await commit(2, keyed)).toEqual([1]);
    expect(await commit(2, keyed)).toEqual([1]);
    const reused = { ...keyed, once: { key: 'a-key', request: '2' } };
    expect(await commit(3, keyed, reused)).toEqual([1, 'key-reused']);
    const far = { counter: 'hits', amount: Number.MAX_SAFE_INTEGER };
    expect(await commit(4, far, { counter: 'my-site/page', amount: 1 })).toEqual([
      'out-of-range',
      0,
    ]);
    expect(
      await commit(5, { counter: 'my-site/more', amount: 1 }, { counter: 'hits', amount: 1 }),
    ).toEqual(['counters-full', 4]);
  },
  async 'history.recent'({ history }) {
    const today = Math.floor(clock.at / 86_400_000);
    const [visits] = await history.recent(['my-site/keyed'], today - 1, today);
    expect([...(visits?.values() ?? [])]).toEqual([1]);
  },
  async 'counting.read'({ counting }) {
    expect(await counting.read(['hits', 'my-site/keyed', 'my-site/none'])).toEqual([
      4,
      1,
      undefined,
    ]);
  },
  async 'registry.describe'({ registry }) {
    expect(await registry.describe('my-site/made')).toMatchObject({
      total: 41,
      owner: 'somebody',
    });
  },
  async 'presence.heartbeat'({ presence }) {
    const report = {
      id: 'one',
      name: 'one',
      version: '1',
      startedAt: 1,
      hits: 0,
      state: 'ready',
    } as const;
    expect(await presence.heartbeat(report)).toMatchObject([report]);
  },
  async 'registry.change'({ registry, counting }) {
    const label = { title: 'A title', link: 'http://a.example/' };
    const changes = { total: 42, owner: 'another', rules: { windowMs: 1000 }, ...label };
    expect(await registry.change('my-site/made', changes)).toMatchObject(changes);
    const untitled = await registry.change('my-site/made', { title: null });
    expect(untitled).toMatchObject({ ...changes, title: undefined });
    expect(await registry.change('my-site/none', { total: 42 })).toBe('missing');
    const change: Change = {
      counter: 'my-site/made',
      amount: 1,
      visitors: [{ id: 'somebody', kind: 'person', visits: 1 }],
    };
    const commit = (sequence: number) =>
      counting.commit({ writer: 'of the rules', sequence, changes: [change] });
    expect(await commit(1)).toMatchObject([{ counted: [true] }]);
    // A window that does not end by itself is found out here.
    clock.at += 1000;
    expect(await commit(2)).toMatchObject([{ counted: [true] }]);
  },
  async 'registry.list'({ registry }) {
    const { counters } = await registry.list({ search: 'my-', after: 'hits', limit: 2 });
    expect(counters.map(({ counter }) => counter)).toEqual(['my-site/keyed', 'my-site/made']);
  },
  async 'registry.size'({ registry }) {
    expect(await registry.size()).toBe(4);
  },
  async 'history.read'({ counting, history }) {
    const commit = (sequence: number) =>
      counting.commit({
        writer: 'of the past',
        sequence,
        changes: [
          {
            counter: 'hits',
            amount: 1,
            visitors: [{ id: 'somebody', kind: 'person', visits: 1 }],
          },
        ],
      });
    await commit(1);
    // What is old is told by the day of a visit before the day before: then hours become days.
    clock.at += HOURS_KEPT_DAYS * DAY_MS;
    for (let sequence = 2; sequence <= 6; sequence += 2) {
      clock.at += DAY_MS;
      await commit(sequence);
      await commit(sequence + 1);
    }
    const { days, visitors } = await history.read('hits');
    expect({ days: days.length, visitors: visitors.size }).toEqual({ days: 1, visitors: 4 });
  },
  async 'history.readVisitors'({ history }) {
    expect((await history.readVisitors('hits')).size).toBe(4);
  },
  async 'history.salt'({ history }) {
    expect(await history.salt(Math.floor(clock.at / DAY_MS), 'suggested')).toBe('suggested');
  },
  async 'limiter.take'({ limiter }) {
    const limit = { name: 'requests', quota: 1, windowMs: 60_000 };
    const verdicts = await limiter.take([1, 2].map(() => ({ who: 'somebody', limit })));
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, false]);
  },
  async 'archive.readAll'({ archive }) {
    const names: string[] = [];
    for await (const { counter } of archive.readAll()) names.push(counter);
    expect(names).toHaveLength(4);
  },
  async 'archive.previewImport'({ archive }) {
    expect(
      await archive.previewImport([BROUGHT], { source: 'of-the-test', existing: 'add' }),
    ).toEqual(['added']);
  },
  async 'archive.importAll'({ archive }) {
    const terms = { source: 'of-the-test', existing: 'add' } as const;
    expect(await archive.importAll([BROUGHT], terms)).toEqual(['added']);
    expect(await archive.importAll([BROUGHT], terms)).toEqual(['done']);
    expect(
      await archive.importAll([BROUGHT], { ...terms, source: 'another', existing: 'replace' }),
    ).toEqual(['replaced']);
  },
  async 'registry.delete'({ registry }) {
    expect(await registry.delete(['hits', 'my-site/made'], { totalBelow: 1_000_000 })).toEqual([
      'deleted',
      'deleted',
    ]);
    expect(await registry.size()).toBe(2);
    expect(await registry.change('hits', { total: 0 })).toMatchObject({ total: 0 });
  },
};

/** Asks a new store all of it; answers what was refused, if anything was. */
async function refusalOf(url: string): Promise<string> {
  const store = openStore(url, { countersMax: 4, now: () => clock.at });
  try {
    for (const ask of Object.values(ASKED)) await ask(store);
    return '';
  } catch (error) {
    return String(error);
  } finally {
    await store.close();
  }
}

describe('the users that deploy/secrets.sh makes', () => {
  const folder = temporaryFolder();
  const secret = (name: string) => readFileSync(join(folder.path, name), 'utf8');
  /** As the stack's Redis includes it, with a wildcard. */
  const users = join(folder.path, 'seen_redis_users_1*');
  let redis: RedisServer;
  let url = '';

  /** Runs the script with a `docker` that puts secrets into files. */
  async function makeSecrets(...args: string[]): Promise<string> {
    const bin = join(folder.path, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'docker'), DOCKER.replaceAll('FOLDER', folder.path));
    chmodSync(join(bin, 'docker'), 0o755);
    const { stdout, stderr } = await Bun.$`sh ${ROOT}/deploy/secrets.sh ${args}`
      .env({ PATH: `${bin}:${process.env['PATH'] ?? ''}` })
      .quiet()
      .nothrow();
    return `${stdout.toString()}${stderr.toString()}`;
  }

  beforeAll(async () => {
    await makeSecrets();
    redis = await RedisServer.start({ ...SAFE, include: users });
    url = secret('seen_store_url_1').replace('redis:6379', `127.0.0.1:${redis.port}`);
  });

  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const asSeen = (...command: string[]) => {
    const { username, password } = new URL(url);
    return redis.cli('--no-auth-warning', '--user', username, '-a', password, ...command);
  };

  test('with its rights Seen counts, reads and checks Redis’ settings, and a restart of Redis loses nothing', async () => {
    await using program = await Program.start({ SEEN_STORE_URL: url });
    for (const wanted of [1, 2, 3]) expect(await program.visit()).toBe(wanted);
    expect(await program.visit('/hit/my-site/page')).toBe(1);
    expect(await program.get('/get/my-site/page')).toContain('1');
    expect(program.lines().filter(({ level }) => level !== 'info')).toEqual([]);
    await redis.kill();
    await redis.start();
    expect(await program.visit()).toBe(4);
    expect(await program.visit('/hit/my-site/page')).toBe(2);
  });

  testStoreContract('Redis with Seen’s rights', async () => {
    const own = await RedisServer.start({ ...SAFE, include: users });
    const address = secret('seen_store_url_1').replace('redis:6379', `127.0.0.1:${own.port}`);
    return {
      readsOneMoment: false,
      open: (limits) => openStore(address, limits),
      end: () => own[Symbol.asyncDispose](),
    };
  });

  test('Seen has exactly the rights that it needs: without any one of them something fails', async () => {
    await using own = await RedisServer.start();
    const address = secret('seen_store_url_1').replace('redis:6379', `127.0.0.1:${own.port}`);
    const [, rules = ''] = /^user seen (.*)$/m.exec(secret('seen_redis_users_1')) ?? [];
    const withRules = async (granted: readonly string[]) => {
      await own.cli('FLUSHALL');
      await own.cli('SCRIPT', 'FLUSH');
      expect(await own.cli('ACL', 'SETUSER', 'seen', 'reset', ...granted)).toBe('OK');
      return refusalOf(address);
    };
    const all = words(rules);
    expect(await withRules(all)).toBe('');
    const commands = all.filter((word) => word.startsWith('+'));
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      const said = await withRules(all.filter((word) => word !== command));
      expect({ command, said }).toEqual({
        command,
        said: expect.stringMatching(
          /refuses Seen: .*permission|refuses Seen: .*can't run|does not let this user/,
        ),
      });
    }
  });

  test('Seen may do nothing else', async () => {
    for (const command of [
      ['FLUSHALL'],
      ['RENAME', 'hits', 'seen:other'],
      ['EXPIRE', 'hits', '1'],
      ['DEL', 'other'],
      ['SET', 'other', '1'],
      ['GET', 'other'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['KEYS', '*'],
      ['ACL', 'LIST'],
      ['SHUTDOWN'],
      ['EVAL', 'return 1', '0'],
    ]) {
      expect(await asSeen(...command)).toContain('NOPERM');
    }
    expect(await asSeen('GET', 'hits')).toBe('4');
  });

  test('clients without a password can do nothing', async () => {
    for (const command of [
      ['GET', 'hits'],
      ['SET', 'hits', '1'],
      ['AUTH', 'default', ''],
    ]) {
      expect(await redis.cli(...command)).toMatch(/NOAUTH|WRONGPASS/);
    }
  });

  test('new passwords work beside the previous ones, but not beside older ones', async () => {
    const hashesOf = (number: number) =>
      [...secret(`seen_redis_users_${number}`).matchAll(/^user seen on (.*) ~hits/gm)].flatMap(
        ([, hashes = '']) => hashes.split(' '),
      );
    await makeSecrets('2', join(folder.path, 'seen_redis_users_1'));
    await makeSecrets('3', join(folder.path, 'seen_redis_users_2'));
    const [first] = hashesOf(1);
    expect(hashesOf(1)).toHaveLength(1);
    expect(hashesOf(2)).toEqual([expect.stringMatching(/^#[0-9a-f]{64}$/), first ?? '']);
    expect(hashesOf(3)).toEqual([expect.any(String), hashesOf(2)[0] ?? '']);
    const { password } = new URL(secret('seen_store_url_3'));
    expect(hashesOf(3)[0]).toBe(
      `#${new Bun.CryptoHasher('sha256').update(password).digest('hex')}`,
    );
  });

  test('the metrics exporter gets its own password, which Debian’s and the stack’s version can read', () => {
    const passwords = Object.entries(
      JSON.parse(secret('seen_metrics_password_1')) as Record<string, string>,
    );
    expect(passwords.map(([address]) => address)).toEqual([
      'redis://metrics@redis:6379',
      'redis://redis:6379',
    ]);
    const hash = new Bun.CryptoHasher('sha256').update(passwords[0]?.[1] ?? '').digest('hex');
    expect(secret('seen_redis_users_1')).toContain(`user metrics on #${hash} %R~hits`);
  });

  test('the token does not change with the passwords, and can be changed alone', async () => {
    const token = secret('seen_token_1');
    expect(token).toMatch(/^seen_[0-9a-f]{64}$/);
    expect(await makeSecrets('5', join(folder.path, 'seen_redis_users_1'))).toContain(
      'seen_store_url_5',
    );
    expect(existsSync(join(folder.path, 'seen_token_5'))).toBe(false);
    expect(await makeSecrets('token', '6')).toBe('made: seen_token_6\n');
    expect(secret('seen_token_6')).not.toBe(token);
    expect(existsSync(join(folder.path, 'seen_store_url_6'))).toBe(false);
    expect(await makeSecrets('token')).toContain('Choose the next number');
    expect(await makeSecrets('6')).toContain('There is a seen_token_6 already');
    expect(existsSync(join(folder.path, 'seen_store_url_6'))).toBe(false);
    expect(secret('seen_token_1')).toBe(token);
  });

  test('Seen reads the token where deploy/secure.yml puts it', async () => {
    const { environment = {}, secrets = [] } =
      stackFile('deploy/secure.yml').services['web'] ?? {};
    const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
    expect(files.map(([, path]) => path)).toEqual(secrets.map((name) => `/run/secrets/${name}`));
    expect(files.map(([name]) => name)).toEqual(['SEEN_STORE_URL_FILE', 'SEEN_TOKEN_FILE']);
    await using program = await Program.start({
      SEEN_TOKEN_FILE: join(folder.path, 'seen_token_1'),
    });
    const authorization = { Authorization: `Bearer ${secret('seen_token_1')}` };
    expect(await program.get('/api/v1/counters', authorization)).toBe('{"counters":[],"size":0}');
  });

  test('an old file without users, and a number that is in use, are refused, and nothing is created', async () => {
    const empty = join(folder.path, 'empty');
    writeFileSync(empty, '');
    expect(await makeSecrets('8', empty)).toContain('has no users of an earlier run');
    expect(await makeSecrets('8', join(folder.path, 'missing'))).toContain('No such file');
    expect(existsSync(join(folder.path, 'seen_redis_users_8'))).toBe(false);
    const before = secret('seen_redis_users_1');
    expect(await makeSecrets('1')).toContain('Choose the next number');
    expect(secret('seen_redis_users_1')).toBe(before);
  });

  test('are made only with programs that can make their passwords', async () => {
    for (const script of ['deploy/secrets.sh', 'deploy/postgres/secrets.sh']) {
      const missing = script === 'deploy/secrets.sh' ? ['', 'od', 'sha256sum'] : ['', 'od'];
      for (const program of missing) {
        using own = temporaryFolder();
        const PATH = pathWithout(own.path, program);
        mkdirSync(join(own.path, 'bin'));
        writeFileSync(join(own.path, 'bin', 'docker'), DOCKER.replaceAll('FOLDER', own.path));
        chmodSync(join(own.path, 'bin', 'docker'), 0o755);
        const { exitCode, stderr } = await Bun.$`sh ${ROOT}/${script}`
          .env({ PATH })
          .quiet()
          .nothrow();
        const made = [...new Bun.Glob('seen_*').scanSync(own.path)].length > 0;
        expect({ script, program, exitCode, made }).toEqual({
          script,
          program,
          exitCode: program === '' ? 0 : 1,
          made: program === '',
        });
        if (program !== '') expect(stderr.toString()).toContain('No secret was made');
      }
    }
  });
});
