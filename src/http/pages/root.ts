/**
 * `GET /`: counts on the default counter and returns the number as text, page or JSON, as the
 * client accepts.
 *
 * The text is exactly the stack guide's sentence, because scripts compare it.
 */
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { homePage } from '../../page/page.ts';
import type { AppContext, AppHandler } from '../context.ts';
import { acceptedBy } from '../request/reading.ts';
import { type CountVisit, isOwnVisit } from '../visit/counting.ts';
import { pageHeaders, pageLinks } from './assets.ts';
import { languageFor, queryFor } from './language.ts';

type Kind = 'text' | 'html' | 'json';

const KINDS = { 'text/plain': 'text', 'text/html': 'html', 'application/json': 'json' } as const;

/** The handler of `/`. The page names `replica`; `headers` are those of every response. */
export function createRoot(
  count: CountVisit,
  replica: string | undefined,
  headers: Headers,
): AppHandler {
  const ready = {
    text: { headers: new Headers(headers) },
    html: { headers: pageHeaders(headers) },
    json: { headers: new Headers(headers) },
  };
  ready.text.headers.set('Content-Type', 'text/plain; charset=utf-8');
  ready.json.headers.set('Content-Type', 'application/json');
  for (const { headers: ours } of Object.values(ready)) ours.set('Vary', 'Accept');
  ready.html.headers.set('Vary', 'Accept, Accept-Language');
  const visit = { reveal: true };

  async function page(c: AppContext): Promise<Response> {
    // Before counting: a visit whose page cannot be built must not count.
    const links = await pageLinks('page');
    const total = (await count(c, DEFAULT_COUNTER, visit)) ?? 0;
    const html = homePage(links, languageFor(c), {
      total,
      sentence: sentence(total),
      visit: isOwnVisit(c.req.raw.headers) ? 'left-out' : 'counted',
      replica,
      query: queryFor(c),
    });
    return new Response(html, ready.html);
  }

  return (c) => {
    const kind = kindWanted(c);
    if (kind === 'html') return page(c);
    return count(c, DEFAULT_COUNTER, visit).then(
      (total) => new Response(body(kind, total ?? 0), ready[kind]),
    );
  };
}

function kindWanted(c: AppContext): Kind {
  const accept = c.req.raw.headers.get('Accept');
  if (accept === null || accept === '*/*' || accept === 'text/plain') return 'text';
  return KINDS[acceptedBy(c, Object.keys(KINDS), 'text/plain') as keyof typeof KINDS];
}

function body(kind: Kind, total: number): string {
  if (kind === 'json') return `${JSON.stringify({ counter: DEFAULT_COUNTER, value: total })}\n`;
  return `${sentence(total)}\n`;
}

/**
 * The exact sentence of the stack guide, the same as text and on pages. Programs read it, so 1 is
 * “1 times”.
 */
export function sentence(total: number): string {
  return `Hello World! I have been seen ${total} times.`;
}
