/** The page on which people exclude their own browser from counting. A pure function. */
import { frame, type Links } from './frame.ts';

/** The page. `out`: whether this browser's visits are excluded. */
export function ownVisitsPage(links: Links, out: boolean): string {
  const [title, text, value, button] = out
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
  return frame(links, {
    title,
    main: `<header class="hero notice">
<h1>${title}</h1>
<p>${text}</p>
<form method="post" action="/own-visits"><button name="visits" value="${value}">${button}</button></form>
</header>`,
  });
}
