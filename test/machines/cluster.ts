/**
 * The stack with deploy/high-availability.yml on a Swarm of three engines, and who is who in it.
 *
 * Not here: what happens to it (`losses.ts`), and who visits (`visitors.ts`).
 */

import { makeDebianImage } from '../stack/support/debian.ts';
import type { Node } from '../stack/support/node.ts';
import { Swarm } from '../stack/support/swarm.ts';
import { until } from '../support/folder.ts';
import { hit } from './visitors.ts';

/** The images of deploy/high-availability.yml that are built here, with their `docker build`. */
const IMAGES = {
  stackdemo: '.',
  'seen-etcd:1': '--target etcd deploy/postgres',
  'seen-postgres:1': '--target postgres deploy/postgres',
} as const;
/** Long enough for a member that was away to copy the whole database. */
const HEALTHY_WITHIN_MS = 300_000;
/** A loop of Patroni (`loop_wait`), in which it may still give roles to others. */
const STEADY_MS = 5000;

/** The nodes by the role of their member of PostgreSQL. */
export interface Roles {
  readonly primary: Node;
  /** The synchronous one. */
  readonly standby: Node;
  readonly other: Node;
}

/** A line of `patronictl list`. */
interface Member {
  readonly Member: string;
  readonly Role: string;
  readonly State: string;
}

export class Cluster implements AsyncDisposable {
  readonly swarm: Swarm;
  /** Nodes that are switched off. */
  readonly #off = new Set<Node>();

  private constructor(swarm: Swarm) {
    this.swarm = swarm;
  }

  /** Builds the images, deploys the stack, and waits until it counts. */
  static async start(): Promise<Cluster> {
    const swarm = await Swarm.engines(3);
    const cluster = new Cluster(swarm);
    try {
      await cluster.#deploy();
      return cluster;
    } catch (error) {
      await swarm[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #deploy(): Promise<void> {
    const { swarm } = this;
    const { manager, nodes } = swarm;
    await manager.mustDocker('swarm', 'init', '--advertise-addr', manager.address);
    const token = await manager.mustDocker('swarm', 'join-token', '-q', 'manager');
    for (const node of nodes.slice(1))
      await node.mustDocker('swarm', 'join', '--token', token, `${manager.address}:2377`);
    for (const [index, { name }] of nodes.entries())
      await manager.mustDocker(
        'node',
        'update',
        '--label-add',
        `seen.database=${index + 1}`,
        name,
      );
    await makeDebianImage(manager);
    for (const [tag, words] of Object.entries(IMAGES))
      await this.#sh(manager, `docker build -q -t ${tag} ${words}`);
    const archive = `${manager.folder}/images.tar`;
    await manager.mustDocker('save', '-o', archive, ...Object.keys(IMAGES));
    for (const node of nodes.slice(1)) await node.mustDocker('load', '-q', '-i', archive);
    await this.#sh(manager, 'sh deploy/secrets.sh token 1 && sh deploy/postgres/secrets.sh');
    const files = ['docker-compose.yml', 'deploy/high-availability.yml'];
    await swarm.deploy('mystack', files, { REDIS_REPLICAS: '0' });
    await swarm.steady('mystack_web', 3, HEALTHY_WITHIN_MS);
    await this.healthy();
  }

  /** The nodes that are on. */
  get nodes(): readonly Node[] {
    return this.swarm.nodes.filter((node) => !this.#off.has(node));
  }

  /** A power cut. */
  async switchOff(node: Node): Promise<void> {
    this.#off.add(node);
    await node.kill();
  }

  async switchOn(node: Node): Promise<void> {
    await node.start();
    this.#off.delete(node);
  }

  /** Runs patronictl on a node that is on. */
  patronictl(words: string): Promise<string> {
    return this.inPostgres(`patronictl ${words}`);
  }

  /** Runs a command in the database container of a node that is on. */
  async inPostgres(command: string, node = this.nodes[0]): Promise<string> {
    if (!node) throw new Error('all nodes are off');
    const container = '$(docker ps -q -f name=mystack_postgres)';
    return this.#sh(node, `docker exec ${container} ${command}`);
  }

  /**
   * Resolves with the roles when all members have run for a while, with the same primary and the
   * same synchronous standby, and visits count on each node.
   */
  async healthy(): Promise<Roles> {
    let roles: Roles | undefined;
    await until(
      'all members to run, each in its role',
      async () => {
        const before = await this.#roles();
        if (!before) return false;
        await Bun.sleep(STEADY_MS);
        roles = await this.#roles();
        return roles?.primary === before.primary && roles.standby === before.standby;
      },
      HEALTHY_WITHIN_MS,
    );
    for (const node of this.nodes)
      await until(
        `a visit on ${node.name}`,
        async () => (await hit(`${this.swarm.url(node)}/hit/machines/ready`)) !== undefined,
        HEALTHY_WITHIN_MS,
      );
    if (!roles) throw new Error('there are no roles');
    return roles;
  }

  /** Who is who; undefined unless all members run, and one is a synchronous standby. */
  async #roles(): Promise<Roles | undefined> {
    const members = await this.#members();
    if (!members.every(({ State }) => /^(running|streaming)$/.test(State))) return undefined;
    const [primary, standby, other] = ['Leader', 'Sync Standby', 'Replica'].map((role) => {
      const found = members.find(({ Role }) => Role === role);
      return found && this.swarm.node(found.Member.replace('postgres', 'node'));
    });
    return primary && standby && other && { primary, standby, other };
  }

  async #members(): Promise<readonly Member[]> {
    const out = await this.patronictl('list -f json');
    return JSON.parse(out.slice(out.indexOf('['))) as Member[];
  }

  async #sh(node: Node, line: string): Promise<string> {
    const { status, out, error } = await node.sh(line, this.swarm.project);
    if (status !== 0) throw new Error(`${line} ended with ${status}: ${error}${out}`);
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swarm[Symbol.asyncDispose]();
  }
}
