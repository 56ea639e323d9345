/**
 * The common frame of all pages, with their head, the links at their end, and their
 * Content-Security-Policy, which forbids external resources.
 *
 * Pure functions. Not here: the stylesheet (`page.css`), and the pages themselves (`page.ts`,
 * `notices.ts`).
 */

import { LANGUAGES, type Language, wordsIn } from '../languages/languages.ts';
import { linkTo, linkToLanguage } from './links.ts';

/** The URLs of the stylesheet, and of the script if the page has one. */
export interface Links {
  readonly style: string;
  readonly script?: string;
}

/** A page: `title` is text, the other fields are HTML. */
export interface Frame {
  readonly title: string;
  /** The summary for links and search results; text. */
  readonly description?: string;
  /** More elements of the head. */
  readonly head?: string;
  readonly main: string;
  /** Data for the script, which reads it from the element `#data` as JSON. */
  readonly data?: unknown;
  /** Attributes of the body, for the script. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The query of the page's URL, for its links; empty when it has none. */
  readonly query?: string;
}

// An eye. It is a data URL, so that no browser requests /favicon.ico.
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 16q14-20 28 0-14 20-28 0z" fill="#fff" stroke="#456" stroke-width="2.5"/><circle cx="16" cy="16" r="5" fill="#456"/></svg>`,
)}`;

/**
 * The Content-Security-Policy of every page: nothing inline, nothing external, and no page may
 * embed it.
 */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/** A page in a language as the text of an HTML document. */
export function frame(
  links: Links,
  language: Language,
  { title, description, head = '', main, data, attributes = {}, query = '' }: Frame,
): string {
  const body = Object.entries(attributes).map(
    ([name, value]) => ` data-${name}="${escaped(value)}"`,
  );
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
${description === undefined ? '' : `<meta name="description" content="${escaped(description)}">\n`}${head}<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${escaped(links.style)}">
${links.script === undefined ? '' : `<script type="module" src="${escaped(links.script)}"></script>\n`}</head>
<body${body.join('')}>
<main>
${main}
</main>
${footer(language, query)}
${data === undefined ? '' : `<script type="application/json" id="data">${asScriptData(data)}</script>\n`}</body>
</html>
`;
}

/** The links at the end of every page: to other pages, and to this one in other languages. */
function footer(language: Language, query: string): string {
  const { ownVisits, newCounter, manage, api, countedBy, languages } = wordsIn(language).frame;
  const links = { '/new': newCounter, '/manage': manage, '/own-visits': ownVisits, '/api': api };
  const items = Object.entries(links).map(
    ([path, text]) => `<a href="${escaped(linkTo(path, query))}">${escaped(text)}</a>`,
  );
  return `<footer>
${items.join(' ')} <span>${escaped(countedBy)}</span>
<nav aria-label="${escaped(languages)}">${languageSwitch(language, query)}</nav>
</footer>`;
}

function languageSwitch(current: Language, query: string): string {
  const tags = Object.keys(LANGUAGES) as Language[];
  return tags
    .map((tag) => {
      const name = escaped(wordsIn(tag).frame.language);
      return tag === current
        ? `<span lang="${tag}" aria-current="true">${name}</span>`
        : `<a href="${escaped(linkToLanguage(tag, query))}" hreflang="${tag}" lang="${tag}">${name}</a>`;
    })
    .join(' ');
}

/**
 * Data as JSON that cannot end the `script` element or begin a comment in it. Browsers do not run
 * it, so the policy need not allow it.
 */
function asScriptData(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

/** Escapes text for HTML, also within quotes. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
