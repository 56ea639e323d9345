/**
 * Pages of a title and a few lines: for errors, for a counter that does not exist or is private,
 * and `/own-visits`, on which people exclude their own browser from counting. Pure functions.
 */
import { fill, formatDuration } from '../languages/format.ts';
import { type Language, type Words, wordsIn } from '../languages/languages.ts';
import { escaped, frame, type Links } from './frame.ts';
import { linkTo } from './links.ts';

/** An error as people see it. */
export interface Notice {
  readonly status: number;
  /** The error code of the API. */
  readonly code: string;
  /** What was wrong, in English; shown when the languages have no text for the code. */
  readonly message: string;
  /** The path that was requested. */
  readonly address: string;
  /** The time until a retry; `undefined` when unknown. */
  readonly retryMs: number | undefined;
  readonly query: string;
}

/** The page of an error. */
export function noticePage(links: Links, language: Language, notice: Notice): string {
  const { errors } = wordsIn(language);
  const title = titleFor(notice.status, errors);
  return frame(links, language, {
    title,
    query: notice.query,
    main: `<header class="hero notice">
<h1>${escaped(title)}</h1>
${textFor(notice, language)}
${isTemporary(notice.status) ? `<p><a href="">${escaped(errors.again)}</a></p>\n` : ''}<p class="note">${notice.status} ${escaped(notice.code)}</p>
</header>`,
  });
}

/** Whether the same request may succeed later: too many requests, or a failure of Seen. */
function isTemporary(status: number): boolean {
  return status === 429 || status >= 500;
}

function titleFor(status: number, errors: Words['errors']): string {
  if (status === 404) return errors.missing;
  // Too many requests, or Seen or its store is not available for now.
  return status === 429 || status === 503 ? errors.later : errors.failed;
}

function textFor({ code, message, address, retryMs = 0 }: Notice, language: Language): string {
  const texts: Readonly<Record<string, string>> = wordsIn(language).errors.texts;
  const text = Object.hasOwn(texts, code) ? texts[code] : undefined;
  if (text === undefined) {
    return `<p${language === 'en' ? '' : ' lang="en"'}>${escaped(message)}</p>`;
  }
  // Headers and texts name whole seconds, and at least one.
  const duration = formatDuration(Math.max(1, Math.ceil(retryMs / 1000)) * 1000, language);
  const values = { address: `<strong>${escaped(address)}</strong>`, duration: escaped(duration) };
  return `<p>${fill(escaped(text), values)}</p>`;
}

/** The notice of a counter that is private or does not exist, the same for both. */
export function missingNotice(language: Language, counter: string, query: string): string {
  const { errors, frame: common } = wordsIn(language);
  const manage = `<a href="${escaped(linkTo('/manage', query))}">${escaped(common.manage)}</a>`;
  return `<header class="hero notice">
<h1>${escaped(errors.missing)}</h1>
<p>${fill(escaped(errors.counter), { name: `<strong>${escaped(counter)}</strong>` })}</p>
<p>${fill(escaped(errors.owner), { manage })}</p>
<p class="links"><a href="${escaped(linkTo('/new', query))}">${escaped(common.newCounter)}</a> <a href="">${escaped(errors.again)}</a></p>
<p class="note">404 counter-missing</p>
</header>`;
}

/** The page `/own-visits`. `out`: whether this browser's visits are excluded. */
export function ownVisitsPage(
  links: Links,
  language: Language,
  { out, query }: { readonly out: boolean; readonly query: string },
): string {
  const words = wordsIn(language).ownVisits;
  const { title, text, button } = out ? words.leftOut : words.counted;
  return frame(links, language, {
    title,
    query,
    main: `<header class="hero notice">
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
<form method="post" action="${escaped(linkTo('/own-visits', query))}"><button name="visits" value="${out ? 'in' : 'out'}">${escaped(button)}</button></form>
</header>`,
  });
}
