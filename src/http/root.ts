/**
 * `GET /`: counts on the default counter and tells the number as text, page or JSON, whichever is asked for.
 *
 * The text is the stack guide's own sentence and nothing else, because scripts compare it.
 */
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { counterPage } from '../page/page.ts';
import { sentence } from '../page/sentence.ts';
import { pageHeaders, pageLinks } from './assets.ts';
import type { CountVisit } from './counting.ts';
import { isOwnVisit } from './own-visits.ts';

type Kind = 'text' | 'html' | 'json';

const KINDS = { 'text/plain': 'text', 'text/html': 'html', 'application/json': 'json' } as const;

/** The handler of `/`. `replica` is named on the page; `headers` are those of every response. */
export function createRoot(
  count: CountVisit,
  replica: string | undefined,
  headers: Headers,
): (c: Context) => Promise<Response> {
  const ready = { text: new Headers(headers), html: pageHeaders(headers), json: new Headers(headers) };
  ready.text.set('Content-Type', 'text/plain; charset=utf-8');
  ready.json.set('Content-Type', 'application/json');
  for (const kind of ['text', 'html', 'json'] as const) ready[kind].set('Vary', 'Accept');

  return async (c) => {
    const kind = kindWanted(c);
    if (c.req.method === 'HEAD') return new Response(null, { headers: ready[kind] });
    // Before it counts: a visit that cannot be shown is none.
    const links = kind === 'html' ? await pageLinks() : undefined;
    const total = (await count(c, DEFAULT_COUNTER, { reveal: true })) ?? 0;
    if (!links) return new Response(body(kind, total), { headers: ready[kind] });
    const visit = isOwnVisit(c.req.raw.headers) ? 'left-out' : 'counted';
    return new Response(counterPage(links, { counter: undefined, total, visit, replica }), {
      headers: ready.html,
    });
  };
}

function kindWanted(c: Context): Kind {
  const accept = c.req.raw.headers.get('Accept');
  if (accept === null || accept === '*/*') return 'text';
  const supports = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return KINDS[accepts(c, { header: 'Accept', supports, default: 'text/plain' }) as keyof typeof KINDS];
}

function body(kind: Kind, total: number): string {
  if (kind === 'json') return `${JSON.stringify({ counter: DEFAULT_COUNTER, value: total })}\n`;
  return `${sentence(total)}\n`;
}
