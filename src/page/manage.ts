/**
 * The page on which owners manage their counters. The script (`browser/manage.ts`) does all of it;
 * without one, this says so. The HTML is the same for everybody: tokens are only in the script.
 *
 * A pure function. Not here: the frame around it (`frame.ts`).
 */
import { type Language, wordsIn } from '../languages/languages.ts';
import { escaped, frame, type Links } from './frame.ts';
import { historySection, visitorsSection } from './past.ts';

/** The page in a language as the text of an HTML document; `query` is that of its URL. */
export function managePage(links: Links, language: Language, query: string): string {
  const { manage, counterPage } = wordsIn(language);
  return frame(links, language, {
    title: manage.title,
    query,
    attributes: { page: 'manage' },
    main: `<header class="top">
<h1 id="title" tabindex="-1">${escaped(manage.title)}</h1>
</header>
<noscript>
<p class="note">${escaped(manage.needsScript)}</p>
</noscript>
<div id="manage"></div>
<div id="past">
${historySection(language)}
${visitorsSection(language)}
</div>`,
    data: { manage, counterPage: counterPage.script },
  });
}
