/**
 * A Redis Cluster: finds the node that has a shard, and calls it on that node's own connection.
 *
 * Each node has one `RedisConnection`, so a node that is lost or silent delays only its own
 * shards. After a failure of a call, the shard's node is looked up before the next one: `MOVED`
 * names it, and otherwise a node that answers `CLUSTER SLOTS` does. Nothing is sent again
 * here, because callers repeat what may be repeated. `ASK` is not followed: while a slot moves,
 * its shard waits (`RedisShard.keys`; decision 42).
 */
import { AppError, isAppError, storeClosed } from '../../counter/errors.ts';
import { nodeUrls } from '../../redis-url.ts';
import type { CodeIfLost } from '../server.ts';
import { type ClusterShard, isMoving, movedTo, ownerIn } from './cluster-slots.ts';
import { type Client, RedisConnection, type RedisOptions } from './connection.ts';
import { type RedisNode, RedisShard, type RedisShards } from './shards.ts';

/**
 * The least time between two lookups: a shard that fails is called again every 20 ms, and a lookup
 * connects to each node of the settings.
 */
const LOOK_UP_EVERY_MS = 500;

/** The shards of one Redis Cluster, each on a connection to the node that has it. */
export class RedisCluster implements RedisShards {
  readonly place: string;
  readonly all: readonly RedisShard[];
  readonly #options: RedisOptions;
  readonly #shards: readonly ClusterShard[];
  /** The URLs of the nodes that the settings name. */
  readonly #seeds: readonly string[];
  /** By URL, without user and password. */
  readonly #nodes = new Map<string, RedisConnection>();
  /** The URL of the node that has each shard, as far as it is known. */
  #owners: (string | undefined)[] = [];
  #looking: Promise<void> | undefined;
  /** When the last lookup began, on the clock of `performance.now()`. */
  #lookedUpAt = Number.NEGATIVE_INFINITY;
  /** Set when the last lookup failed. */
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  /** Connects on first use, not here. */
  constructor(options: RedisOptions, shards: readonly ClusterShard[]) {
    this.#options = options;
    this.#shards = shards;
    this.#seeds = nodeUrls(options.url).map(withoutUser);
    const protocol = options.url.slice(0, options.url.indexOf(':'));
    this.place = `${protocol}://${this.#seeds.map((url) => new URL(url).host).join()}`;
    this.all = shards.map(
      ({ tag }, index) =>
        new RedisShard(tag, (question, code) => this.#ask(index, question, code)),
    );
  }

  /** The primaries that have shards, as far as they are known. */
  async nodes(): Promise<readonly RedisNode[]> {
    const owners = await Promise.allSettled(this.all.map((_, shard) => this.#ownerOf(shard)));
    const failed = owners.filter((owner) => owner.status === 'rejected');
    if (failed.length === owners.length) throw failed[0]?.reason;
    return [...new Set(this.#owners)]
      .filter((url) => url !== undefined)
      .map((url) => this.#node(url));
  }

  async risks(): Promise<readonly string[]> {
    const nodes = await this.nodes();
    const ranges = await Promise.any(
      nodes.map((node) => node.ask((client) => client.clusterSlots(), 'store-unavailable')),
    ).catch((error: unknown) => {
      throw worstOf((error as AggregateError).errors);
    });
    const alone = ranges.filter(({ replicas }) => replicas.length === 0);
    const places = new Set(alone.map(({ master }) => `${master.host}:${master.port}`));
    return [...places].map(
      (place) =>
        `The primary ${place} of the cluster has no replica: when its machine is lost, so are its counters. Add one with: redis-cli --cluster add-node HOST:PORT ${place} --cluster-slave.`,
    );
  }

  close(): void {
    this.#closed = true;
    for (const node of this.#nodes.values()) node.close();
  }

  async #ask<T>(
    shard: number,
    question: (client: Client) => Promise<T>,
    codeIfLost: CodeIfLost,
  ): Promise<T> {
    const owner = await this.#ownerOf(shard);
    try {
      return await this.#node(owner).ask(question, codeIfLost);
    } catch (error) {
      this.#follow(error, shard, owner);
      throw error;
    }
  }

  /** After a failed call: decides which node is called next. */
  #follow(error: unknown, shard: number, owner: string): void {
    const next = movedTo(error, owner);
    if (next !== undefined) this.#owners[shard] = next;
    // A node whose slot moves has the shard until the end of the move.
    else if (!isMoving(error) && this.#mayLookUp()) this.#owners[shard] = undefined;
  }

  #mayLookUp(): boolean {
    return performance.now() - this.#lookedUpAt > LOOK_UP_EVERY_MS;
  }

  /** Fails with `store-unavailable`, `store-unusable`. */
  async #ownerOf(shard: number): Promise<string> {
    if (this.#owners[shard] === undefined) {
      if (this.#mayLookUp()) this.#looking ??= this.#lookUp();
      await this.#looking;
    }
    const owner = this.#owners[shard];
    if (owner !== undefined) return owner;
    if (this.#failure) throw this.#failure.error;
    const slot = this.#shards[shard]?.slot;
    const message = `No node of the Redis Cluster at ${this.place} has slot ${slot}. redis-cli --cluster check HOST:PORT shows more.`;
    throw new AppError('store-unavailable', message);
  }

  /** Looks up the nodes of shards whose node is not known. Keeps the error, and never fails. */
  async #lookUp(): Promise<void> {
    this.#lookedUpAt = performance.now();
    try {
      await this.#findOwners();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#looking = undefined;
    }
  }

  /**
   * Finds these nodes from the first node that knows all of them, or else from the first that
   * answers: a node may know nothing of its cluster yet.
   */
  async #findOwners(): Promise<void> {
    const urls = new Set([...this.#nodes.keys(), ...this.#seeds]);
    const views = [...urls].map(async (url) => ({
      url,
      ranges: await this.#node(url).ask((client) => client.clusterSlots(), 'store-unavailable'),
    }));
    const complete = views.map(async (view) => {
      const { url, ranges } = await view;
      const knows = ({ slot }: ClusterShard) => ownerIn(ranges, slot, url) !== undefined;
      if (!this.#shards.every((each, shard) => this.#owners[shard] !== undefined || knows(each)))
        throw new AppError('store-unavailable', `${url} does not know all nodes.`);
      return view;
    });
    const { url, ranges } = await Promise.any(complete)
      .catch(() => Promise.any(views))
      .catch((error: unknown) => {
        throw worstOf((error as AggregateError).errors);
      });
    this.#owners = this.#shards.map(
      ({ slot }, shard) => this.#owners[shard] ?? ownerIn(ranges, slot, url),
    );
    // Nodes that have no shard any more, or not under this name.
    for (const [known, node] of this.#nodes) {
      if (this.#owners.includes(known)) continue;
      this.#nodes.delete(known);
      node.leave();
    }
  }

  #node(url: string): RedisConnection {
    if (this.#closed) throw storeClosed(this.place);
    let node = this.#nodes.get(url);
    if (node === undefined) {
      const { username, password } = new URL(nodeUrls(this.#options.url)[0] ?? '');
      const full = Object.assign(new URL(url), { username, password }).href;
      node = new RedisConnection({ ...this.#options, url: full, inCluster: true });
      this.#nodes.set(url, node);
    }
    return node;
  }
}

function withoutUser(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** The error that says most: one that does not pass by itself, or else the first. */
function worstOf(errors: readonly unknown[]): unknown {
  return errors.find((error) => isAppError(error, 'store-unusable')) ?? errors[0];
}
