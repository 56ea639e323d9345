/**
 * `seen delete`: deletes all counters that match some conditions. Without `--yes` it only lists
 * them.
 */
import { readConfig } from '../config/config.ts';
import { retryingRegistry } from '../counter/retrying.ts';
import type { Selection } from '../counter/deleting.ts';
import { AppError } from '../counter/errors.ts';
import {
  type Command,
  type Context,
  pastTime,
  separateArguments,
  wholeNumberFlag,
} from './command.ts';
import { CLOCK } from './compose/counter.ts';
import { composeStore } from './compose/store.ts';
import { deletionReport, dryRunReport, walkOver } from './delete-walk.ts';
import { INTERRUPTED, showProgress } from './terminal.ts';

const FLAGS = {
  prefix: 'string',
  'created-since': 'string',
  'fewer-than': 'string',
  owned: 'boolean',
  yes: 'boolean',
} as const;

async function run({ argv, env, print }: Context): Promise<number> {
  const { own, positionals, rest } = separateArguments(argv, FLAGS);
  if (positionals.length > 0 || (own.prefix === undefined && own['created-since'] === undefined)) {
    throw new AppError(
      'usage-invalid',
      'Select counters, as in: seen delete --prefix my-site/ or seen delete --created-since 2h --fewer-than 5\nSee seen delete --help.',
    );
  }
  const since = own['created-since'];
  const selection: Selection = {
    prefix: own.prefix ?? '',
    condition: {
      madeSince: since === undefined ? undefined : pastTime('created-since', since, Date.now()),
      totalBelow: wholeNumberFlag('fewer-than', own['fewer-than']),
      unowned: own.owned === undefined,
    },
  };
  const config = readConfig({ argv: rest, env });
  const store = await composeStore(config, 'refuse');
  const progress = showProgress('counters');
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const registry = retryingRegistry(store.registry, CLOCK, config.waitMs);
    const walk = {
      registry,
      selection,
      progress,
      signal: stop.signal,
      size: await registry.size(),
    };
    const found = await walkOver(walk, own.yes !== undefined);
    progress.end();
    print(own.yes === undefined ? dryRunReport(found) : deletionReport(found));
    if (!stop.signal.aborted) return 0;
    const advice = own.yes === undefined ? '' : ' Run it again to continue.';
    print(`Interrupted before all counters were checked.${advice}\n`);
    return INTERRUPTED;
  } finally {
    progress.end();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await store.close();
  }
}

export const deleteCommand: Command = {
  summary: 'delete many counters at once, as after a flood',
  manual: () => `Usage: seen delete --prefix TEXT [FLAGS]
       seen delete --created-since TIME [--fewer-than N] [FLAGS]
       seen delete --created-since 2h --fewer-than 5
       seen delete --prefix my-site/ --yes

Without --yes it lists the counters that match. With --yes it deletes them and their history in
small steps, while Seen goes on counting. Each counter is checked again when it is deleted: one
that has reached N hits since is kept. After Ctrl-C run it again; 2h then means two hours before
that moment, so name a date to select the same counters.

The counter hits is never deleted. Counters with an owner are deleted only with --owned. Deleted
counters can only be restored from a backup (seen backup, seen export).

Flags. A counter must match all of them:
  --prefix TEXT         its name begins with TEXT
  --created-since TIME  it was made then or later: 2026-11-28, 2026-11-28T10:30 (in UTC),
                        2026-11-28T10:30+01:00, or how long ago: 30m, 2h, 3d
  --fewer-than N        its number is below N
  --owned               also those that have an owner
  --yes                 delete them
  and the settings of seen serve, which select the store

Exit status:
  0    deleted, or listed
  2    a mistake in the command line or in the settings
  69   the store cannot be reached
  130  ended by Ctrl-C; the output says what was deleted
`,
  run,
};
