/**
 * `seen serve`: counts visits, with one replica in this process or several child processes. This
 * file has the start, the signals, the stop and the log.
 *
 * Not here: how one replica differs from several (`service.ts`).
 */
import { version } from '../../package.json' with { type: 'json' };
import { type Config, readConfig } from '../config/config.ts';
import { settingsManual } from '../config/manual.ts';
import type { Store } from '../contract/store.ts';
import { within } from '../deadline.ts';
import { createLog, type Log } from '../log.ts';
import { pluralize } from '../plural.ts';
import { listenToSignals } from '../replicas/channel.ts';
import type { Command, Context } from './command.ts';
import { openOperations, sharesPorts } from './compose/ports.ts';
import { composeStore, reachStore } from './compose/store.ts';
import { addressesWarning } from './compose/surface.ts';
import { type Address, type Service, serveAlone, serveWithReplicas } from './service.ts';

/**
 * The time that the operations port waits for open requests after everything else has stopped.
 * Scrapes take less.
 */
const LAST_ANSWERS_MS = 500;

async function run(context: Context): Promise<number> {
  const asked = readConfig(context);
  const config = { ...asked, replicas: sharesPorts(process.platform) ? asked.replicas : 1 };
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    replica: config.replicaName,
  });
  const service =
    config.replicas === 1
      ? await serveAlone(config, log)
      : serveWithReplicas(config, log, context.argv);
  const { promise: stopAsked, resolve: askStop } = Promise.withResolvers<void>();
  let stopping = false;
  let started = false;
  listenToSignals({
    onStop: (reason) => {
      stopping = true;
      log.info(
        `${reason}: finishing the requests in progress, then stopping (a second signal ends at once)`,
      );
      askStop();
    },
    onStopNow: (status) => {
      service.kill();
      context.endNow(status);
    },
    onReplace: () => service.replaceAll(),
  });

  const operations = openOperations(config, { ...service, started: () => started });
  // Only the parent creates the database: a replica that created one would count separately.
  const store = await composeStore(config, 'make');
  try {
    const starting = start(config, log, service, store).then((address) => {
      if (address === undefined) return;
      started = true;
      if (!stopping) welcome(config, log, store.place, address, operations);
    });
    await Promise.race([starting, stopAsked]);
    await stopAsked;
    await service.stop();
  } catch (error) {
    service.kill();
    throw error;
  } finally {
    await store.close();
    await within(LAST_ANSWERS_MS, operations.close(), () => undefined);
  }
  log.info('stopped: every answered visit is stored');
  return 0;
}

/**
 * Waits for the store, warns of settings that could lose counts, and begins to serve. Returns the
 * address; `undefined` if a stop came first.
 */
async function start(
  config: Config,
  log: Log,
  service: Service,
  store: Store,
): Promise<Address | undefined> {
  const reached = async () => {
    await store.counting.ping();
    // May need another connection, which may fail alone.
    return store.risks();
  };
  for (const risk of await reachStore(reached, config.startMs, log)) log.warn(risk);
  const warning = addressesWarning(config);
  if (warning !== undefined) log.warn(warning);
  return service.start();
}

/** Logs what a person wants to know first. */
function welcome(
  config: Config,
  log: Log,
  place: string,
  address: Address,
  operations: Address,
): void {
  const host = config.host === '::' || config.host === '0.0.0.0' ? 'localhost' : config.host;
  const replicas = pluralize(config.replicas, 'replica');
  log.info(`Seen ${version} counts: open http://${host}:${address.port}/`);
  log.info(`the counts are kept in ${place}`);
  log.info(`${replicas}; health and metrics on port ${operations.port}`);
  for (const [what, setting, wanted, { host: had }] of [
    ['visits', 'SEEN_HOST', config.host, address],
    ['health and metrics', 'SEEN_OPERATIONS_HOST', config.operationsHost, operations],
  ] as const) {
    if (had !== wanted)
      log.warn(
        `this system has no IPv6, so ${what} use IPv4 only (${setting} is ${wanted}; ${had} is used instead)`,
      );
  }
}

export const serve: Command = {
  summary: 'count visits (what npm start runs)',
  manual: () => `Usage: seen serve [FLAGS]

Counts visits on port 8000. Each visit is stored and then answered with its number.

Flags [with defaults]. Each can also be set with an environment variable (--store-url is
SEEN_STORE_URL), or read from a file that a variable names (SEEN_STORE_URL_FILE). A flag overrides
a file, a file a variable, and a variable the default.
${settingsManual()}

Signals:
  SIGTERM, Ctrl-C   finish the requests in progress and stop; a second signal, half a second
                    later, ends at once
  SIGHUP            replace the replicas one by one

Exit status:
  0    stopped by a signal
  1    a bug
  2    a mistake in the command line or the settings
  69   the store cannot be reached, or a port cannot be opened
  70   a replica could not be started, or ended by itself during its stop
  75   the stop took longer than --stop-ms and was cut off
  78   the store cannot be used as it is set up
  130  Ctrl-C twice      143  SIGTERM twice
`,
  run,
};
