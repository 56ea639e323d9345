/**
 * The common frame of all pages: their head and their Content-Security-Policy, which forbids
 * external resources.
 *
 * Pure functions. Not here: the stylesheet (`page.css`), and the content of pages.
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
