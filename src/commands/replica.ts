/**
 * `seen replica`: one of several replicas of one machine. Started by `seen serve`, not by people.
 */

import { readConfig } from '../config/config.ts';
import { AppError } from '../counter/errors.ts';
import { createLog } from '../log.ts';
import { listenAsReplica, parentChannel } from '../replicas/channel.ts';
import type { Command, Context } from './command.ts';
import { composeReplica } from './compose/replica.ts';
import { composeStore, reachStore } from './compose/store.ts';

async function run(context: Context): Promise<number> {
  const parent = parentChannel();
  if (!parent)
    throw new AppError('usage-invalid', 'seen serve starts replicas itself. Use: seen serve');
  const config = readConfig(context);
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    replica: config.replicaName,
  });
  const store = await composeStore(config, 'wait');
  const { life, metrics } = composeReplica(config, store, log, true);
  const { promise: stopAsked, resolve: stop } = Promise.withResolvers<void>();

  const report = async (id: number) => {
    // Without figures the parent still learns whether this replica is ready.
    const figures = await metrics.snapshot().catch((error: unknown) => {
      log.error({ error }, 'a bug: please report it');
      return [];
    });
    parent.send({ say: 'reported', id, unready: life.unready(), metrics: figures });
  };
  const start = async () => {
    await reachStore(() => store.counting.ping(), config.startMs, log);
    if (!life.start()) return;
    parent.send({ say: 'listening' });
    log.debug({ pid: process.pid }, 'listening');
  };

  listenAsReplica(stop);
  parent.onParentGone(stop);
  parent.onMessage((message) => {
    if (message.say === 'stop') stop();
    else if (message.say === 'ping') parent.send({ say: 'pong' });
    else void report(message.id);
  });

  await Promise.race([start(), stopAsked]);
  await stopAsked;
  log.debug('stopping');
  await life.stop();
  return 0;
}

export const replica: Command = {
  summary: 'one replica of several; started by serve',
  manual: () =>
    'Usage: seen replica\n\nOne of the replicas of seen serve, which starts it. Not for people.\n',
  run,
};
