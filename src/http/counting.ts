/**
 * Which requests count. A visit is a GET that a person or a program made to be answered now; everything that browsers,
 * proxies and monitors send beside it is not.
 */
import { AppError } from '../counter/errors.ts';

/** Names under which browsers say that they fetch ahead of a visit that may never come; the first is the standard one. */
const PURPOSES = ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz'] as const;

/**
 * Fails with `prefetch-refused` when the request is made ahead of a visit. Refused, not answered without counting: a
 * browser would show that answer when the person comes, and the visit would never be counted.
 */
export function refusePrefetch(headers: Headers): void {
  for (const name of PURPOSES) {
    if (/\b(prefetch|prerender|preview)\b/i.test(headers.get(name) ?? '')) {
      throw new AppError(
        'prefetch-refused',
        'A visit is counted when somebody comes, not ahead of it. Ask again without prefetching.',
      );
    }
  }
}
