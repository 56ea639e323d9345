/**
 * Who may create a counter by its name: with a start value, rules and an owner's token. Not here:
 * counters that visits create (`counting.ts`), and the limit on both (`limits.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import { isReserved } from '../../services/naming.ts';
import type { AppContext } from '../context.ts';
import type { Limits } from './limits.ts';
import type { Owners } from './owners.ts';

/** Called before a request creates a counter of this name. */
export type MayCreate = (c: AppContext, name: string) => Promise<void>;

/**
 * Returns the check before a request creates a counter. Fails with `name-reserved` for the counter
 * of another service's URL: whoever creates it first could hide or set the number of a stranger's
 * page. The installation's token may. Fails with `rate-limited` and `store-unavailable`, too; a
 * HEAD takes nothing from the limit.
 */
export function createMayCreate(
  owners: Owners,
  limits: Pick<Limits, 'takeIfNew'> | undefined,
): MayCreate {
  return async (c, name) => {
    if (isReserved(name) && !owners.isInstallation(c.req.raw.headers)) {
      throw new AppError(
        'name-reserved',
        `${name} is reserved for the URL of another service, and the first visit of that URL creates it. Choose another name, or send the installation’s token (SEEN_TOKEN).`,
      );
    }
    if (!c.env.isHead) await limits?.takeIfNew?.(c, name);
  };
}
