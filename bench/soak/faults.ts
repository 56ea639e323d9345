/**
 * The faults of a soak run: a selection of the campaign's (`test/faults/`), one after another at
 * fixed times, and the failed requests that each of them excuses. A failed request without an
 * excuse makes the run fail.
 */
import type { Random } from '../../test/faults/random.ts';
import type { StoreName } from '../stores.ts';
import type { Service } from './service.ts';
import { whole } from './service.ts';

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
  /** In a few words, where there was chance in it. */
  readonly how: string | undefined;
}

/** What a fault may do to requests, and what it does to processes. */
interface Rule {
  readonly mayFail: string;
  readonly excuses: (failure: Failure) => boolean;
  /** Whether a process ends and another begins. */
  readonly replaces: boolean;
}

/** How a request ends whose connection is closed under it, or is not taken. */
const CUT: ReadonlySet<string> = new Set(['closed', 'reset', 'refused']);
const HELD: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'connections, which are cut or refused',
  excuses: ({ why }) => CUT.has(why),
};
const AWAY: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'with 503, past the wait',
  excuses: ({ why }) => why.startsWith('status 503'),
};
const NONE: Pick<Rule, 'mayFail' | 'excuses'> = { mayFail: 'nothing', excuses: () => false };
/** Decision 10: one that comes in the instant in which a port is closed may be reset. */
const NEW: Pick<Rule, 'mayFail' | 'excuses'> = {
  mayFail: 'new connections, which are cut or refused',
  excuses: ({ kept, why }) => !kept && CUT.has(why),
};

/** The rules of a store that is a server. */
function ofServer(name: string): Readonly<Record<string, Rule>> {
  return {
    'rolling restart (SIGHUP)': { ...NEW, replaces: true },
    'kill -9 of a replica': { ...HELD, replaces: true },
    [`kill -9 of ${name}`]: { ...AWAY, replaces: true },
    'answers cut off': { ...NONE, replaces: false },
    'all connections cut': { ...NONE, replaces: false },
  };
}

const RULES: Readonly<Record<StoreName, Readonly<Record<string, Rule>>>> = {
  Redis: ofServer('Redis'),
  PostgreSQL: ofServer('PostgreSQL'),
  SQLite: {
    'rolling restart (SIGHUP)': { ...NEW, replaces: true },
    'kill -9 of a replica': { ...HELD, replaces: true },
    'power cut: kill -9 of all of Seen': { ...HELD, replaces: true },
    'another program holds the lock': { ...AWAY, replaces: false },
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

/** What a fault of this name may make fail, in words. */
export function mayFail(store: StoreName, name: string): string {
  return RULES[store][name]?.mayFail ?? NONE.mayFail;
}

/** The fault that excuses a failure: one that was there while the request was, and may do this. */
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
 * Does it, and resolves when it is healed and all replicas listen. `nowMs` is the time since the
 * run began.
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
  // Until the parent has noticed that one has ended, it looks as if all were there.
  await Bun.sleep(500);
  await whole(service.program, before);
  return { name, fromMs, toMs: nowMs(), how };
}
