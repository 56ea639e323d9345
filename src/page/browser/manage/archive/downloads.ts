/** Saves what a request with a token returns, because a plain link cannot send a token. */
import { type JsonAnswer, send } from '../../ask.ts';
import { el } from '../elements.ts';

/** The time for which a browser may still need the URL of a file that it saves. */
const KEPT_MS = 60_000;

/** Offers data to be saved as a file. */
export function save(data: Blob, name: string): void {
  const href = URL.createObjectURL(data);
  el('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}

/** Requests a path and saves the response. Never fails. */
export async function download(
  path: string,
  token: string | undefined,
  name: string,
): Promise<JsonAnswer<unknown>> {
  const answer = await send(path, { token });
  if (!answer.data) return answer;
  try {
    save(await answer.data.blob(), name);
    return {};
  } catch {
    return { failed: 'unreachable' };
  }
}
