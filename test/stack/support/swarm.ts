/** A Swarm of several nodes with the images, and the queries of the tests. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyFilesTo } from '../../support/clone.ts';
import { temporaryFolder, until } from '../../support/folder.ts';
import { makeBaseImages } from './base-images.ts';
import { areKept, giveImages, keepImages } from './kept-images.ts';
import { askKernel, type Kernel } from './kernel.ts';
import { fitted } from './layout.ts';
import { Node } from './node.ts';
import { worldFolder } from './world.ts';

/** A task of a service. */
export interface Task {
  /** Empty before it has one. */
  readonly node: string;
  readonly image: string;
  /** `running`, `shutdown`, … */
  readonly wanted: string;
  /** `running`, `failed`, `complete`, … */
  readonly state: string;
}

/** Parts of the engine's answers (https://docs.docker.com/reference/api/engine/). */
interface ApiTask {
  readonly NodeID?: string;
  readonly Spec: { readonly ContainerSpec: { readonly Image: string } };
  readonly DesiredState: string;
  readonly Status: { readonly State: string };
}
interface ApiNode {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
}
interface ApiService {
  readonly UpdateStatus?: { readonly State?: string };
}
interface ApiContainer {
  readonly State: { readonly StartedAt: string };
}

export class Swarm implements AsyncDisposable {
  readonly nodes: readonly Node[];
  readonly kernel: Kernel;
  /** A copy of the project as this kernel can run it: what a person would have cloned. */
  readonly project: string;

  private constructor(nodes: readonly Node[], kernel: Kernel, project: string) {
    this.nodes = nodes;
    this.kernel = kernel;
    this.project = project;
  }

  /**
   * Starts `count` engines with the base images, and a copy of the project. They are no Swarm yet.
   */
  static engines(count: number): Promise<Swarm> {
    return Swarm.#engines(count, [BASE]);
  }

