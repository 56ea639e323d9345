/**
 * `seen token NS/KEY`: gives a counter a new owner's token, for one that was lost or never handed
 * out.
 */
import { readConfig } from '../config/config.ts';
import type { Registry } from '../contract/registry.ts';
import { AppError, counterMissing, isAppError } from '../counter/errors.ts';
import { counterIn } from '../counter/name.ts';
import { retryWhileUnavailable } from '../counter/retrying.ts';
import { issueToken } from '../http/visit/owners.ts';
import type { Command, Context } from './command.ts';
import { CLOCK } from './compose/counter.ts';
import { composeStore } from './compose/store.ts';

async function run({ argv, env, print }: Context): Promise<number> {
  const [name, ...flags] = argv;
  if (name === undefined || name.startsWith('-')) {
    throw new AppError('usage-invalid', 'Name a counter, as in: seen token my-site/front-page');
  }
  const counter = counterIn(name);
  const config = readConfig({ argv: flags, env });
  const store = await composeStore(config, 'refuse');
  try {
    const { token, owner } = issueToken(counter);
    const changed = await changeOwner(store.registry, counter, owner, config.waitMs);
    if (changed === 'missing') throw counterMissing(counter, ` in ${store.place}`);
    print(`${token}\n`);
    return 0;
  } finally {
    await store.close();
  }
}

/**
 * Sets the owner, also repeatedly for `waitMs`. Fails with `store-unavailable`, which says so when
 * the old token may not work any more.
 */
async function changeOwner(
  registry: Registry,
  counter: string,
  owner: string,
  waitMs: number,
): Promise<Awaited<ReturnType<Registry['change']>>> {
  let isUnconfirmed = false;
  const change = async () => {
    try {
      return await registry.change(counter, { owner });
    } catch (error) {
      isUnconfirmed ||= isAppError(error, 'hit-unconfirmed');
      throw error;
    }
  };
  try {
    return await retryWhileUnavailable(change, CLOCK, waitMs);
  } catch (error) {
    if (!isUnconfirmed || !isAppError(error, 'store-unavailable', 'hit-unconfirmed')) throw error;
    throw new AppError(
      'store-unavailable',
      `${error.message} The old token of ${counter} may no longer work. Run the command again for a new one.`,
      { cause: error.cause },
    );
  }
}

export const token: Command = {
  summary: 'give a counter a new owner’s token',
  manual: () => `Usage: seen token NS/KEY [FLAGS]
       seen token hits

Prints a new token for the counter's owner; the old token no longer works. Tokens are stored as
hashes, so a lost token cannot be shown again. Run it where the store can be reached, with the
settings of seen serve (SEEN_STORE_URL, or --store-url). Seen may keep running.

Exit status:
  0    the token is printed
  1    there is no such counter
  2    a mistake in the command line or in the settings
  69   the store cannot be reached, or did not confirm the change: then run it again
  74   the token could not be printed: run it again, because the old one no longer works
`,
  run,
};
