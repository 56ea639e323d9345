/**
 * The call of the original busuanzi (busuanzi.ibruce.info): a script that its client loads, and
 * that calls a function of the page.
 *
 * Programs cut the numbers out of it at fixed places, so its form is exactly that of the original.
 * The page is the one that sends the request (`Referer`).
 */
import { AppError } from '../../../counter/errors.ts';
import { countersOf, pageAt } from '../../../services/busuanzi.ts';
import type { AppHandler } from '../../context.ts';
import { asLiteral, callbackIn, embeddedHeaders, SCRIPT_TYPE } from '../shared.ts';
import { type BusuanziOptions, countView } from './views.ts';

/** The version that the original reports. */
const VERSION = 2.4;

/** The script that passes `numbers` to `callback`. */
export function callingScript(callback: string, numbers: object): string {
  return `try{${callback}(${asLiteral(numbers)});}catch(e){}`;
}

/** Headers of a script; `headers` are those of every response. */
export function scriptHeaders(headers: Headers): Headers {
  return embeddedHeaders(headers, SCRIPT_TYPE);
}

/** The handler of the call. */
export function originalHandler(headers: Headers, options: BusuanziOptions): AppHandler {
  const ready = scriptHeaders(headers);
  return async (c) => {
    const query = new URL(c.req.url).searchParams;
    const callback = query.has('jsonpCallback') ? callbackIn(query, 'jsonpCallback') : undefined;
    if (callback === undefined) {
      throw new AppError(
        'request-invalid',
        'jsonpCallback must be the name of a function, as in ?jsonpCallback=BusuanziCallback_1. Nothing was counted.',
      );
    }
    const page = pageAt(c.req.header('Referer') ?? '');
    if (!page) {
      throw new AppError(
        'request-invalid',
        'The Referer header must be the address of the page, and this request has none. Nothing was counted.',
      );
    }
    const { page: ofPage, site, visitors } = await countView(c, countersOf(page), true, options);
    const numbers = { site_uv: visitors, page_pv: ofPage, version: VERSION, site_pv: site };
    return new Response(callingScript(callback, numbers), { headers: ready });
  };
}
