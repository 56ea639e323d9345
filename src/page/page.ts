/**
 * The page of `GET /` in a browser: the sentence, complete and readable by everyone, and nothing from elsewhere.
 *
 * A pure function. Not here: the frame around it (`frame.ts`).
 */
import { frame, policy } from './frame.ts';
import { sentence } from './sentence.ts';

/** The Content-Security-Policy of the page. */
export const PAGE_POLICY = policy("'none'");

/** The page for the visitor who got `total`; with `own` it is one whose visits do not count. */
export function page(total: number, own: boolean): string {
  const said = own
    ? 'Visits of this browser do not count. <a href="/own-visits">Change that</a>'
    : `You are visit number ${total}. Reload the page, and the next one is yours too.`;
  return frame(`Seen ${total} times`, `<h1>${sentence(total)}</h1>\n<p>${said}</p>`);
}
