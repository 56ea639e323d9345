/** The checks of a request before its handler: the length of its URL and the rate limit. */
import { matchedRoutes } from 'hono/route';
import { AppError } from '../../counter/errors.ts';
import type { AppContext, AppHandler, Common } from '../context.ts';
import type { Limits } from '../visit/limits.ts';

/** Longer than any URL of ours; browsers and proxies send up to 8,000 and more. */
const URL_LENGTH_MAX = 2048;

/** The checks that surfaces use. `limits`: rate limits of visitors; `undefined` for none. */
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

/** Records the matching route, and returns whether there is one. Fails with `url-too-long`. */
function noteRoute(c: AppContext): boolean {
  // `ALL` is middleware.
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  if (route) c.env.route = route.path;
  const tooLong = urlTooLong(c);
  if (tooLong) throw tooLong;
  return route !== undefined;
}

/** The error for a URL that is too long. The limit includes scheme and host. */
export function urlTooLong({ req }: AppContext): AppError | undefined {
  return req.url.length > URL_LENGTH_MAX
    ? new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`)
    : undefined;
}