  /**
   * Starts a Swarm of `count` nodes that has the images of Seen: `stackdemo`, `stackdemo:v2`, and
   * those in `more`.
   */
  static async start(count: number, more: Readonly<Record<string, string>> = {}): Promise<Swarm> {
    const swarm = await Swarm.#engines(count, [BASE, SEEN, ...imagesFrom(more)]);
    return swarm.#or(async () => {
      const { manager } = swarm;
      await manager.mustDocker('swarm', 'init', '--advertise-addr', manager.address);
      const token = await manager.mustDocker('swarm', 'join-token', '-q', 'worker');
      for (const node of swarm.nodes.slice(1)) {
        await node.mustDocker('swarm', 'join', '--token', token, `${manager.address}:2377`);
      }
    });
  }

  /**
   * Starts engines with these sets of images; each set is built on the one before. The manager
   * makes the sets that this run has not kept yet. The other engines start on a copy of the last.
   */
  static async #engines(count: number, sets: readonly ImageSet[]): Promise<Swarm> {
    const kernel = await askKernel();
    const project = join(worldFolder(), 'project');
    await copyProject(project, kernel);
    const nodes = Array.from({ length: count }, (_, index) => new Node(index + 1));
    const swarm = new Swarm(nodes, kernel, project);
    return swarm.#or(async () => {
      const { manager } = swarm;
      const start = async (node: Node, images: ImageSet | undefined) => {
        if (images) await giveImages(images.name, node);
        await node.start();
      };
      // -1, and so no images, for the first engine of a run.
      const lastKept = sets.findLastIndex(({ name }) => areKept(name));
      await start(manager, sets[lastKept]);
      for (const { name, make } of sets.slice(lastKept + 1)) {
        await make(swarm);
        await keepImages(name, manager);
      }
      for (const node of nodes.slice(1)) await start(node, sets.at(-1));
    });
  }

  /**
   * Makes something of it; takes everything down again when that fails, so that the next test can
   * begin.
   */
  async #or(make: () => Promise<void>): Promise<this> {
    try {
      await make();
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The first node, and the only manager. */
  get manager(): Node {
    return this.nodes[0] as Node;
  }

  /** Where visits come in: on any node. */
  url(node: Node = this.manager): string {
    return `http://${node.address}:8000`;
  }

  node(name: string): Node {
    const found = this.nodes.find((node) => node.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  }

  async build(tag: string, ...words: string[]): Promise<void> {
    await this.manager.mustDocker('build', '-t', tag, ...words, this.project);
  }

  /** `docker stack deploy` of these files of the project. */
  async deploy(
    stack = 'mystack',
    files: readonly string[] = ['docker-compose.yml'],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const args = files.flatMap((file) => ['-c', file]);
    const given = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
    const said = await this.manager.sh(
      `${given.join(' ')} docker stack deploy --resolve-image never ${args.join(' ')} ${stack}`,
      this.project,
    );
    if (said.status !== 0) throw new Error(said.error + said.out);
  }

  /** Resolves when as many tasks as wanted run and no others, and an update has ended. */
  async steady(service: string, count: number, limitMs = 120_000): Promise<void> {
    const steady = async () => {
      const running = (await this.tasks(service)).filter(({ wanted }) => wanted === 'running');
      return running.length === count && running.every(({ state }) => state === 'running');
    };
    try {
      await until(`${service} to have ${count} of ${count}`, steady, limitMs);
    } catch (cause) {
      const { out } = await this.manager.docker('service', 'ps', '--no-trunc', service);
      const logs = await this.manager.docker('service', 'logs', '--tail', '20', service);
      throw new Error(
        `${service} has not come to ${count} of ${count}\n${out}${logs.out}${logs.error}`,
        {
          cause,
        },
      );
    }
  }

  /** Resolves when the counter answers on every node. */
  async answers(limitMs = 60_000): Promise<void> {
    for (const node of this.nodes) {
      await until(
        `an answer on ${node.name}`,
        async () => (await fetch(`${this.url(node)}/get/any/name`)).status === 404,
        limitMs,
      );
    }
  }

  /** Resolves with the state in which the update ended. */
  async updated(service: string, limitMs = 240_000): Promise<string> {
    let state = '';
    await until(
      `the update of ${service} to end`,
      async () => {
        const { UpdateStatus } = await this.manager.api<ApiService>(`/services/${service}`);
        state = UpdateStatus?.State ?? '';
        return !['', 'updating', 'rollback_started'].includes(state);
      },
      limitMs,
    );
    return state;
  }

  async tasks(service: string): Promise<Task[]> {
    const [tasks, nodes] = await Promise.all([
      this.manager.api<ApiTask[]>('/tasks', { service: [service] }),
      this.manager.api<ApiNode[]>('/nodes'),
    ]);
    const names = new Map(nodes.map(({ ID, Description }) => [ID, Description.Hostname]));
    return tasks.map(({ NodeID = '', Spec, DesiredState, Status }) => ({
      node: names.get(NodeID) ?? '',
      image: Spec.ContainerSpec.Image,
      wanted: DesiredState,
      state: Status.State,
    }));
  }

  /** The running containers of a service, and the node that each is on. */
  async containers(service: string): Promise<{ node: Node; id: string; startedAt: string }[]> {
    const found = await Promise.all(
      this.nodes.map(async (node) => {
        const filters = { name: [service] };
        // There are none on a node that was killed.
        const running = await node
          .api<{ Id: string }[]>('/containers/json', filters)
          .catch(() => []);
        return Promise.all(
          running.map(async ({ Id: id }) => {
            const { State } = await node.api<ApiContainer>(`/containers/${id}/json`);
            return { node, id, startedAt: State.StartedAt };
          }),
        );
      }),
    );
    return found.flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node.kill();
    for (const node of this.nodes) await Bun.$`rm -rf ${node.folder}`.nothrow();
    await Bun.$`rm -rf ${this.project}`.nothrow();
  }
}

/** Images that belong together. */
interface ImageSet {
  readonly name: string;
  /** Makes them in the engine of the manager. */
  readonly make: (swarm: Swarm) => Promise<void>;
}

const BASE: ImageSet = { name: 'base', make: ({ manager }) => makeBaseImages(manager) };

const SEEN: ImageSet = {
  name: 'seen',
  make: async (swarm) => {
    await swarm.build('stackdemo');
    await swarm.build('stackdemo:v2', '--build-arg', 'VERSION=2.0.0');
  },
};

/** The images of these Dockerfiles by name, as one set; no set when there are none. */
function imagesFrom(dockerfiles: Readonly<Record<string, string>>): ImageSet[] {
  const images = Object.entries(dockerfiles);
  if (images.length === 0) return [];
  const make = async ({ manager }: Swarm) => {
    for (const [name, dockerfile] of images) {
      using context = temporaryFolder();
      writeFileSync(join(context.path, 'Dockerfile'), dockerfile);
      await manager.mustDocker('build', '-t', name, context.path);
    }
  };
  return [{ name: Object.keys(dockerfiles).join('-').replaceAll(/\W/g, '-'), make }];
}

/**
 * The project's files as they are now, with the stack files as the kernel can run them. Only their
 * owner may read them, as in a clone with a strict umask; except the one that compose.local.yml
 * mounts.
 */
async function copyProject(to: string, kernel: Kernel): Promise<void> {
  mkdirSync(to, { recursive: true });
  await copyFilesTo(to);
  for (const file of [
    'docker-compose.yml',
    'deploy/edge.yml',
    'deploy/high-availability.yml',
    'deploy/monitoring.yml',
    'deploy/secure.yml',
    'deploy/secure-monitoring.yml',
  ]) {
    if (existsSync(join(to, file))) writeFileSync(join(to, file), fitted(file, kernel));
  }
  await Bun.$`chmod -R go= ${to} && chmod a+r ${to}/deploy/postgres/seen.sql`;
}
