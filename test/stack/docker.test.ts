/**
 * docs/docker.md, followed exactly: containers, Compose with each store, and the build for a
 * registry on a second engine, because that of Debian 12 cannot build for several platforms. And
 * what the document says of rights, passwords, restores and stops.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import project from '../../package.json' with { type: 'json' };
import { type Step, stepsOf } from '../support/document.ts';
import { FirstCount } from '../support/first-count.ts';
import { until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { pushBunForPlatforms } from './support/base-images.ts';
import { containerdEngine, providePlugins, registryProgram } from './support/debian-13.ts';
import { Node } from './support/node.ts';
import { Reader } from './support/reader.ts';
import { Swarm } from './support/swarm.ts';

const REGISTRY = 'localhost:5000';
const BUILD = 'Build for a registry';
const steps = stepsOf(join(ROOT, 'docs/docker.md'));
let swarm: Swarm;
let builder: Node;
let registry = '';

beforeAll(async () => {
  // Bun reads .env too; here Compose has to.
  for (const name of ['COMPOSE_FILE', 'COMPOSE_PROFILES']) delete process.env[name];
  swarm = await Swarm.engines(1);
  await providePlugins(swarm.manager);
  await sh(
    `git init -q && git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m a`,
  );
}, 180_000);

afterAll(async () => {
  await builder?.kill();
  await swarm?.[Symbol.asyncDispose]();
});

/** Runs a line at the first node; fails unless it succeeds, and answers what it printed. */
async function sh(line: string, node = swarm.manager): Promise<string> {
  const { status, out, error } = await node.sh(line, swarm.project);
  expect({ line, status, error: status === 0 ? '' : error }).toEqual({
    line,
    status: 0,
    error: '',
  });
  return out.trim();
}

/** Starts the engine that builds for several platforms, and a registry with its base image. */
async function startBuilder(): Promise<void> {
  builder = new Node(2, await containerdEngine(REGISTRY));
  await builder.start();
  await providePlugins(builder);
  const settings = join(builder.folder, 'registry.yml');
  // In files, this version of the registry answers 500 for a tag that is being written, and four
  // tags are pushed at once.
  const storage = { inmemory: {} };
  writeFileSync(settings, JSON.stringify({ version: '0.1', storage, http: { addr: REGISTRY } }));
  const program = await registryProgram();
  registry = await sh(`${program} serve ${settings} >/dev/null 2>&1 & echo $!`, builder);
  await until('the registry', () => sh(`curl -sf ${REGISTRY}/v2/`, builder));
  await pushBunForPlatforms(builder, REGISTRY, ['linux/amd64', 'linux/arm64']);
}

/** There is no scanner for the SBOM here: it is an image of a registry. */
function asHere(step: Step): Step {
  const commands = step.commands
    .replaceAll('registry.example.com', REGISTRY)
    .replace('--push', '--push --sbom=false');
  return { ...step, commands };
}

describe('docs/docker.md', () => {
  const reader = new Reader();
  const ways = [
    { steps: /^docker (build|run -d) |^curl /, firstCount: new FirstCount('docker run') },
    { steps: /^docker compose up /, firstCount: new FirstCount('Compose') },
  ];
  for (const step of steps.filter(({ heading }) => heading !== BUILD)) {
    test(step.title, () => {
      const follow = () => reader.follow(step, swarm.manager, swarm.project);
      const way = ways.find((each) => each.steps.test(step.commands));
      return way ? way.firstCount.follow(step, follow) : follow();
    });
  }
});

