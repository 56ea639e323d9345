/**
 * The page `/new`: a form that makes a counter, then the builder of the code that shows it.
 *
 * A pure function. Both parts are hidden until the script (`browser/new.ts`) shows one of them;
 * without a script the page shows a command. Not here: the builder's HTML (`new/builder.ts`).
 */
import { type Language, wordsIn } from '../languages/languages.ts';
import { escaped, frame, type Links } from './frame.ts';
import { builder } from './new/builder.ts';

/** What the page depends on. */
export interface NewPage {
  /** The origin of the request, for the command; such as `http://localhost:8000`. */
  readonly origin: string;
  /** Whether only the installation's token makes counters. */
  readonly closed: boolean;
  /** The path of the script for other pages. */
  readonly embedPath: string;
  /** The query of the page's URL, for its links. */
  readonly query: string;
}

/** The page as the text of an HTML document. */
export function newPage(
  links: Links,
  language: Language,
  { origin, closed, embedPath, query }: NewPage,
): string {
  const words = wordsIn(language).new;
  return frame(links, language, {
    title: words.title,
    description: words.intro,
    data: { words: words.script, embedPath },
    query,
    main: `<div class="new">
<header class="intro">
<p class="name" id="name" hidden></p>
<h1 id="title" tabindex="-1">${escaped(words.title)}</h1>
<p id="intro">${escaped(words.intro)}</p>
</header>
<noscript>
<section>
<p>${escaped(words.noscript)}</p>
<pre><code>${escaped(command(origin, closed))}</code></pre>
</section>
</noscript>
${maker(language, closed)}
${newToken(language)}
${builder(language, query)}
</div>`,
  });
}

function command(origin: string, closed: boolean): string {
  const token = closed ? ' \\\n  -H "Authorization: Bearer $SEEN_TOKEN"' : '';
  return `curl ${origin}/api/v1/counters -H 'Content-Type: application/json'${token} \\
  -d '{"name":"my-site/front-page"}'`;
}

/** The form that makes a counter, and a form for one that exists. */
function maker(language: Language, closed: boolean): string {
  const words = wordsIn(language).new;
  return `<section id="make" aria-labelledby="title" hidden>
<p class="problem" id="problem" role="alert"></p>
<form id="taken" class="row" novalidate hidden>
<label>${escaped(words.itsToken)} <input name="token" ${SECRET} required></label>
<button>${escaped(words.use)}</button>
</form>
<form id="maker" novalidate>
<div class="row name-row">
<label>${escaped(words.site)} <input id="site" name="site" placeholder="my-blog" list="sites" maxlength="200" aria-describedby="name-hint" ${PLAIN} required></label>
<label>${escaped(words.counter)} <input id="key" name="key" value="visits" list="keys" maxlength="200" aria-describedby="name-hint" ${PLAIN} required></label>
</div>
<datalist id="sites"></datalist>
<datalist id="keys"><option>visits</option><option>front-page</option><option>readme</option></datalist>
<p class="hint" id="name-hint" aria-live="polite">${escaped(words.nameHint)}</p>
<p><button type="button" id="suggestion" class="quiet" hidden></button></p>
<label${closed ? '' : ' hidden'} id="installation">${escaped(words.installationToken)} <input name="token" ${SECRET} aria-describedby="installation-hint"><span class="hint" id="installation-hint">${escaped(words.installationHint)}</span></label>
<details>
<summary>${escaped(words.more)}</summary>
<div class="options">
<label>${escaped(words.pageTitle)} <input name="title" maxlength="100"></label>
<label>${escaped(words.link)} <input id="link" name="link" type="url" placeholder="https://" maxlength="500"></label>
<label>${escaped(words.start)} <input id="start" name="start" type="number" step="1" value="0"></label>
<label class="check"><input type="checkbox" name="private"> ${escaped(words.private)}</label>
</div>
</details>
<p><button class="strong">${escaped(words.create)}</button></p>
</form>
<details class="existing" id="existing">
<summary>${escaped(words.existing)}</summary>
<form action="/new" class="row">
<input type="hidden" name="lang" value="${language}">
<label>${escaped(words.existingName)} <input id="existing-name" name="counter" placeholder="my-site/front-page" ${PLAIN} required></label>
<button>${escaped(words.show)}</button>
</form>
</details>
</section>`;
}

/** For fields whose text is not a word of a language. */
const PLAIN = 'autocapitalize="none" autocomplete="off" spellcheck="false"';
/** For fields of tokens (`page.css`). */
const SECRET = `class="secret" ${PLAIN}`;

/** The token of a counter that was just made. */
function newToken(language: Language): string {
  const { tokenTitle, tokenHint, copyToken } = wordsIn(language).new;
  return `<section id="token" aria-labelledby="token-title" hidden>
<h2 id="token-title" tabindex="-1">${escaped(tokenTitle)}</h2>
<p class="hint">${escaped(tokenHint)}</p>
<pre><code id="token-text"></code></pre>
<p class="row"><button type="button" id="token-copy">${escaped(copyToken)}</button> <span id="token-copied" role="status"></span></p>
</section>`;
}
