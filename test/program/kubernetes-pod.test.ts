/**
 * Seen and Redis run as the pods of `deploy/kubernetes/` say: with their variables, secrets, user,
 * read-only file system and arguments, and are asked as their probes ask. Not here: Kubernetes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { mistakesIn, Objects, OVERLAYS, type Overlay } from '../support/kubernetes/objects.ts';
import {
  type Container,
  environmentOf,
  environmentOfImage,
  type PodOf,
  podsOf,
} from '../support/kubernetes/pods.ts';
import { RunningPod } from '../support/kubernetes/running-pod.ts';
import { Secrets } from '../support/kubernetes/secrets.ts';
import { type Evidence, load } from '../support/load.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { numberIn, ROOT } from '../support/program.ts';

const folder = temporaryFolder();
const rendered = {} as Record<Overlay, Objects>;
let secrets: Secrets;

beforeAll(async () => {
  secrets = await Secrets.in(folder.path);
  for (const overlay of OVERLAYS) rendered[overlay] = await Objects.of(overlay);
});

afterAll(() => folder[Symbol.dispose]());

function podOf(overlay: Overlay, wanted: string): PodOf {
  const pod = podsOf(rendered[overlay]).find(({ name }) => name === wanted);
  if (pod === undefined) throw new Error(`${overlay} has no ${wanted}`);
  return pod;
}

/** A replica that runs as its pod, and the answers to its probes and visitors. */
class Replica implements AsyncDisposable {
  readonly pod: RunningPod;
  readonly url: string;
  readonly #container: Container;
  readonly #operations: string;

  private constructor(pod: RunningPod, container: Container, port: number, operations: number) {
    this.pod = pod;
    this.url = `http://127.0.0.1:${port}`;
    this.#container = container;
    this.#operations = `http://127.0.0.1:${operations}`;
  }

  /** Started, so that its probes say that it has started and is ready. */
  static async start(
    overlay: Overlay,
    contents: Record<string, Record<string, string>>,
  ): Promise<Replica> {
    const pod = podOf(overlay, 'web');
    const { container } = pod;
    const [port, operations] = [await freePort(), await freePort()];
    const ports = ['--port', `${port}`, '--operations-port', `${operations}`];
    const running = new RunningPod({
      pod,
      command: [process.execPath, join(ROOT, 'src/main.ts'), 'serve', ...ports],
      workingFolder: '/',
      env: { ...environmentOfImage(), ...environmentOf(rendered[overlay], container) },
      secrets: contents,
    });
    const replica = new Replica(running, container, port, operations);
    await replica.start();
    return replica;
  }

  async start(): Promise<void> {
    this.pod.start();
    await until('its probes to succeed', async () => {
      if (this.pod.ended) throw new Error(await this.pod.log);
      return (
        (await this.probe('startupProbe')) === 200 && (await this.probe('readinessProbe')) === 200
      );
    });
  }

  async probe(which: 'startupProbe' | 'livenessProbe' | 'readinessProbe'): Promise<number> {
    const path = this.#container[which]?.httpGet?.path ?? 'none';
    return (await fetch(`${this.#operations}${path}`)).status;
  }

  async visit(): Promise<number> {
    return numberIn(await (await fetch(this.url, { keepalive: false })).text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pod[Symbol.asyncDispose]();
  }
}

/** The Redis of its StatefulSet, on a port of its own. */
class RedisPod implements AsyncDisposable {
  readonly port: number;
  readonly pod: RunningPod;
  readonly #container: Container;

  private constructor(port: number, pod: RunningPod, container: Container) {
    this.port = port;
    this.pod = pod;
    this.#container = container;
  }

  static async start(contents: Record<string, Record<string, string>>): Promise<RedisPod> {
    const pod = podOf('redis', 'redis');
    const port = await freePort();
    const command = pod.container.args?.with(-1, `${pod.container.args.at(-1)} --port ${port}`);
    const running = new RunningPod({
      pod,
      command: command ?? [],
      workingFolder: '/data',
      env: {},
      secrets: contents,
    });
    const redis = new RedisPod(port, running, pod.container);
    await redis.start();
    return redis;
  }

  async start(): Promise<void> {
    this.pod.start();
    await until('Redis to be ready', async () => {
      if (this.pod.ended) throw new Error(await this.pod.log);
      return this.probe('readinessProbe');
    });
  }

  /** Whether the command of a probe succeeds. */
  async probe(which: 'livenessProbe' | 'readinessProbe'): Promise<boolean> {
    const [shell = '', flag = '', text = ''] = this.#container[which]?.exec?.command ?? [];
    const asked = text.replace('redis-cli', `redis-cli -p ${this.port}`);
    return (await Bun.$`${shell} ${flag} ${asked}`.quiet().nothrow()).exitCode === 0;
  }

