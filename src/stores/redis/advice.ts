/** Finds settings of a Redis that put counts at risk. */
import { ErrorReply } from '@redis/client';
import { AppError, isAppError } from '../../counter/errors.ts';
import type { Client } from './connection.ts';
import type { RedisNode, RedisShards } from './shards.ts';
import { memoryIn } from './space.ts';

interface SafeSetting {
  readonly name: string;
  readonly value: string;
  readonly risk: string;
}

/** The ways in which this Redis could lose counts, each a sentence with the setting to change. */
export async function redisRisks(shards: RedisShards): Promise<readonly string[]> {
  const nodes = await shards.nodes();
  if (shards.all.length > 1) return clusterRisks(nodes, shards);
  return (await Promise.all(nodes.map((node) => risksOf(node, SAFE_SETTINGS)))).flat();
}

/** The same of a cluster. A node that does not answer is named: the others count without it. */
async function clusterRisks(
  nodes: readonly RedisNode[],
  shards: RedisShards,
): Promise<readonly string[]> {
  const all = await Promise.all(
    nodes.map(async (node) => {
      const risks = await risksOf(node, [...SAFE_SETTINGS, FULL_COVERAGE]).catch(awayRisk);
      return risks.map((risk) => ({ risk, place: node.place }));
    }),
  );
  // The nodes of a cluster usually have the same settings.
  const places = Map.groupBy(all.flat(), ({ risk }) => risk);
  const named = [...places].map(
    ([risk, at]) => `${at.map(({ place }) => place).join(', ')}: ${risk}`,
  );
  return [...named, ...(await shards.risks())];
}

function awayRisk(error: unknown): readonly string[] {
  if (!isAppError(error, 'store-unavailable')) throw error;
  return [`The counters of this node wait, because it does not answer (${error.message})`];
}

async function risksOf(
  node: RedisNode,
  wanted: readonly SafeSetting[],
): Promise<readonly string[]> {
  return [...(await configurationRisks(node, wanted)), ...(await memoryRisks(node))];
}

async function configurationRisks(
  node: RedisNode,
  safe: readonly SafeSetting[],
): Promise<readonly string[]> {
  const config = await unlessForbidden(node, async (client) => {
    const answers = await Promise.all(safe.map(({ name }) => client.configGet(name)));
    return Object.assign({}, ...answers) as Record<string, string>;
  });
  if (typeof config === 'string') {
    const wanted = safe.map(({ name, value }) => `${name} ${value}`).join(', ');
    return [
      `Redis does not let this user read its configuration (${config}), so whether it can lose counts is unknown. It should run with: ${wanted}.`,
    ];
  }
  return safe
    .filter(({ name, value }) => config[name] !== undefined && config[name] !== value)
    .map(
      ({ name, value, risk }) =>
        `Redis runs with ${name} ${config[name]}: ${risk}. Set it with: redis-cli CONFIG SET ${name} ${value}, and in redis.conf.`,
    );
}

/** Without the size of the memory, Seen cannot stop storing new data in time (`space.ts`). */
async function memoryRisks(node: RedisNode): Promise<readonly string[]> {
  const info = await unlessForbidden(node, async (client) =>
    memoryIn(await client.info('memory')),
  );
  if (typeof info === 'string') {
    return [
      `Redis does not let this user ask how much memory it has left (${info}), so visitors could fill it, and then nothing counts. Allow +info.`,
    ];
  }
  if (info.max > 0) return [];
  return [
    "Redis runs without maxmemory: visitors could fill the machine's memory. Set it with: redis-cli CONFIG SET maxmemory 256mb, and in redis.conf.",
  ];
}

/** The reply of Redis, or its message when this user has no permission. */
async function unlessForbidden<T extends object>(
  node: RedisNode,
  question: (client: Client) => Promise<T>,
): Promise<T | string> {
  try {
    return await node.ask(question, 'store-unavailable');
  } catch (error) {
    if (!(error instanceof AppError) || !(error.cause instanceof ErrorReply)) throw error;
    return error.cause.message;
  }
}

/** The settings with which Redis cannot lose or evict a count, and the risk of any other value. */
const SAFE_SETTINGS: readonly SafeSetting[] = [
  { name: 'appendonly', value: 'yes', risk: 'a crash loses every visit since the last snapshot' },
  {
    name: 'appendfsync',
    value: 'always',
    risk: 'a crash loses visits that were answered already',
  },
  {
    name: 'no-appendfsync-on-rewrite',
    value: 'no',
    risk: 'a crash during a rewrite loses visits that were answered already',
  },
  {
    name: 'maxmemory-policy',
    value: 'noeviction',
    risk: 'counters are evicted when memory is full',
  },
];

/** A setting of the nodes of a cluster. */
const FULL_COVERAGE: SafeSetting = {
  name: 'cluster-require-full-coverage',
  value: 'no',
  risk: 'while one primary of the cluster is away, no counter counts',
};
