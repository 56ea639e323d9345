/**
 * `GET /live?counters=…`: changing totals as server-sent events, whichever replica counted.
 *
 * First a stream sends the total of each counter, which is `null` when it does not exist or is
 * private: so a page that was hidden meanwhile learns this, too. The id of each event holds all
 * totals sent so far. A client that reconnects sends its last id (`Last-Event-ID`), and gets only
 * changes. The cost is one read of all watched counters, four
 * times a second per replica, however many visits and clients there are. Not here: reading
 * (`counter/watch.ts`), and opening and ending streams (`event-stream.ts`).
 */

import { Hono } from 'hono';
import { AppError } from '../../counter/errors.ts';
import { counterIn } from '../../counter/name.ts';
import type { Watch } from '../../counter/watch.ts';
import type { AppContext, AppHandler, Env, Surface } from '../context.ts';
import { headOnly } from '../request/methods.ts';
import { type EventStreams, streamHeaders } from './event-stream.ts';

/** More than a page shows, and few enough for the ids of events. */
const COUNTERS_MAX = 20;
/** The delay before a client reconnects after its stream has ended. */
const RETRY_MS = 1000;
/** Stands in ids for a counter without a public total; nothing stands for one not sent yet. */
const NONE = '_';

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
          if (known.has(name) && known.get(name) === total) return;
          known.set(name, total);
          const id = names
            .map((each) => (known.has(each) ? (known.get(each) ?? NONE) : ''))
            .join('.');
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

/** The counters in a request, without duplicates. Fails with `request-invalid`, `name-invalid`. */
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
 * The totals that the client has already, by the id of its last event; empty when the id does not
 * fit these counters.
 */
function knownOf(
  names: readonly string[],
  id: string | undefined,
): Map<string, number | undefined> {
  const totals = id?.split('.') ?? [];
  const fits =
    totals.length === names.length && totals.every((total) => /^(_|-?\d{1,16})?$/.test(total));
  if (!fits) return new Map();
  return new Map(
    names.flatMap((name, index) => {
      const total = totals[index];
      return total ? [[name, total === NONE ? undefined : Number(total)] as const] : [];
    }),
  );
}
