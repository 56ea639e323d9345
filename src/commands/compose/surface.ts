/**
 * Builds the parts of a replica's public surface beside the counter: limits, clients' addresses,
 * and the view of the stack.
 *
 * Not here: the replica as a whole (`replica.ts`).
 */
import type { Config } from '../../config/config.ts';
import type { StoreKind } from '../../contract/store.ts';
import { isAppError } from '../../counter/errors.ts';
import type { StoreHealth } from '../../counter/store-health.ts';
import type { Stack } from '../../http/api/stack.ts';
import type { StreamsPerAddress } from '../../http/live/event-stream.ts';
import type { Answer } from '../../http/request/lifecycle.ts';
import { createClientAddress, noticeUntrustedProxy } from '../../http/visit/client-address.ts';
import { Limits, type LimitsOptions, type Quotas } from '../../http/visit/limits.ts';
import type { ClientAddress, Visitors } from '../../http/visit/visitors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import { pluralize } from '../../plural.ts';
import type { Heartbeat } from '../../replicas/heartbeat.ts';
import { CLOCK } from './counter.ts';

/**
 * With hidden addresses, all clients together may create this part of `SEEN_COUNTERS_MAX` new
 * counters a day, so that the maximum lasts ten days.
 */
const NEW_COUNTERS_PART = 0.1;
/**
 * The part of `SEEN_KEYS_MAX` that they may use. Keys are kept for a day. A limit allows its whole
 * quota at once and as much again in the next day, so at most 80 % of the maximum are used.
 */
const KEYS_PART = 0.4;

/**
 * The limits of clients; `undefined` when nothing is limited. With closed counters only the
 * installation creates them, without limit.
 */
export function composeLimits(
  config: Config,
  parts: Omit<LimitsOptions, keyof Quotas | 'addressesHidden' | 'clock'>,
): Limits | undefined {
  const quotas = quotasOf(config);
  if (Object.values(quotas).every((quota) => quota === 0)) return undefined;
  const addressesHidden = config.addresses === 'hidden';
  return new Limits({ ...parts, ...quotas, addressesHidden, clock: CLOCK });
}

/** A setting of 0 means no limit, per address and for all together. */
function quotasOf(config: Config): Quotas {
  const { requestsPerMinute, newCountersPerDay, keysPerDay, countersMax, keysMax } = config;
  const hidden = config.addresses === 'hidden';
  const shared = (perAddress: number, max: number, part: number) =>
    hidden && perAddress > 0 ? Math.ceil(max * part) : perAddress;
  return {
    requestsPerMinute,
    newCountersPerDay:
      config.counters === 'closed' ? 0 : shared(newCountersPerDay, countersMax, NEW_COUNTERS_PART),
    keysPerDay: shared(keysPerDay, keysMax, KEYS_PART),
  };
}

/**
 * The maximum number of streams of an address. With hidden addresses only the total is limited.
 */
export function streamsPerAddress(
  { subscribersPerAddress: max, addresses }: Config,
  visitors: Visitors,
): StreamsPerAddress | undefined {
  if (max === 0 || addresses === 'hidden') return undefined;
  return { max, networkOf: (c) => visitors.networkOf(c) };
}

/** Finds clients' addresses. Logs once how to trust an untrusted proxy. */
export function composeClientAddress(
  { trustedProxies, addresses }: Config,
  log: Log,
): ClientAddress {
  const clientAddress = createClientAddress(trustedProxies);
  // A load balancer that hides addresses forwards forged headers: it must not be trusted.
  if (addresses === 'hidden') return clientAddress;
  return noticeUntrustedProxy(clientAddress, (proxy) =>
    log.warn(
      `${proxy} sends X-Forwarded-For and is not trusted, so all its clients count as one. ` +
        `If it is your proxy and sets this header, add it: SEEN_TRUSTED_PROXIES=${[...trustedProxies, proxy].join(',')}`,
    ),
  );
}

/** The warning at the start when clients' addresses are hidden. */
export function addressesWarning(config: Config): string | undefined {
  if (config.addresses === 'known') return undefined;
  const { newCountersPerDay, keysPerDay } = quotasOf(config);
  const shares = [
    newCountersPerDay > 0 ? pluralize(newCountersPerDay, 'new counter') : [],
    keysPerDay > 0 ? `${pluralize(keysPerDay, 'request')} with an Idempotency-Key` : [],
  ].flat();
  const together =
    shares.length === 0 ? '' : ` All clients together may make ${shares.join(' and ')} a day.`;
  return (
    'SEEN_ADDRESSES is hidden: all clients look like one, so they share limits, and visitors cannot be distinguished.' +
    `${together} To change this, add a proxy that forwards addresses, as deploy/edge.yml does.`
  );
}

/** Names of the stores for people. */
const STORE_NAMES = { sqlite: 'SQLite', redis: 'Redis', postgres: 'PostgreSQL' } as const;

/** Returns the public view of replicas and store; `undefined` when it is not public. */
export function stackOf(
  { replicaName, showStack }: Config,
  kind: StoreKind,
  heartbeat: Heartbeat,
  health: StoreHealth,
): (() => Stack) | undefined {
  if (showStack !== 'yes') return undefined;
  return () => ({
    replica: replicaName,
    store: { kind: STORE_NAMES[kind], state: health.failure === undefined ? 'up' : 'away' },
    replicas: heartbeat.replicas,
  });
}

/** Logs an export or import over HTTP that has failed. */
export function transferFailed(log: Log): (error: unknown) => void {
  return (error) => {
    if (isAppError(error))
      log.warn({ code: error.code }, `an export or import ended early: ${error.message}`);
    else log.error({ error }, 'an export or import failed because of a bug: please report it');
  };
}

/** Records each answered request in the metrics, and in the log if that has details. */
export function requestObserver(metrics: Metrics, log: Log, clientAddress: ClientAddress) {
  if (!log.isLevelEnabled('debug')) return metrics.requested;
  return (answer: Answer) => {
    metrics.requested(answer);
    log.debug(accessLogEntry(answer, clientAddress), 'answered');
  };
}

/** A request for the log, without its query, which may contain a token. */
function accessLogEntry({ state, status, seconds }: Answer, clientAddress: ClientAddress) {
  const { method, url, headers } = state.request;
  const client = clientAddress(state.peer?.address ?? '', headers.get('X-Forwarded-For'));
  return { client, method, url: url.split('?', 1)[0], status, seconds };
}

/**
 * The longest time that a request takes. A hit that creates its counter may wait twice, the first
 * time to find that the counter is missing; so may a change. The last attempt may have to connect
 * and send.
 */
export function longestHandlerMs({
  waitMs,
  storeTimeoutMs,
}: Pick<Config, 'waitMs' | 'storeTimeoutMs'>): number {
  return 2 * (waitMs + storeTimeoutMs);
}
