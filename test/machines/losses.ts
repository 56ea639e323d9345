/**
 * What can happen to one machine of the stack. Each is injected into a healthy cluster, lasts for
 * a while, and is undone.
 */
import type { Node } from '../stack/support/node.ts';
import type { Cluster, Roles } from './cluster.ts';

/** A failover takes about 20 s, and a switchover 4. */
const OUTAGE_MS = 35_000;
const CHANGE_MS = 10_000;

/** What happened, and how it is undone. */
export interface Injected {
  /** For people. */
  readonly what: string;
  /** How long it lasts, or what follows from it. */
  readonly lastsMs: number;
  readonly undo: () => Promise<void>;
}

export const LOSSES = {
  'the machine of the primary is lost': (cluster, { primary }) => switchOff(cluster, primary),
  'the machine of the synchronous standby is lost': (cluster, { standby }) =>
    switchOff(cluster, standby),
  'the machine of the other standby is lost': (cluster, { other }) => switchOff(cluster, other),
  'the primary is cut off from the others, but not from visitors': async (
    cluster,
    { primary },
  ) => {
    const others = cluster.nodes.filter((node) => node !== primary);
    await firewall(primary, others, '-I');
    return { what: primary.name, lastsMs: OUTAGE_MS, undo: () => firewall(primary, others, '-D') };
  },
  'an operator switches over': async (cluster, { primary: from, standby: to }) => {
    const member = ({ name }: Node) => name.replace('node', 'postgres');
    await cluster.patronictl(
      `switchover --force --master ${member(from)} --candidate ${member(to)}`,
    );
    return { what: `${from.name} to ${to.name}`, lastsMs: CHANGE_MS, undo: async () => undefined };
  },
  'a member of etcd is killed': async (_, { primary: node }) => {
    const ids = await node.mustDocker('ps', '-q', '-f', 'name=mystack_etcd');
    await node.mustDocker('kill', ...ids.split('\n'));
    // Swarm starts another in its place.
    return { what: node.name, lastsMs: CHANGE_MS, undo: async () => undefined };
  },
} satisfies Readonly<Record<string, (cluster: Cluster, roles: Roles) => Promise<Injected>>>;

async function switchOff(cluster: Cluster, node: Node): Promise<Injected> {
  await cluster.switchOff(node);
  return { what: node.name, lastsMs: OUTAGE_MS, undo: () => cluster.switchOn(node) };
}

/** Drops (`-I`), or drops no more (`-D`), all packets between a node and others. */
async function firewall(node: Node, others: readonly Node[], what: '-I' | '-D'): Promise<void> {
  const rules = others.flatMap(({ address }) => [
    `iptables ${what} INPUT -s ${address} -j DROP`,
    `iptables ${what} OUTPUT -d ${address} -j DROP`,
  ]);
  const { status, error } = await node.sh(rules.join(' && '), '/');
  if (status !== 0) throw new Error(error);
}
