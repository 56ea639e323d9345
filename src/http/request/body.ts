/**
 * The body of a request, waited for once and for all routes. Not here: what is in it (`http/asked.ts` and the API
 * read it), and how large it may be (`http/server.ts`).
 */
import { AppError } from '../../counter/errors.ts';

/** Long enough for 16 KiB over a slow mobile network. */
const BODY_MS = 5000;

/**
 * Resolves when all of the body has arrived; it can still be read then. Fails with `body-incomplete` when it
 * has not after `limitMs`, when it breaks the rules of HTTP, and when the client leaves.
 */
export async function wholeBody(request: Request, limitMs = BODY_MS): Promise<void> {
  if (request.body === null) return;
  const { promise: late, resolve: isLate } = Promise.withResolvers<'late'>();
  const timer = setTimeout(isLate, limitMs, 'late');
  try {
    // A copy is read, so that the handler can still read the request.
    const arrived = await Promise.race([request.clone().arrayBuffer(), late]);
    if (arrived === 'late')
      throw new AppError(
        'body-incomplete',
        `The body of the request did not arrive within ${limitMs / 1000} s.`,
      );
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('body-incomplete', 'The body of the request did not arrive whole.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