describe('a restore into the volume', () => {
  const visit = 'curl -s --retry 30 --retry-delay 1 --retry-all-errors localhost:8000';
  const third = 'Hello World! I have been seen 3 times.';
  /** The document's first block of commands under a heading. */
  const commands = (heading: string) =>
    steps.find((step) => step.heading === heading)?.commands ?? '';

  afterAll(() => sh('docker rm -f seen && docker volume rm seen'));

  test('of a Seen that was killed ignores its last visits, which are only in seen.db-wal', async () => {
    await sh('docker run -d --name seen -p 8000:8000 -v seen:/data seen');
    for (const _ of [1, 2]) await sh(visit);
    await sh(commands('Back up the volume'));
    expect(await sh(visit)).toBe(third);
    await sh('docker kill seen');
    expect(await sh('docker run --rm -v seen:/data --entrypoint ls seen /data')).toContain(
      'seen.db-wal',
    );
    expect(await sh(commands('Restore the volume'))).toEndWith(third);
  });

  test('stops without a change where an earlier one left the old database', async () => {
    const again = await swarm.manager.sh(
      `set -e\n${commands('Restore the volume')}`,
      swarm.project,
    );
    expect(again).toMatchObject({ status: 1, error: expect.stringContaining('before') });
    await sh('docker start seen');
    expect(await sh(visit)).toBe('Hello World! I have been seen 4 times.');
  });

  test('also fills a new volume', async () => {
    await sh('docker rm -f seen && docker volume rm seen');
    const [, fill = ''] =
      /^docker stop seen\n([^]*)\ndocker start/.exec(commands('Restore the volume')) ?? [];
    await sh(fill);
    await sh('docker run -d --name seen -p 8000:8000 -v seen:/data seen');
    expect(await sh(visit)).toBe(third);
  });
});

describe('docs/docker.md, for a registry', () => {
  const reader = new Reader();
  beforeAll(startBuilder, 180_000);
  afterAll(() => sh(`kill ${registry}`));

  for (const step of steps.filter(({ heading }) => heading === BUILD)) {
    test(step.title, () =>
      reader.follow(asHere(step), builder, swarm.project, (line) =>
        line.replaceAll('registry.example.com', REGISTRY),
      ),
    );
  }

  test('the image of each platform has its labels, and does not run as root', async () => {
    const inspect = `docker buildx imagetools inspect ${REGISTRY}/seen:${project.version}`;
    const images = JSON.parse(
      await sh(`${inspect} --format '{{json .Image}}'`, builder),
    ) as Record<
      string,
      { architecture: string; config: { User: string; Labels: Record<string, string> } }
    >;
    expect(Object.keys(images).toSorted()).toEqual(['linux/amd64', 'linux/arm64']);
    const revision = await sh('git rev-parse HEAD');
    for (const [platform, { architecture, config }] of Object.entries(images)) {
      expect(platform).toBe(`linux/${architecture}`);
      expect(config.User).toBe('bun');
      expect(config.Labels).toEqual({
        'org.opencontainers.image.title': 'Seen',
        'org.opencontainers.image.description': 'A visit counter that is right',
        'org.opencontainers.image.licenses': project.license,
        'org.opencontainers.image.version': project.version,
        'org.opencontainers.image.revision': revision,
        'org.opencontainers.image.created': expect.stringMatching(/^20\d\d-\d\d-\d\dT/),
        'org.opencontainers.image.base.name': `docker.io/oven/bun:${project.dependencies.bun}-alpine`,
      });
    }
  });

  test('the image of this machine’s platform counts', async () => {
    await sh(`docker run -d --name pulled --network host ${REGISTRY}/seen:latest`, builder);
    const visit = 'curl -s --retry 30 --retry-delay 1 --retry-all-errors localhost:8000';
    expect(await sh(visit, builder)).toBe('Hello World! I have been seen 1 times.');
    await sh('docker rm -f pulled', builder);
  });
});

test('docker-bake.hcl gives the image its version and latest, or the tags that the release workflow sets', async () => {
  const tags = async (variables: string) => {
    const line = `SOURCE=https://example.com/seen ${variables} docker buildx bake -f docker-bake.hcl --print`;
    const { target } = JSON.parse(await sh(`${line} 2>/dev/null`)) as {
      target: { image: { tags: string[]; attest: string[]; labels: Record<string, string> } };
    };
    expect(target.image.attest).toEqual(['type=provenance,mode=max', 'type=sbom']);
    expect(target.image.labels['org.opencontainers.image.source']).toBe(
      'https://example.com/seen',
    );
    return target.image.tags;
  };
  expect(await tags('VERSION=1.2.3')).toEqual(['seen:1.2.3', 'seen:latest']);
  expect(await tags('VERSION=1.2.3 TAGS=1.2.3,1.2,1')).toEqual([
    'seen:1.2.3',
    'seen:1.2',
    'seen:1',
  ]);
});

test('Compose cannot use the stack’s file, as docs/guide.md says', async () => {
  const { status, error } = await swarm.manager.sh(
    'docker tag seen stackdemo && docker compose -f docker-compose.yml -p other up -d',
    swarm.project,
  );
  await sh('docker compose -f docker-compose.yml -p other down --volumes');
  expect({ failed: status !== 0, error }).toEqual({
    failed: true,
    error: expect.stringContaining('swarm'),
  });
});

