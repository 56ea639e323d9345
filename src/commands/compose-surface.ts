/**
 * Builds what the public surface of a replica is made of beside its counter: limits, the services that are answered for, what is shown.
 *
 * Not here: the replica as a whole (`compose.ts`).
 */
import { version } from '../../package.json' with { type: 'json' };
import type { Config } from '../config.ts';
import { type AbacusOptions, createAbacus } from '../http/abacus.ts';
import { ABACUS_PREFIX } from '../http/abacus-request.ts';
import type { Answer } from '../http/answering.ts';
import type { ClientAddress } from '../http/client-address.ts';
import { createCountapi } from '../http/countapi.ts';
import { COUNTAPI_PREFIX } from '../http/countapi-request.ts';
import { Limits, type LimitsOptions } from '../http/limits.ts';
import type { OwnHosts } from '../http/own-host.ts';
import type { Stack } from '../http/stack.ts';
import type { Heartbeat } from '../replicas/heartbeat.ts';

/** What visitors may ask; `undefined` when there are no limits. Where counters are closed only their owner makes them, without limit. */
export function composeLimits(
  { requestsPerMinute, newCountersPerDay, counters }: Config,
  parts: Pick<LimitsOptions, 'store' | 'visitors' | 'owners' | 'clock' | 'onOpen'>,
): Limits | undefined {
  const quotas = { requestsPerMinute, newCountersPerDay: counters === 'open' ? newCountersPerDay : 0 };
  if (quotas.requestsPerMinute === 0 && quotas.newCountersPerDay === 0) return undefined;
  return new Limits({ ...parts, ...quotas });
}

/** The services whose calls are answered as theirs were. */
export function otherServices(
  { replicaName: replica, storeUrl }: Config,
  parts: Omit<AbacusOptions, 'replica' | 'version' | 'database' | 'now'>,
) {
  const common = { ...parts, version, now: Date.now };
  const database = storeUrl.startsWith('sqlite:') ? 'sqlite' : 'redis';
  return [createCountapi(common), createAbacus({ ...common, replica, database })];
}

/** The services that have a host name of their own. */
export function ownHosts({ countapiHost, abacusHost }: Config): OwnHosts {
  const hosts = new Map<string, string>();
  if (countapiHost !== undefined) hosts.set(countapiHost, COUNTAPI_PREFIX);
  if (abacusHost !== undefined) hosts.set(abacusHost, ABACUS_PREFIX);
  return hosts;
}

/** What is shown of replicas and store. */
export function stackOf({ replicaName, storeUrl }: Config, heartbeat: Heartbeat): () => Stack {
  const kind = storeUrl.startsWith('sqlite:') ? 'SQLite' : 'Redis';
  return () => ({
    replica: replicaName,
    store: { kind, state: heartbeat.answered ? 'up' : 'away' },
    replicas: heartbeat.replicas,
  });
}

/** A request as the log has it: without the query, in which somebody may have put a token. */
export function accessOf({ request, peer, status, seconds }: Answer, clientAddress: ClientAddress) {
  const { method, url, headers } = request;
  const client = clientAddress(peer.requestIP(request)?.address ?? '', headers.get('X-Forwarded-For'));
  return { client, method, url: url.split('?', 1)[0], status, seconds };
}
