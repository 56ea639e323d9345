/** The page on which people have their own browser left out of the count. A pure function. */
import { frame, policy } from './frame.ts';

/** The Content-Security-Policy of the page. */
export const OWN_VISITS_POLICY = policy("'self'");

/** The page for a browser whose visits are left out, or count. */
export function ownVisitsPage(out: boolean): string {
  const [title, said, value, button] = out
    ? [
        'This browser does not count',
        'Its visits change no counter of this Seen.',
        'in',
        'Count this browser again',
      ]
    : [
        'This browser counts',
        'If these counters are yours, you may not want to count yourself. A cookie remembers it in this browser, and nowhere else.',
        'out',
        'Do not count this browser',
      ];
  return frame(
    title,
    `<h1>${title}</h1>
<p>${said}</p>
<form method="post" action="/own-visits"><button name="visits" value="${value}">${button}</button></form>`,
  );
}