/** What `docker inspect` says of a container, as far as it is compared. */
interface Container {
  readonly Name: string;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly State: { readonly Pid: number; readonly Running: boolean };
}

/** How somebody else on this machine tries to read a database. */
const DATABASES: Readonly<Record<string, string>> = {
  redis: 'redis-cli -h ADDRESS GET hits',
  postgres: "psql -w postgres://postgres@ADDRESS:5432/seen -c 'SELECT 1'",
};

for (const profile of ['sqlite', 'redis', 'postgres']) {
  describe(`compose.local.yml with the profile ${profile}`, () => {
    const compose = `docker compose --profile ${profile}`;
    let containers: Container[] = [];

    beforeAll(async () => {
      await sh(`${compose} up -d --wait 2>&1`);
      containers = JSON.parse(await sh(`docker inspect $(${compose} ps -aq)`));
    }, 180_000);
    afterAll(() => sh(`${compose} down --volumes 2>&1`));

    test('has one Seen, and only this machine reaches its port', async () => {
      const published = containers.flatMap(({ HostConfig }) =>
        Object.entries(HostConfig['PortBindings'] as object),
      );
      expect(published).toEqual([['8000/tcp', [{ HostIp: '127.0.0.1', HostPort: '8000' }]]]);
    });

    test('no container may write to its image or has a capability, and none that runs is root', async () => {
      for (const { Name, HostConfig, State } of containers) {
        expect({ Name, ...HostConfig }).toMatchObject({
          Name,
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges:true'],
        });
        if (!State.Running) continue;
        expect(HostConfig['Memory']).toBeGreaterThan(0);
        expect(HostConfig['PidsLimit']).toBeGreaterThan(0);
        expect(HostConfig['RestartPolicy']).toMatchObject({ Name: 'unless-stopped' });
        const status = await sh(`docker exec ${Name.slice(1)} cat /proc/1/status`);
        expect(status).toMatch(/^Uid:\t[1-9]/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
      }
    });

    if (profile !== 'sqlite') {
      test('another user of this machine cannot read the database without its password', async () => {
        const address = await sh(
          `docker inspect --format '{{.NetworkSettings.Networks.seen_database.IPAddress}}' seen-${profile}-1`,
        );
        const said = await swarm.manager.sh(
          DATABASES[profile]?.replace('ADDRESS', address) ?? '',
          '/',
        );
        expect(said.out + said.error).toMatch(/NOAUTH|no password supplied/);
      });

      test('Seen has the URLs of its role, and not the password of the superuser', async () => {
        const files = await sh(`docker exec seen-web-${profile}-1 ls /run/secrets`);
        expect(files.split('\n')).toEqual(['postgres_url', 'redis_url']);
      });
    }

    test('a stop ends every container by itself', async () => {
      await sh(`${compose} stop 2>&1`);
      const format = '{{.Name}} {{.State.ExitCode}}';
      const ended = await sh(`docker inspect --format '${format}' $(${compose} ps -aq)`);
      expect(ended.split('\n')).toEqual(containers.map(({ Name }) => `${Name} 0`));
    });
  });
}

test('the image has the licenses of its packages, and of Bun', async () => {
  const text = await sh('docker run --rm --entrypoint cat seen /usr/local/lib/seen/licenses.txt');
  const { hono, bun } = project.dependencies;
  const parts = [`\nhono ${hono}, license: MIT\n`, `\nbun ${bun}, license: MIT\n`];
  expect(parts.filter((part) => !text.includes(part))).toEqual([]);
});

test('docker stop ends streams, and Seen exits with 0', async () => {
  await sh('docker run -d --name stopped -p 8000:8000 seen');
  await sh(
    'curl -s --retry 30 --retry-delay 1 --retry-all-errors localhost:8000/hit/my-site/page',
  );
  await sh('curl -sN localhost:8000/live?counters=my-site/page >stream 2>&1 &');
  await until('the stream', () => sh('grep . stream'));
  await sh('docker stop stopped');
  expect(await sh("docker inspect --format '{{.State.ExitCode}}' stopped")).toBe('0');
  await sh('docker rm stopped');
});
