/**
 * The faults of a soak run: a selection of the campaign's (`test/faults/`), one after another at
 * fixed times, and the failed requests that each of them excuses. A failed request without an
 * excuse makes the run fail.
 */
import type { Random } from '../../test/faults/random.ts';
import type { StoreName } from '../stores.ts';
import type { Service } from './service.ts';
import { allListening } from './service.ts';

/** A request that got no number. */
export interface Failure {
  /** Milliseconds since the run began. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `reset`, `status 503`, … */
  readonly why: string;
  /** Whether its connection was kept from an earlier visit. */
  readonly kept: boolean;
}

/** A fault that happened. */
export interface Injected {
  readonly name: string;
  readonly fromMs: number;
  /** When all replicas listened again. */
  readonly toMs: number;
  /** The random choices of the fault, in a few words; undefined when there were none. */
  readonly how: string | undefined;
}

/** The effects that a fault may have on requests, and has on processes. */
interface Rule {
  readonly mayFail: string;
  readonly excuses: (failure: Failure) => boolean;
  /** Whether a process ends and another begins. */
  readonly replaces: boolean;
}

/** The failures of requests whose connection is closed or refused. */
const CUT: ReadonlySet<string> = new Set(['closed', 'reset', 'refused']);
const CONNECTIONS_CUT: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'connections, which are cut or refused',
  excuses: ({ why }) => CUT.has(why),
};
const STORE_UNAVAILABLE: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'with 503, past the wait',
  excuses: ({ why }) => why.startsWith('status 503'),
};
const NO_FAILURES: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'nothing',
  excuses: () => false,
};
/** Decision 10: a new connection may be reset at the moment at which a port is closed. */
const NEW_CONNECTIONS_CUT: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'new connections, which are cut or refused',
  excuses: ({ kept, why }) => !kept && CUT.has(why),
};

/** The rules of a store that is a server. */
function ofServer(name: string): Readonly<Record<string, Rule>> {
  return {
    'rolling restart (SIGHUP)': { ...NEW_CONNECTIONS_CUT, replaces: true },
    'kill -9 of a replica': { ...CONNECTIONS_CUT, replaces: true },
    [`kill -9 of ${name}`]: { ...STORE_UNAVAILABLE, replaces: true },
    'answers cut off': { ...NO_FAILURES, replaces: false },
    'all connections cut': { ...NO_FAILURES, replaces: false },
  };
}

const RULES: Readonly<Record<StoreName, Readonly<Record<string, Rule>>>> = {
  Redis: ofServer('Redis'),
  PostgreSQL: ofServer('PostgreSQL'),
  SQLite: {
    'rolling restart (SIGHUP)': { ...NEW_CONNECTIONS_CUT, replaces: true },
    'kill -9 of a replica': { ...CONNECTIONS_CUT, replaces: true },
    'power cut: kill -9 of all of Seen': { ...CONNECTIONS_CUT, replaces: true },
    'another program holds the lock': { ...STORE_UNAVAILABLE, replaces: false },
  },
};

/** The names of the faults of a store: all of them, and those that replace no process. */
export function faultNames(store: StoreName): { all: string[]; passing: string[] } {
  const rules = Object.entries(RULES[store]);
  return {
    all: rules.map(([name]) => name),
    passing: rules.filter(([, { replaces }]) => !replaces).map(([name]) => name),
  };
}

/** The requests that may fail because of the fault of this name, in words. */
export function mayFail(store: StoreName, name: string): string {
  return RULES[store][name]?.mayFail ?? NO_FAILURES.mayFail;
}

/** The fault that excuses a failure: one at the same time, which may have this effect. */
export function excusedBy(
  store: StoreName,
  faults: readonly Injected[],
  failure: Failure,
): Injected | undefined {
  return faults.find(
    ({ name, fromMs, toMs }) =>
      failure.toMs >= fromMs &&
      failure.fromMs <= toMs &&
      (RULES[store][name]?.excuses(failure) ?? false),
  );
}

/**
 * Injects the fault of this name. Resolves when it has healed and all replicas listen. `nowMs`
 * returns the time since the run began.
 */
export async function inject(
  service: Service,
  name: string,
  random: Random,
  nowMs: () => number,
): Promise<Injected> {
  const fault = service.faults.find((each) => each.name === name);
  if (!fault) throw new Error(`There is no fault “${name}”.`);
  const before = name.includes('SIGHUP') ? await service.program.replicas() : [];
  const fromMs = nowMs();
  const how = await fault.inject(random);
  // Until the parent has noticed that a replica has ended, all replicas seem to listen.
  await Bun.sleep(500);
  await allListening(service.program, before);
  return { name, fromMs, toMs: nowMs(), how };
}