  async kill(): Promise<void> {
    await this.pod.stop('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pod[Symbol.asyncDispose]();
  }
}

/** What the kernel says of a process: its user, its rights, and whether it can write its root. */
function confinement(pid: number): Record<string, string> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
  const [, options = ''] =
    / \/ (r[ow])\S* /.exec(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')) ?? [];
  return { user: field('Uid'), may: field('CapBnd'), gains: field('NoNewPrivs'), root: options };
}

/** As few rights as the security context leaves. */
const confined = (pod: PodOf) => ({
  user: `${process.getuid?.() === 0 ? pod.spec.securityContext?.runAsUser : process.getuid?.()}`,
  may: '0000000000000000',
  gains: '1',
  root: 'ro',
});

/**
 * Clients with persistent connections, while the replica stops. Until then a client that has left
 * comes back, as one does that stood still for too long.
 */
async function stopUnderVisits(replica: Replica): Promise<void> {
  let stopping = false;
  let begun = 0;
  const each: Evidence[] = [];
  const crowd = Array.from({ length: 16 }, async () => {
    // eslint-disable-next-line no-unmodified-loop-condition -- modified below
    while (!stopping) {
      each.push(
        await load({
          url: replica.url,
          clients: 1,
          keepAlive: true,
          comesBack: false,
          pauseMs: 2,
          more: () => ++begun > 0,
        }),
      );
    }
  });
  await until('visits', () => begun > 300);
  const first = await replica.visit();
  stopping = true;
  const status = await replica.pod.stop();
  await Promise.all(crowd);
  const numbers = each.flatMap((evidence) => evidence.numbers);
  expect({
    status,
    refused: each.flatMap(({ refused }) => [...refused]),
    failed: each.flatMap(({ failed }) => [...failed]),
  }).toEqual({ status: 0, refused: [], failed: [] });
  // Also some that came after the signal.
  expect(Math.max(...numbers)).toBeGreaterThan(first);
  expect(new Set(numbers).size).toBe(numbers.length);
}

describe('deploy/secrets.sh --kubernetes', () => {
  test('makes the secrets that the overlays name, and makes none again', async () => {
    expect(await secrets.run('sh deploy/secrets.sh --kubernetes')).toBe(
      'made: seen-redis-users-1, seen-store-url-1, seen-metrics-password-1, seen-token-1\n',
    );
    const { all } = secrets.objects;
    for (const object of all)
      expect({ of: object.metadata.namespace, mistakes: mistakesIn(object) }).toEqual({
        of: 'seen',
        mistakes: [],
      });
    const keys = Object.entries(secrets.contents).map(([name, keyed]) => [
      name,
      Object.keys(keyed),
    ]);
    expect(Object.fromEntries(keys)).toEqual({
      'seen-metrics-password-1': ['metrics_password'],
      'seen-redis-users-1': ['redis_users'],
      'seen-store-url-1': ['store_url'],
      'seen-token-1': ['token'],
    });
    expect(secrets.contents['seen-token-1']?.['token']).toMatch(/^seen_[0-9a-f]{64}$/);
    expect(await secrets.run('sh deploy/secrets.sh --kubernetes token')).toContain(
      'There is a seen-token-1 already',
    );
    expect(await secrets.run('sh deploy/secrets.sh --kubernetes token 2')).toBe(
      'made: seen-token-2\n',
    );
  });
});

/** The secrets, with the port of a Redis of ours in the URL. */
const contentsFor = (port: number) => {
  const { contents } = secrets;
  const url = contents['seen-store-url-1']?.['store_url'] ?? '';
  return {
    ...contents,
    'seen-store-url-1': { store_url: url.replace('redis:6379', `redis:${port}`) },
  };
};

describe('the pods of the overlay redis', () => {
  test('count with their secrets, user and read-only files, and a stop fails no request', async () => {
    await using redis = await RedisPod.start(secrets.contents);
    expect(await redis.probe('livenessProbe')).toBe(true);
    await using replica = await Replica.start('redis', contentsFor(redis.port));
    expect(confinement(replica.pod.pid)).toEqual(confined(podOf('redis', 'web')));
    expect(confinement(redis.pod.pid)).toEqual(confined(podOf('redis', 'redis')));
    expect(await replica.probe('livenessProbe')).toBe(200);
    for (const wanted of [1, 2, 3]) expect(await replica.visit()).toBe(wanted);
    const Authorization = `Bearer ${secrets.contents['seen-token-1']?.['token']}`;
    const owned = await fetch(`${replica.url}/api/v1/counters`, { headers: { Authorization } });
    expect(owned.status).toBe(200);
    await stopUnderVisits(replica);
    const log = (await replica.pod.log).split('\n').filter((line) => line.includes('"level"'));
    expect(log.length).toBeGreaterThan(1);
    expect(log.filter((line) => !line.includes('"level":"info"'))).toEqual([]);
  });

  test('a visit waits for a Redis that was killed, with the pod still alive, and nothing is lost', async () => {
    await using redis = await RedisPod.start(secrets.contents);
    await using replica = await Replica.start('redis', contentsFor(redis.port));
    for (const wanted of [1, 2]) expect(await replica.visit()).toBe(wanted);
    await redis.kill();
    expect(await redis.probe('livenessProbe')).toBe(false);
    const waiting = replica.visit();
    await until(
      'the replica to notice',
      async () => (await replica.probe('readinessProbe')) !== 200,
    );
    expect(await replica.probe('livenessProbe')).toBe(200);
    await redis.start();
    expect(await waiting).toBe(3);
    await until('it to be ready', async () => (await replica.probe('readinessProbe')) === 200);
  });
});

test('the pod of the overlay sqlite counts on its volume, and goes on after a restart', async () => {
  await using replica = await Replica.start('sqlite', secrets.contents);
  expect(confinement(replica.pod.pid)).toEqual(confined(podOf('sqlite', 'web')));
  for (const wanted of [1, 2, 3]) expect(await replica.visit()).toBe(wanted);
  expect(await replica.pod.stop()).toBe(0);
  await replica.start();
  expect(await replica.visit()).toBe(4);
  await stopUnderVisits(replica);
});

test('the pod of the overlay postgres counts in the database of its secret', async () => {
  await using postgres = await PostgresServer.start();
  const url = join(folder.path, 'url');
  await Bun.write(url, `${postgres.url.replace('127.0.0.1', 'postgres')}\n`);
  await using replica = await Replica.start('postgres', {
    ...secrets.contents,
    'seen-store-url-1': { store_url: await Bun.file(url).text() },
  });
  expect(confinement(replica.pod.pid)).toEqual(confined(podOf('postgres', 'web')));
  for (const wanted of [1, 2, 3]) expect(await replica.visit()).toBe(wanted);
  await stopUnderVisits(replica);
});

describe('the commands of docs/kubernetes.md restore a backup of', () => {
  const document = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  /** What the document runs in a pod: the rest of the line that has `words`. */
  const inPod = (words: string) => {
    const [, command = ''] =
      new RegExp(`^kubectl .* -- (.*${words}.*)$`, 'm').exec(document) ?? [];
    expect(command).not.toBe('');
    return command;
  };

  /**
   * Runs it on the volume of a pod, where the files beside it are those of the test. What it makes
   * belongs to the pod's user, as in the pod.
   */
  async function run(
    command: string,
    volume: string,
    pod: PodOf,
    env: Record<string, string> = {},
  ) {
    const here = command
      .replaceAll('/data', volume)
      .replace(/^seen /, `${process.execPath} ${ROOT}/src/main.ts `);
    await Bun.$`sh -c ${here}`
      .cwd(folder.path)
      .env({ PATH: process.env['PATH'] ?? '', ...env })
      .quiet();
    const { runAsUser, runAsGroup } = pod.spec.securityContext ?? {};
    if (process.getuid?.() === 0) await Bun.$`chown -R ${runAsUser}:${runAsGroup} ${volume}`;
  }

  test('SQLite', async () => {
    await using replica = await Replica.start('sqlite', secrets.contents);
    const pod = podOf('sqlite', 'web');
    const volume = replica.pod.folderOf('data');
    for (const wanted of [1, 2]) expect(await replica.visit()).toBe(wanted);
    const env = { SEEN_STORE_URL: `sqlite:${volume}/seen.db` };
    await run(inPod('backup /data'), volume, pod, env);
    await run(inPod('cat /data/seen-backup.db >'), volume, pod);
    await run(inPod('rm /data/seen-backup.db'), volume, pod);
    for (const wanted of [3, 4]) expect(await replica.visit()).toBe(wanted);
    await replica.pod.stop();
    await run(inPod('cat > restored'), volume, pod);
    await replica.start();
    expect(await replica.visit()).toBe(3);
  });

  test('Redis', async () => {
    await using redis = await RedisPod.start(secrets.contents);
    await using replica = await Replica.start('redis', contentsFor(redis.port));
    const pod = podOf('redis', 'redis');
    const volume = redis.pod.folderOf('data');
    for (const wanted of [1, 2]) expect(await replica.visit()).toBe(wanted);
    const [backup = ''] = /tar -C \/data -cz \. > seen-backup\.tar\.gz/.exec(document) ?? [];
    await run(backup, volume, pod);
    expect(await replica.visit()).toBe(3);
    await redis.pod.stop();
    await run(inPod('tar -C restored -xz'), volume, pod);
    await redis.start();
    expect(await replica.visit()).toBe(3);
  });
});
