/**
 * `seen delete`: deletes all counters that match some conditions. Without `--yes` it only lists
 * them.
 */
import { readConfig } from '../config/config.ts';
import type { Selection } from '../counter/deleting.ts';
import { AppError, isAppError } from '../counter/errors.ts';
import { retryingRegistry } from '../counter/retrying.ts';
import {
  type Command,
  type Context,
  pastTime,
  separateArguments,
  wholeNumberFlag,
} from './command.ts';
import { CLOCK } from './compose/counter.ts';
import { composeStore } from './compose/store.ts';
import { deletionReport, dryRunReport, emptyResult, walkOver } from './delete-walk.ts';
import { INTERRUPTED, interruption, showProgress } from './terminal.ts';

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
  // Most likely the value of a shell variable that is not set.
  if (own.prefix === '') {
    throw new AppError(
      'usage-invalid',
      '--prefix is empty, and would select all counters. Name the beginning of their names, or use --created-since 1970-01-01 to select all.',
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
  using stop = interruption();
  const deletes = own.yes !== undefined;
  const found = emptyResult();
  try {
    const registry = retryingRegistry(store.registry, CLOCK, config.waitMs);
    const size = await registry.size();
    try {
      await walkOver({ registry, selection, progress, signal: stop.signal, size }, deletes, found);
    } catch (error) {
      if (!deletes || !isAppError(error, 'store-unavailable', 'hit-unconfirmed')) throw error;
      progress.end();
      print(deletionReport(found));
      throw unfinished(error);
    }
    progress.end();
    print(deletes ? deletionReport(found) : dryRunReport(found));
    if (!stop.signal.aborted) return 0;
    const advice = deletes ? ` ${CONTINUE}` : '';
    print(`Interrupted before all counters were checked.${advice}\n`);
    return INTERRUPTED;
  } finally {
    progress.end();
    await store.close();
  }
}

const CONTINUE = 'Run it again to continue.';

/** The error for a deletion that lost its store. Counters of its last step may be deleted. */
function unfinished({ code, message, cause }: AppError): AppError {
  const doubt = code === 'hit-unconfirmed' ? ' Some more counters may have been deleted.' : '';
  return new AppError('store-unavailable', `${message}${doubt} ${CONTINUE}`, { cause });
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
  --prefix TEXT         its name begins with TEXT, which must not be empty
  --created-since TIME  it was made then or later: 2026-11-28, 2026-11-28T10:30 (in UTC),
                        2026-11-28T10:30+01:00, or how long ago: 30m, 2h, 3d
  --fewer-than N        its number is below N
  --owned               also those that have an owner
  --yes                 delete them
  and the settings of seen serve, which select the store

Exit status:
  0    deleted, or listed
  2    a mistake in the command line or in the settings
  69   the store cannot be reached; the output says what was deleted until then
  130  ended by Ctrl-C; the output says what was deleted
`,
  run,
};
