/**
 * The table of Redis' error replies. Each entry has an error code, advice, and whether another
 * server may be the right one now. The messages are those of Redis 7.0, which the tests run.
 *
 * `store-unavailable` passes by itself, or when somebody acts on the server: a start waits for it.
 * `store-unusable` lasts until somebody changes Seen's settings or the server: a start fails at
 * once. Not here: the connection (`connection.ts`).
 */
import { AppError } from '../../counter/errors.ts';

interface Refusal {
  /** Matches the beginning of Redis' message. */
  readonly says: RegExp;
  readonly code: 'store-unavailable' | 'store-unusable';
  /** The meaning and what to do. `{url}` stands for the name of the setting that has the URL. */
  readonly advice: string;
  /**
   * Whether the name in the URL may now lead to another server, so that the connection must be
   * left.
   */
  readonly leave: boolean;
}

const FAILOVER = 'Seen follows as soon as the name in {url} leads to the primary';
const ACCESS = 'Check user, password and database in {url}, and what the user may do';

/** The first match applies. */
const REFUSALS: readonly Refusal[] = [
  {
    says: /^READONLY/,
    code: 'store-unavailable',
    advice: `This Redis is a replica, which takes no visits. ${FAILOVER}`,
    leave: true,
  },
  {
    says: /^MASTERDOWN/,
    code: 'store-unavailable',
    advice: `This Redis is a replica that has lost its primary. ${FAILOVER}`,
    leave: true,
  },
  {
    says: /^LOADING/,
    code: 'store-unavailable',
    advice: 'Redis has just started and reads its file. This passes by itself',
    leave: true,
  },
  {
    says: /^OOM/,
    code: 'store-unavailable',
    advice: 'Redis has used its memory. Raise maxmemory, or delete counters',
    leave: true,
  },
  {
    says: /^MISCONF/,
    code: 'store-unavailable',
    advice: 'Redis cannot write its files. Make room on its disk; its log says more',
    leave: true,
  },
  {
    says: /^NOREPLICAS/,
    code: 'store-unavailable',
    advice:
      'Fewer replicas of Redis are connected than min-replicas-to-write asks for. Start them, or lower it',
    leave: true,
  },
  {
    says: /^(BUSY|UNBLOCKED|ERR max number of clients)/,
    code: 'store-unavailable',
    advice:
      'Redis is busy with another client. This passes by itself; redis-cli CLIENT LIST shows the clients',
    leave: true,
  },
  {
    // A password and permissions change in two places: the other place may follow in a moment
    // (decision 13).
    says: /^(WRONGPASS|NOAUTH|NOPERM|ERR (ACL failure in script|The user executing the script))/,
    code: 'store-unavailable',
    advice: ACCESS,
    leave: true,
  },
  {
    says: /^(CROSSSLOT|MOVED|ASK |TRYAGAIN|CLUSTERDOWN|ERR (SELECT is not allowed|Script attempted to access))/,
    code: 'store-unusable',
    advice:
      'This Redis is a node of a Redis Cluster. Write {url} with +cluster, as in redis+cluster://HOST:PORT,HOST:PORT',
    leave: true,
  },
  {
    says: /^(DENIED|ERR (AUTH|invalid password|Client sent AUTH|DB index))/,
    code: 'store-unusable',
    advice: ACCESS,
    leave: true,
  },
  {
    says: /^NOSCRIPT/,
    code: 'store-unusable',
    advice:
      'It loses scripts right after they are loaded. Name one Redis in {url}, not a proxy in front of several',
    leave: true,
  },
  {
    says: /^(ERR unknown command|ERR (Error (compiling|running) script|user_script:|Invalid command passed)|.*user_script:\d+: )/,
    code: 'store-unusable',
    advice: 'It lacks what Seen needs: Redis 7.0 or newer with its commands under their own names',
    leave: true,
  },
  {
    says: /^WRONGTYPE/,
    code: 'store-unusable',
    advice:
      'Another program has put something else under a key of Seen. Move it away, or use another database',
    leave: false,
  },
];

