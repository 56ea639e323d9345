/**
 * What a request must pass before its handler: its URL is not too long, and it is within the limit
 * on requests.
 */
import { matchedRoutes } from 'hono/route';
import { AppError } from '../../counter/errors.ts';
import type { AppContext, AppHandler, Common } from '../context.ts';
import type { Limits } from '../visit/limits.ts';

/** Longer than any URL of ours; browsers and proxies send up to 8,000 and more. */
const URL_LENGTH_MAX = 2048;

/** The checks that surfaces use. `limits`: what visitors may ask; `undefined` for no limits. */
export function createChecks(
  limits: Limits | undefined,
): Pick<Common, 'checked' | 'admit' | 'admitted'> {
  const admit = (c: AppContext): Promise<void> | undefined =>
    noteRoute(c) && limits?.limitsRequests ? limits.admit(c) : undefined;
  return {
    checked: (handler) => (c) => {
      noteRoute(c);
      return handler(c);
    },
    admit,
    admitted:
      (handler: AppHandler): AppHandler =>
      (c) => {
        const waits = admit(c);
        return waits ? waits.then(() => handler(c)) : handler(c);
      },
  };
}

/** Notes which route answers, and whether one does. Fails with `url-too-long`. */
function noteRoute(c: AppContext): boolean {
  // `ALL` is middleware.
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  if (route) c.env.route = route.path;
  const tooLong = urlTooLong(c);
  if (tooLong) throw tooLong;
  return route !== undefined;
}

/** The error of a URL that is too long. Scheme and host count as part of the limit. */
export function urlTooLong({ req }: AppContext): AppError | undefined {
  return req.url.length > URL_LENGTH_MAX
    ? new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`)
    : undefined;
}
