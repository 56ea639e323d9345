/**
 * The common frame of all pages, with their head and their Content-Security-Policy, which forbids
 * external resources; and two small pages: one for errors, and one on which people exclude their
 * own browser from counting.
 *
 * Pure functions. Not here: the stylesheet (`page.css`), and the page of a counter (`page.ts`).
 */

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
  readonly main: string;
  readonly footer?: string;
  /** Attributes of the body, for the script. */
  readonly attributes?: Readonly<Record<string, string>>;
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

/** A page as the text of an HTML document. */
export function frame(
  links: Links,
  { title, description, main, footer, attributes = {} }: Frame,
): string {
  const body = Object.entries(attributes).map(
    ([name, value]) => ` data-${name}="${escaped(value)}"`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
${description === undefined ? '' : `<meta name="description" content="${escaped(description)}">\n`}<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${escaped(links.style)}">
${links.script === undefined ? '' : `<script type="module" src="${escaped(links.script)}"></script>\n`}</head>
<body${body.join('')}>
<main>
${main}
</main>
${footer === undefined ? '' : `<footer>\n${footer}\n</footer>\n`}</body>
</html>
`;
}

/** Escapes text for HTML, also within quotes. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The page of an error; `message` is text, and `code` is the error code of the API. */
export function noticePage(links: Links, status: number, message: string, code: string): string {
  const title = status === 404 ? 'There is nothing here' : 'That did not work';
  return frame(links, {
    title,
    main: `<header class="hero notice">
<h1>${title}</h1>
<p>${escaped(message)}</p>
<p class="note">${status} ${escaped(code)}</p>
</header>`,
    footer: '<a href="">Try again</a> <a href="/api">The API</a>',
  });
}

/** The page `/own-visits`. `out`: whether this browser's visits are excluded. */
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
