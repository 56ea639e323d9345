/**
 * The calls of Vercount (https://github.com/EvanNotFound/vercount): a POST with a page's address
 * counts, a GET reads. The client says whether its browser is a new visitor of the site.
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '../../../counter/errors.ts';
import { countersOf, pageAt } from '../../../services/busuanzi.ts';
import type { AppContext, AppHandler, Common, Env } from '../../context.ts';
import { wholeBody } from '../../request/reading.ts';
import { type BusuanziOptions, countView, readViews, type Views } from './views.ts';

/** `envelope`: a body has the numbers in `data`, and a message. */
type Form = 'bare' | 'envelope';

const PATHS: readonly (readonly [path: string, form: Form])[] = [
  ['/log', 'bare'],
  ['/api/v1/log', 'bare'],
  ['/api/v2/log', 'envelope'],
];
/** As Go reads it: `null` is the same as a missing field. */
const Body = z.object({ url: z.string().nullish(), isNewUv: z.boolean().nullish() });
const NOTHING: Views = { page: 0, site: 0, visitors: 0 };

/** Adds the routes under `prefix`. */
export function serveVercount(
  app: Hono<Env>,
  prefix: string,
  { headers, admitted, bodyMs }: Common,
  options: BusuanziOptions,
): void {
  const json = new Headers(headers);
  json.set('Content-Type', 'application/json');
  for (const [path, form] of PATHS) {
    const writer = new Writer(form, json);
    app.get(`${prefix}${path}`, admitted(reading(writer, options)));
    app.post(`${prefix}${path}`, admitted(counting(writer, options, bodyMs)));
  }
}

/** Writes the responses of one path. */
class Writer {
  readonly #form: Form;
  readonly #headers: Headers;

  constructor(form: Form, headers: Headers) {
    this.#form = form;
    this.#headers = headers;
  }

  numbers({ page, site, visitors }: Views, message: string): Response {
    const data = { site_uv: visitors, site_pv: site, page_pv: page };
    return this.#json(this.#form === 'bare' ? data : { status: 'success', message, data });
  }

  /** Zeros and the reason, for an address that is not one of a page. */
  zeros(c: AppContext, reason: string): Response {
    c.env.realStatus = 400;
    if (this.#form === 'envelope') return this.numbers(NOTHING, reason);
    return this.#json({ error: reason, site_uv: 0, site_pv: 0, page_pv: 0 });
  }

  #json(body: object): Response {
    return new Response(JSON.stringify(body), { headers: this.#headers });
  }
}

function reading(writer: Writer, options: BusuanziOptions): AppHandler {
  return async (c) => {
    const address = new URL(c.req.url).searchParams.get('url') ?? '';
    if (address === '') throw new AppError('request-invalid', 'Missing url parameter');
    const page = pageAt(address);
    if (!page) return writer.zeros(c, mistakeIn(address));
    return writer.numbers(
      await readViews(countersOf(page), options),
      'Data retrieved successfully',
    );
  };
}

function counting(
  writer: Writer,
  options: BusuanziOptions,
  bodyMs: number | undefined,
): AppHandler {
  return async (c) => {
    await wholeBody(c, bodyMs);
    const body = bodyOf(await c.req.text());
    if (!body) throw new AppError('request-invalid', 'Invalid JSON body');
    if (!body.url) throw new AppError('request-invalid', 'Missing url');
    const page = pageAt(body.url);
    if (!page) return writer.zeros(c, mistakeIn(body.url));
    const views = await countView(c, countersOf(page), body.isNewUv ?? false, options);
    return writer.numbers(views, 'Data updated successfully');
  };
}

function bodyOf(text: string): z.output<typeof Body> | undefined {
  try {
    return Body.safeParse(JSON.parse(text)).data;
  } catch {
    // It is not JSON.
    return undefined;
  }
}

/** What is wrong with the address of a page, in the words of Vercount. */
function mistakeIn(address: string): string {
  const [, rest] = /^https?:(.*)$/is.exec(address.trim()) ?? [];
  if (rest === undefined) return 'Invalid URL protocol. Only HTTP and HTTPS are supported.';
  return /[^/]/.test(rest) ? 'Invalid URL format' : 'Invalid URL host';
}
