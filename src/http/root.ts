/**
 * `GET /`: counts on the default counter and tells the number as text, page or JSON, whichever is asked for.
 *
 * The text is the stack guide's own sentence and nothing else, because scripts compare it.
 */
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { PAGE_POLICY, page } from '../page/page.ts';
import { sentence } from '../page/sentence.ts';
import type { CountVisit } from './counting.ts';
import { isOwnVisit } from './own-visits.ts';

type Kind = 'text' | 'html' | 'json';

const KINDS = { 'text/plain': 'text', 'text/html': 'html', 'application/json': 'json' } as const;
const CONTENT_TYPES = {
  text: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json',
} as const satisfies Record<Kind, string>;

/** The handler of `/`. `headers` are those of every response. */
export function createRoot(count: CountVisit, headers: Headers): (c: Context) => Promise<Response> {
  const ready = { text: new Headers(headers), html: new Headers(headers), json: new Headers(headers) };
  for (const kind of ['text', 'html', 'json'] as const) {
    ready[kind].set('Content-Type', CONTENT_TYPES[kind]);
    ready[kind].set('Vary', 'Accept');
  }
  ready.html.set('Content-Security-Policy', PAGE_POLICY);

  return async (c) => {
    const kind = kindWanted(c);
    if (c.req.method === 'HEAD') return new Response(null, { headers: ready[kind] });
    const total = await count(c, DEFAULT_COUNTER, { reveal: true });
    return new Response(body(kind, total ?? 0, isOwnVisit(c.req.raw.headers)), { headers: ready[kind] });
  };
}

function kindWanted(c: Context): Kind {
  const accept = c.req.raw.headers.get('Accept');
  if (accept === null || accept === '*/*') return 'text';
  const supports = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return KINDS[accepts(c, { header: 'Accept', supports, default: 'text/plain' }) as keyof typeof KINDS];
}

function body(kind: Kind, total: number, own: boolean): string {
  switch (kind) {
    case 'text':
      return `${sentence(total)}\n`;
    case 'html':
      return page(total, own);
    case 'json':
      return `${JSON.stringify({ counter: DEFAULT_COUNTER, value: total })}\n`;
  }
}