/** Advice when a shard lacks keys. */
export const INCOMPLETE =
  'Its slot was being moved when its primary failed over. Finish with: redis-cli --cluster fix HOST:PORT';

/** What only nodes of a Redis Cluster reply. These come first when Seen knows that it is one. */
const CLUSTER_REFUSALS: readonly Refusal[] = [
  {
    says: /^MOVED/,
    code: 'store-unavailable',
    advice: 'Another node has this slot now. Seen follows',
    leave: false,
  },
  {
    says: /^(ASK |TRYAGAIN|ERR Script attempted to access a non local)/,
    code: 'store-unavailable',
    advice:
      'This slot is moving to another node. Visits wait until all its keys are there. If nobody moves it any more, finish with: redis-cli --cluster fix HOST:PORT',
    leave: false,
  },
  { says: /^INCOMPLETE/, code: 'store-unavailable', advice: INCOMPLETE, leave: false },
  {
    says: /^(CLUSTERDOWN|ERR Script attempted to execute .* the cluster is down)/,
    code: 'store-unavailable',
    advice:
      'A part of the cluster has no primary. This passes when a replica takes over; redis-cli --cluster check HOST:PORT shows more',
    leave: false,
  },
  {
    says: /^ERR This instance has cluster support disabled/,
    code: 'store-unusable',
    advice: 'This Redis is no node of a Redis Cluster. Write {url} as redis://HOST:PORT',
    leave: true,
  },
];

/** The place in a script where a command failed, which Redis appends to the error. */
const IN_SCRIPT = / script: [0-9a-f]{40}, on @user_script:\d+\.?$/;

/** Any other error: new in a later Redis, or from a compatible service. */
const OTHER: Omit<Refusal, 'says'> = {
  code: 'store-unavailable',
  advice: 'Seen tries again',
  leave: true,
};

/**
 * Translates an error reply. `place` is the server, `urlIn` the name of its URL's setting, and
 * `inCluster` is true for a node of a Redis Cluster.
 * SEQUENCE and CLOCK are errors of `lua/commit.lua`: Redis lacks the writer's last batch; the
 * clocks differ by too much. INCOMPLETE is one of `lua/shared.lua`: a shard lacks keys.
 */
export function refusalOf(
  reply: Error,
  place: string,
  urlIn: string,
  inCluster = false,
): { readonly error: AppError; readonly leave: boolean } {
  if (reply.message.startsWith('SEQUENCE ')) {
    const found = reply.message.slice('SEQUENCE '.length);
    const why = 'emptied, set back to an older copy, or replaced by a replica that lacked visits';
    const message = `Redis at ${place} was ${why}: answered visits may be missing (${found}).`;
    return { error: new AppError('sequence-mismatch', message, { cause: reply }), leave: false };
  }
  const [, seconds] = /^CLOCK (-?\d+)/.exec(reply.message) ?? [];
  if (seconds !== undefined) {
    const difference = `${Math.abs(Number(seconds))} s ${Number(seconds) > 0 ? 'ahead of' : 'behind'}`;
    const clocks = `This machine's clock is ${difference} that of Redis at ${place}`;
    const message = `${clocks}, which is more than Seen allows. Correct the clocks (NTP).`;
    return { error: new AppError('store-unavailable', message, { cause: reply }), leave: false };
  }
  const table = inCluster ? [...CLUSTER_REFUSALS, ...REFUSALS] : REFUSALS;
  const { code, advice, leave } = table.find(({ says }) => says.test(reply.message)) ?? OTHER;
  const refusal = reply.message.replace(IN_SCRIPT, '').replace(/\.+$/, '');
  const message = `Redis at ${place} refuses Seen: ${refusal}. ${advice.replaceAll('{url}', urlIn)}.`;
  return { error: new AppError(code, message, { cause: reply }), leave };
}
