/** The page of an error: what went wrong, and what to do. A pure function. */
import { escaped, frame, type Links } from './frame.ts';

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
    footer: '<a href="">Try again</a> <a href="/openapi.json">The API</a>',
  });
}
