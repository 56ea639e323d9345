/**
 * `GET /live?counters=…`: totals as they change, whichever replica counted, as server-sent events.
 *
 * Each event carries all totals told so far as its id. A client that comes back says the last one
 * it had (`Last-Event-ID`), and is not told what it knows. What it costs: one reading of all
 * counters that are watched, four times a second and per replica; not of visits, nor of clients.
 * Not here: reading (`counter/watch.ts`), and how streams begin and end (`event-stream.ts`).
 */

import { Hono } from 'hono';
import { AppError } from '../../counter/errors.ts';
import { counterIn } from '../../counter/name.ts';
import type { Watch } from '../../counter/watch.ts';
import type { AppContext, AppHandler, Env, Surface } from '../context.ts';
import { headOnly } from '../request/head.ts';
import { type EventStreams, streamHeaders } from './event-stream.ts';

/** More than a page shows, and few enough for the ids of events. */
const COUNTERS_MAX = 20;
/** After how long clients come back whose stream ended. */
const RETRY_MS = 1000;
/** Stands in ids for a counter of which nothing is known. */
const UNKNOWN = '_';

export interface LiveOptions {
  readonly watch: Watch;
  readonly streams: EventStreams;
}

/** The surface of the stream. */
export function createLive({ watch, streams }: LiveOptions): Surface {
  return ({ headers, admitted }) => {
    const live: AppHandler = (c) => {
      const names = namesIn(c);
      if (c.env.isHead) return headOnly(streamHeaders(headers));
      const known = knownOf(names, c.req.header('Last-Event-ID'));
      let begins = `retry: ${RETRY_MS}\n`;
      return streams.respond(c, headers, (stream) =>
        watch.subscribe(names, (name, total) => {
          if (known.get(name) === total) return;
          known.set(name, total);
          const id = names.map((each) => known.get(each) ?? UNKNOWN).join('.');
          stream.send(
            `${begins}id: ${id}\ndata: ${JSON.stringify({ name, value: total ?? null })}`,
          );
          begins = '';
        }),
      );
    };
    return new Hono<Env>().get('/live', admitted(live));
  };
}

/** The counters that a request names, each once. Fails with `request-invalid`, `name-invalid`. */
function namesIn(c: AppContext): string[] {
  const names = new Set((c.req.query('counters') ?? '').split(',').filter((name) => name !== ''));
  if (names.size === 0 || names.size > COUNTERS_MAX) {
    throw new AppError(
      'request-invalid',
      `Name 1 to ${COUNTERS_MAX} counters, as in /live?counters=hits,my-site/front-page.`,
    );
  }
  return [...names].map(counterIn);
}

/**
 * What the client was told before, by the id of the last event that it had: of the same counters,
 * or nothing.
 */
function knownOf(
  names: readonly string[],
  id: string | undefined,
): Map<string, number | undefined> {
  const totals = id?.split('.') ?? [];
  const fits =
    totals.length === names.length && totals.every((total) => /^(_|-?\d{1,16})$/.test(total));
  if (!fits) return new Map();
  return new Map(
    names.flatMap((name, index) =>
      totals[index] === UNKNOWN ? [] : [[name, Number(totals[index])] as const],
    ),
  );
}
