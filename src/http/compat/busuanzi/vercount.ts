/**
 * The calls of Vercount (https://github.com/EvanNotFound/vercount): a POST with a page's address
 * counts, a GET reads. The client says whether its browser is a new visitor of the site.
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '../../../counter/errors.ts';
import { countersOf, pageAt } from '../../../services/busuanzi.ts';
import type { AppContext, Common, Env } from '../../context.ts';
import { wholeBody } from '../../request/reading.ts';
import { typedHeaders } from '../shared.ts';
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
  { headers, admitted }: Common,
  options: BusuanziOptions,
): void {
  const ready = typedHeaders(headers, 'application/json');
  for (const [path, form] of PATHS) {
    const respond = (c: AppContext, answer: Answer) => {
      if (answer.isMistake) c.env.realStatus = 400;
      return new Response(JSON.stringify(bodyIn(form, answer)), { headers: ready });
    };
    app.get(
      `${prefix}${path}`,
      admitted(async (c) => respond(c, await read(c, options))),
    );
    app.post(
      `${prefix}${path}`,
      admitted(async (c) => {
        await wholeBody(c);
        return respond(c, await count(c, options));
      }),
    );
  }
}

/** The numbers and the message of a response. */
interface Answer {
  readonly views: Views;
  readonly message: string;
  /** Whether the address is not one of a page. Then the numbers are zeros. */
  readonly isMistake?: boolean;
}

function bodyIn(form: Form, { views, message, isMistake }: Answer): object {
  const { page, site, visitors } = views;
  const data = { site_uv: visitors, site_pv: site, page_pv: page };
  if (form === 'envelope') return { status: 'success', message, data };
  return isMistake ? { error: message, ...data } : data;
}

async function read(c: AppContext, options: BusuanziOptions): Promise<Answer> {
  const address = new URL(c.req.url).searchParams.get('url') ?? '';
  if (address === '') throw new AppError('request-invalid', 'Missing url parameter');
  const page = pageAt(address);
  if (!page) return mistakeIn(address);
  return {
    views: await readViews(countersOf(page), options),
    message: 'Data retrieved successfully',
  };
}

async function count(c: AppContext, options: BusuanziOptions): Promise<Answer> {
  const body = bodyOf(await c.req.text());
  if (!body) throw new AppError('request-invalid', 'Invalid JSON body');
  if (!body.url) throw new AppError('request-invalid', 'Missing url');
  const page = pageAt(body.url);
  if (!page) return mistakeIn(body.url);
  return {
    views: await countView(c, countersOf(page), body.isNewUv ?? false, options),
    message: 'Data updated successfully',
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
function mistakeIn(address: string): Answer {
  const [, rest] = /^https?:(.*)$/is.exec(address.trim()) ?? [];
  const message =
    rest === undefined
      ? 'Invalid URL protocol. Only HTTP and HTTPS are supported.'
      : /[^/]/.test(rest)
        ? 'Invalid URL format'
        : 'Invalid URL host';
  return { views: NOTHING, message, isMistake: true };
}
