/**
 * The forms of Abacus’ responses: JSON, a script for JSONP, and a badge; and its health check and
 * statistics.
 *
 * The number of counters comes from the store; the other figures count in this process since it
 * started. Not here: the content of other responses (`calls.ts`).
 */
import type { MiddlewareHandler } from 'hono';
import type { Registry } from '../../../contract/registry.ts';
import { badgeColour, badgeFont, cssColour, IMAGE_POLICY } from '../../../images/badge.ts';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { ABACUS_PAGE_POLICY, abacusPage } from '../../../page/abacus.ts';
import type { Env } from '../../context.ts';
import type { ErrorWriter } from '../../errors.ts';
import { PRIVATE } from '../../images/numbers.ts';
import {
  callbackIn,
  embeddedHeaders,
  JSON_TYPE,
  jsonpScript,
  respond,
  SCRIPT_TYPE,
  typedHeaders,
} from '../shared.ts';

/** The status and body of a response. */
export interface Reply {
  readonly status: 200 | 201 | 403 | 404 | 409;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The reply as JSON, or as a script when the request names a callback and the call succeeded. */
export function respondToPage(reply: Reply, query: URLSearchParams, headers: Headers): Response {
  const callback = callbackIn(query);
  if (callback === undefined || reply.status !== 200) return respond(reply, headers);
  const ours = embeddedHeaders(headers, SCRIPT_TYPE);
  return new Response(jsonpScript(callback, reply.body), { headers: ours });
}

/** The badge as an image. `counted` forbids caching in every known way. */
export function respondWithBadge(svg: string, counted: boolean, headers: Headers): Response {
  const ours = embeddedHeaders(headers, 'image/svg+xml');
  ours.set('Content-Security-Policy', IMAGE_POLICY);
  if (counted) ours.set('Cache-Control', 'max-age=0, no-cache, no-store, must-revalidate');
  return new Response(svg, { headers: ours });
}

/** The page that lists the calls; `root` is the path before them. */
export function respondWithList(root: string, headers: Headers): Response {
  const ours = typedHeaders(headers, 'text/html; charset=utf-8');
  ours.set('Content-Security-Policy', ABACUS_PAGE_POLICY);
  return new Response(abacusPage(root), { headers: ours });
}

/** Middleware that gives JSON responses the content type of Abacus. */
export const setJsonType: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (headers.get('Content-Type') === 'application/json') headers.set('Content-Type', JSON_TYPE);
};

/** Gives the error of the rate limit its wording. */
export const writeLimit: ErrorWriter = (_, { status, headers }) => {
  const error = `Too many requests. Try again in ${headers.get('Retry-After')}s`;
  return new Response(JSON.stringify({ error }), { status, headers });
};

/** Nobody can read smaller letters, and Abacus rejects them. */
const FONT_SIZE_LEAST_PX = 3;
const FONT_SIZE_PX = 11;
/** Larger letters make no badge. */
const FONT_SIZE_MAX_PX = 100;

/**
 * The badge of a total, with the look that the request asks for. Invalid parameters are ignored.
 */
export function badgeOf(query: URLSearchParams, total: number | null): string {
  const parameter = (name: string, fallback: string) => query.get(name) ?? fallback;
  const style = parameter('style', 'flat').toLowerCase();
  const base = style.replace(/-simple$/, '');
  const fontSizePx = Number(parameter('fontsize', `${FONT_SIZE_PX}`));
  return drawNumberedBadge({
    label: base === style ? parameter('text', 'counter') : '',
    message: total === null ? PRIVATE : `${total}`,
    style: base === 'flat-square' || base === 'plastic' ? base : 'flat',
    colour: badgeColour(parameter('bgcolor', '')) ?? '#007ec6',
    textColour: cssColour(parameter('textcolor', '')) ?? '#fff',
    font: badgeFont(parameter('font', 'verdana').toLowerCase()),
    fontSizePx:
      fontSizePx > FONT_SIZE_LEAST_PX ? Math.min(fontSizePx, FONT_SIZE_MAX_PX) : FONT_SIZE_PX,
  });
}

/** A time as Abacus writes it: `1h2m3.5s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

export interface AbacusStatusOptions {
  readonly registry: Pick<Registry, 'size'>;
  readonly replica: string;
  readonly version: string;
  /** The kind of the database. */
  readonly database: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The health check and the statistics of this replica. */
export class AbacusStatus {
  readonly #options: AbacusStatusOptions;
  readonly #startedAt: number;
  // The store does not keep these numbers, and no client needs them to be exact.
  readonly #commands = { total: 0, get: 0, hit: 0, create: 0 };
  #misses = 0;

  constructor(options: AbacusStatusOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Records a call of `operation`. */
  asked(operation: string): void {
    this.#commands.total++;
    if (operation === 'get' || operation === 'hit' || operation === 'create')
      this.#commands[operation]++;
  }

  /** Records a read of a counter that does not exist. */
  missed(): void {
    this.#misses++;
  }

  /** The reply to a health check: how long this replica has run. */
  health(): Reply {
    return { status: 200, body: { status: 'ok', uptime: durationText(this.#upMs()) } };
  }

  /**
   * The statistics. `db_uptime` is the time for which this replica has used the database, and
   * `db_version` is the kind of the database, which itself is not asked.
   */
  async stats(): Promise<Reply> {
    const { registry, replica, version, database } = this.#options;
    const upMs = this.#upMs();
    return {
      status: 200,
      body: {
        version,
        uptime: durationText(upMs),
        db_uptime: `${Math.floor(upMs / 1000)}`,
        db_version: database,
        // Counters never expire.
        expired_keys__since_restart: '0',
        key_misses__since_restart: `${this.#misses}`,
        commands: { ...this.#commands },
        total_keys: await registry.size(),
        shard: replica,
      },
    };
  }

  #upMs(): number {
    return Math.max(0, this.#options.now() - this.#startedAt);
  }
}
