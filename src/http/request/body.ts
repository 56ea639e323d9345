/**
 * The body of a request, waited for before its handler is called. Not here: how large it may be
 * (`http/server.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import type { AppContext } from '../context.ts';

/** Long enough for 16 KiB over a slow mobile network. */
const BODY_MS = 5000;

/**
 * Resolves when all of the body has arrived. Until then its request is none that a stop waits for.
 * Fails with `body-incomplete` when it has not after `limitMs`, when it breaks the rules of HTTP,
 * and when the client leaves.
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
