/**
 * Waits for the body of a request before its handler runs. Not here: the size limit
 * (`http/server.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import type { AppContext } from '../context.ts';

/** Long enough for 16 KiB over a slow mobile network. */
const BODY_MS = 5000;

/**
 * Resolves when all of the body has arrived. Until then a stop does not wait for the request.
 * Fails with `body-incomplete` after `limitMs`, when the body breaks the rules of HTTP, and when
 * the client leaves.
 */
export async function wholeBody({ req, env }: AppContext, limitMs = BODY_MS): Promise<void> {
  if (req.raw.body === null) return;
  env.lacksBody = true;
  try {
    // Hono keeps it for the handler.
    await within(limitMs, req.arrayBuffer(), () => {
      throw new AppError(
        'body-incomplete',
        `The body of the request did not arrive within ${limitMs / 1000} s.`,
      );
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('body-incomplete', 'The body of the request did not arrive whole.', {
      cause: error,
    });
  } finally {
    env.lacksBody = false;
  }
}
