/**
 * The service that `seen serve` runs: one replica in its own process, or a supervisor of several.
 *
 * Not here: signals, the start, and the log (`serve.ts`).
 */
import type { Config } from '../config/config.ts';
import { REPLICA_NAME_MAX } from '../config/values.ts';
import { AppError } from '../counter/errors.ts';
import type { Listening } from '../http/server.ts';
import type { Log } from '../log.ts';
import type { MetricsSnapshot } from '../metrics.ts';
import { createParentMetrics } from '../replicas/parent-metrics.ts';
import { Supervisor } from '../replicas/supervisor.ts';
import { freePort } from './compose/ports.ts';
import { composeStore } from './compose/store.ts';
import { readThemes } from './compose/themes.ts';

/** The address of a listener. */
export type Address = Pick<Listening, 'host' | 'port'>;

/** The service for visits: one replica, or a supervisor of several. */
export interface Service {
  /** Resolves when visits are accepted; returns the address, `undefined` if a stop came first. */
  start(): Promise<Address | undefined>;
  /** Resolves when every visit has its answer and nothing runs any more. */
  stop(): Promise<void>;
  /** Kills all child processes. */
  kill(): void;
  /** Replaces the replicas one by one, or logs that it cannot. */
  replaceAll(): void;
  /** Why visits would fail, for people; `undefined` when they would not. */
  unready(): Promise<string | undefined>;
  /** The replicas that do not answer, and how many there are in all. */
  silent(): { readonly names: readonly string[]; readonly of: number };
  /** The metrics of this process and of its replicas. */
  metrics(): Promise<readonly MetricsSnapshot[]>;
}

/**
 * Visits are served by one replica, in this process. Fails with `settings-invalid` when a theme is
 * wrong.
 */
export async function serveAlone(config: Config, log: Log): Promise<Service> {
  // A parent of several replicas does not load this code.
  const { composeReplica } = await import('./compose/replica.ts');
  const store = await composeStore(config, 'make');
  const { life, metrics } = composeReplica(config, store, log, false);
  return {
    start: async () => life.start(),
    stop: () => life.stop(),
    kill: () => undefined,
    replaceAll: () =>
      log.warn('SIGHUP is ignored: it replaces replicas one by one, and there is only one'),
    unready: async () => life.unready(),
    // This process is the replica: when it hangs, it cannot report that.
    silent: () => ({ names: [], of: 1 }),
    metrics: async () => [await metrics.snapshot()],
  };
}

/**
 * Visits are served by replicas that share one port, each in a process of its own. They get the
 * flags in `argv`. Fails with `port-unavailable`, and with `settings-invalid` when a theme is
 * wrong, or the name too long for a number after it.
 */
export function serveWithReplicas(config: Config, log: Log, argv: readonly string[]): Service {
  // Each replica reads the themes itself. A mistake in them is found here, before any starts.
  readThemes(config.themes);
  const names = namesOf(config);
  const address = freePort(config);
  const figures = createParentMetrics(config.replicaName, () => supervisor.silent.length);
  const supervisor: Supervisor = new Supervisor({
    names,
    // Later flags win, so these override those in `argv`.
    command: (name) => [
      ...thisProgram(),
      'replica',
      ...argv,
      `--replica-name=${name}`,
      `--host=${address.host}`,
      `--port=${address.port}`,
    ],
    stopMs: config.stopMs,
    log,
    onHung: () => figures.killedHung(),
  });
  return {
    start: async () => {
      await supervisor.start();
      return address;
    },
    stop: () => supervisor.stop(),
    kill: () => supervisor.kill(),
    replaceAll: () => {
      log.info('SIGHUP: replacing the replicas one by one');
      void supervisor.replaceAll();
    },
    unready: () => supervisor.unready(),
    silent: () => ({ names: supervisor.silent, of: config.replicas }),
    metrics: async () => [await figures.snapshot(), ...(await supervisor.metrics())],
  };
}

/**
 * The names of the replicas. Fails with `settings-invalid` when one is too long. The setting alone
 * does not show it: a replica reads its own name, with the number, and the number of replicas.
 */
function namesOf({ replicas, replicaName }: Config): string[] {
  const longest = REPLICA_NAME_MAX - `-${replicas}`.length;
  if (replicaName.length > longest) {
    throw new AppError(
      'settings-invalid',
      `SEEN_REPLICA_NAME has ${replicaName.length} characters. Use up to ${longest} with SEEN_REPLICAS=${replicas}, because each replica adds its number, as in -${replicas}.`,
    );
  }
  return Array.from({ length: replicas }, (_, index) => `${replicaName}-${index + 1}`);
}

/** The words that start this program again: the single file is Bun and the program in one. */
function thisProgram(): string[] {
  return Bun.isStandaloneExecutable
    ? [process.execPath]
    : [process.execPath, ...process.execArgv, Bun.main];
}
