/** Responses with a small page. Not here: the page (`page/simple.ts`). */
import { SIMPLE_PAGE_POLICY } from '../../page/simple.ts';

/** The headers of a small page; `headers` are those of every response. */
export function simplePageHeaders(headers: Headers): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'text/html; charset=utf-8');
  ours.set('Content-Security-Policy', SIMPLE_PAGE_POLICY);
  return ours;
}
