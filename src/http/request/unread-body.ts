/**
 * Holds a response back until the rest of its request has arrived.
 *
 * A client may send `Connection: close`, as proxies do. If Bun then closes the connection while
 * the body is on its way, the kernel resets it (RFC 9112, section 9.6). The client may lose the
 * response, and a proxy reports an error of its own. So what no handler has read is read here and
 * thrown away, within bounds, as Go's net/http does. Not here: reading for handlers
 * (`reading.ts`).
 */
import { within } from '../../deadline.ts';
import type { RequestState } from './lifecycle.ts';
import { BODY_MS } from './reading.ts';

/**
 * A longer body is not awaited, so that nobody makes Seen read for nothing: its client may see a
 * lost connection instead of the response.
 */
export const UNREAD_BYTES_MAX = 1024 ** 2;

/**
 * Returns the response once the body has arrived whole, was found to be too long, or broke off,
 * and after 5 s at the latest. Fails as `response` does.
 */
export async function afterBody(
  state: RequestState,
  response: Response | Promise<Response>,
): Promise<Response> {
  const answered = await response;
  const { body, headers } = state.request;
  // A handler that read it whole has locked it.
  if (body === null || body.locked) return answered;
  if (Number(headers.get('Content-Length') ?? 0) > UNREAD_BYTES_MAX) return answered;
  // A stop does not wait for it.
  state.lacksBody = true;
  try {
    await within(BODY_MS, discard(body), () => undefined);
  } finally {
    state.lacksBody = false;
  }
  return answered;
}

/** Resolves when the body has ended, is too long, or breaks off. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  let size = 0;
  try {
    for await (const piece of body) {
      size += piece.length;
      if (size > UNREAD_BYTES_MAX) return;
    }
  } catch {
    // The client left or broke the rules of HTTP. The response tells what was decided before.
  }
}
