/**
 * A real Redis Cluster for one test: primaries, each with a replica if wanted, made by
 * `redis-cli --cluster create`, and methods that disturb it.
 */
import { freePort, until } from './folder.ts';
import { RedisServer, SAFE } from './redis-server.ts';

/** The settings of docs/redis-cluster.md; a lost primary is noticed sooner. */
const CLUSTER = {
  ...SAFE,
  'cluster-enabled': 'yes',
  'cluster-node-timeout': '1000',
  'cluster-require-full-coverage': 'no',
};
const SLOTS = 16_384;

interface ClusterShape {
  /** The replicas of each primary. */
  readonly replicas?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** Leaves the servers apart: the test makes the cluster. */
  readonly apart?: boolean;
}

/** A slot that moves to another primary. */
interface SlotMove {
  /** Moves some more of its keys. */
  migrate(most: number): Promise<void>;
  /** Gives the slot to the other primary. */
  end(): Promise<void>;
}

export class RedisClusterServers implements AsyncDisposable {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Servers that know each other; the first `primaries` share the slots equally. */
  static async start(
    primaries = 3,
    { replicas = 0, settings = {}, apart = false }: ClusterShape = {},
  ): Promise<RedisClusterServers> {
    const servers: RedisServer[] = [];
    for (let index = 0; index < primaries * (1 + replicas); index++) {
      const bus = { 'cluster-port': `${await freePort()}` };
      servers.push(await RedisServer.start({ ...CLUSTER, ...bus, ...settings }));
    }
    const cluster = new RedisClusterServers(servers);
    if (!apart) await cluster.#create(primaries, replicas);
    return cluster;
  }

  async #create(primaries: number, replicas: number): Promise<void> {
    const [first] = this.servers;
    if (first === undefined) throw new Error('a cluster has a server');
    if (primaries < 3) {
      // redis-cli makes no cluster of fewer than three.
      await Promise.all(
        this.servers.slice(0, primaries).map(async (server, index) => {
          const from = Math.floor((index * SLOTS) / primaries);
          const to = Math.floor(((index + 1) * SLOTS) / primaries) - 1;
          await server.cli('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`);
          await server.cli('CLUSTER', 'MEET', first.host, `${first.port}`);
        }),
      );
    } else {
      const addresses = this.servers.map(({ host, port }) => `${host}:${port}`);
      const made = await first.cli(
        '--cluster',
        'create',
        ...addresses,
        '--cluster-replicas',
        `${replicas}`,
        '--cluster-yes',
      );
      if (!made.includes('All 16384 slots covered')) throw new Error(made);
    }
    await this.settled();
  }

  /** A URL for Seen that names all servers. */
  get url(): string {
    return `redis+cluster://${this.servers.map(({ host, port }) => `${host}:${port}`).join()}`;
  }

  /** Resolves when every server knows a primary for each slot, and each replica follows. */
  async settled(): Promise<void> {
    await Promise.all(
      this.servers.map((server) =>
        until('the cluster to be complete', async () => {
          const info = await server.cli('CLUSTER', 'INFO');
          const nodes = await server.cli('CLUSTER', 'NODES');
          const known = nodes.split('\n').length === this.servers.length;
          const role = await server.cli('INFO', 'replication');
          const linked = role.includes('role:master') || role.includes('master_link_status:up');
          return (
            info.includes('cluster_state:ok') &&
            info.includes('cluster_slots_ok:16384') &&
            known &&
            linked
          );
        }),
      ),
    );
  }

  /** The server that has this slot as a primary. */
  async primaryOf(slot: number): Promise<RedisServer> {
    for (const server of this.servers) {
      const nodes = await server.cli('CLUSTER', 'NODES');
      const own = nodes.split('\n').find((line) => line.includes('myself,master'));
      const ranges = own?.split(' ').slice(8) ?? [];
      const has = ranges.some((range) => {
        const [from = '', to = from] = range.split('-');
        return Number(from) <= slot && slot <= Number(to);
      });
      if (has) return server;
    }
    throw new Error(`no primary has slot ${slot}`);
  }

  /** The replica of a primary. */
  async replicaOf(primary: RedisServer): Promise<RedisServer> {
    const id = await primary.cli('CLUSTER', 'MYID');
    for (const server of this.servers) {
      const nodes = await server.cli('CLUSTER', 'NODES');
      const own = nodes.split('\n').find((line) => line.includes('myself'));
      if (own?.includes(`slave ${id}`)) return server;
    }
    throw new Error('this primary has no replica');
  }

  async isPrimary(server: RedisServer): Promise<boolean> {
    return (await server.cli('INFO', 'replication')).includes('role:master');
  }

  /**
   * Begins to move a slot, step by step, as `redis-cli --cluster reshard` does
   * (https://redis.io/docs/latest/commands/cluster-setslot/).
   */
  async beginMove(slot: number, from: RedisServer, to: RedisServer): Promise<SlotMove> {
    const setSlot = (server: RedisServer, ...words: string[]) =>
      server.cli('CLUSTER', 'SETSLOT', `${slot}`, ...words);
    const [source, target] = await Promise.all(
      [from, to].map((server) => server.cli('CLUSTER', 'MYID')),
    );
    await setSlot(to, 'IMPORTING', source ?? '');
    await setSlot(from, 'MIGRATING', target ?? '');
    return {
      migrate: async (most) => {
        const keys = await from.cli('CLUSTER', 'GETKEYSINSLOT', `${slot}`, `${most}`);
        const names = keys.split('\n').filter(Boolean);
        if (names.length === 0) return;
        const moved = await from.cli(
          'MIGRATE',
          to.host,
          `${to.port}`,
          '',
          '0',
          '5000',
          'KEYS',
          ...names,
        );
        if (moved !== 'OK') throw new Error(moved);
      },
      end: async () => {
        await setSlot(to, 'NODE', target ?? '');
        await setSlot(from, 'NODE', target ?? '');
      },
    };
  }

  /** Moves the first `count` slots of a primary to another, with redis-cli. */
  async reshard(from: RedisServer, to: RedisServer, count: number): Promise<void> {
    const [source, target] = await Promise.all(
      [from, to].map((server) => server.cli('CLUSTER', 'MYID')),
    );
    const words = `reshard ${from.host}:${from.port} --cluster-from ${source} --cluster-to ${target}`;
    const rest = `--cluster-slots ${count} --cluster-yes`;
    const done = await from.cli('--cluster', ...words.split(' '), ...rest.split(' '));
    if (/ERR|error/i.test(done)) throw new Error(done);
  }

  /** All keys of all primaries. */
  async keys(): Promise<string[]> {
    const all = await Promise.all(this.servers.map((server) => server.cli('KEYS', '*')));
    return [...new Set(all.flatMap((keys) => keys.split('\n').filter(Boolean)))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
