/**
 * The page of `GET /` in a browser: the sentence, complete and readable by everyone, and nothing from elsewhere.
 *
 * A pure function. Not here: scripts; the page is whole without any.
 */
import { createHash } from 'node:crypto';
import { sentence } from './sentence.ts';

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-content:center;padding:1.5rem;box-sizing:border-box;
font:1.25rem/1.5 system-ui,sans-serif;text-align:center}
h1{font-size:clamp(1.5rem,6vw,3rem);line-height:1.2;margin:0 0 1rem;overflow-wrap:anywhere;text-wrap:balance}
p{margin:0;opacity:.75}`;

// An eye. As a data URL, so that no browser asks for /favicon.ico.
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 16q14-20 28 0-14 20-28 0z" fill="#fff" stroke="#456" stroke-width="2.5"/><circle cx="16" cy="16" r="5" fill="#456"/></svg>`,
)}`;

/** The Content-Security-Policy of the page: nothing but its own style and icon. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page for the visitor who got `total`. */
export function page(total: number): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Seen ${total} times</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${sentence(total)}</h1>
<p>You are visit number ${total}. Reload the page, and the next one is yours too.</p>
</main>
</body>
</html>
`;
}
