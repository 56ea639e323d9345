/**
 * What all pages have in common: the frame around what they say, and that nothing comes from elsewhere.
 *
 * Pure functions. Not here: scripts; the pages are whole without any.
 */
import { createHash } from 'node:crypto';

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-content:center;padding:1.5rem;box-sizing:border-box;
font:1.25rem/1.5 system-ui,sans-serif;text-align:center}
h1{font-size:clamp(1.5rem,6vw,3rem);line-height:1.2;margin:0 0 1rem;overflow-wrap:anywhere;text-wrap:balance}
p{margin:0;opacity:.75}
main{max-width:40rem}
form{margin:1.5rem 0 0}
button{font:inherit;padding:.5rem 1.25rem}`;

// An eye. As a data URL, so that no browser asks for /favicon.ico.
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 16q14-20 28 0-14 20-28 0z" fill="#fff" stroke="#456" stroke-width="2.5"/><circle cx="16" cy="16" r="5" fill="#456"/></svg>`,
)}`;

/** The Content-Security-Policy of a page: nothing but its own style and icon, and forms that go to `formAction`. */
export function policy(formAction: "'none'" | "'self'"): string {
  const style = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${style}'; img-src data:; base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`;
}

/** A page with a title and what stands in it, both of which are HTML. */
export function frame(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}
