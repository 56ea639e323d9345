/**
 * A page of a title and some lines, with its style inside, for services on a host name of their
 * own, where nothing else is served; and the frame of such pages. Pure functions.
 */
import { createHash } from 'node:crypto';
import { escaped } from './frame.ts';

const STYLE = `:root{color-scheme:light dark}
body{max-width:40rem;margin:2rem auto;padding:0 1.5rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}`;

/** The Content-Security-Policy of the page. It allows only the page's own style. */
export const SIMPLE_PAGE_POLICY = policyWith(STYLE);

/** The page. Title and lines are text. */
export function simplePage(title: string, lines: readonly string[]): string {
  return pageWith(STYLE, title, lines.map((line) => `<p>${escaped(line)}</p>`).join('\n'));
}

/** The Content-Security-Policy of a page with this style inside. It allows nothing else. */
export function policyWith(style: string): string {
  const digest = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** A page with this style inside. The title is text, the rest of the body is HTML. */
export function pageWith(style: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${body}
</body>
</html>
`;
}
