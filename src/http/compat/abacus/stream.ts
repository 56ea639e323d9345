/**
 * Abacus' stream: a counter's total as server-sent events. Not here: reading (`counter/watch.ts`),
 * and opening and ending streams (`http/live/event-stream.ts`).
 */

import type { Watch } from '../../../counter/watch.ts';
import type { AppContext } from '../../context.ts';
import { type EventStreams, streamHeaders } from '../../live/event-stream.ts';
import { headOnly } from '../../request/methods.ts';
import { type Call, isName, namedIn } from './request.ts';

export interface AbacusStreamParts {
  readonly watch: Watch;
  readonly streams: EventStreams;
}

/** Sends the total whenever it changes, until the counter is deleted. */
export function stream({ watch, streams }: AbacusStreamParts) {
  return (call: Call, headers: Headers, c: AppContext): Response => {
    const named = namedIn(call);
    if (!isName(named)) return new Response(null, { status: 400, headers });
    if (c.env.isHead) return headOnly(streamHeaders(headers));
    return streams.respond(c, headers, (open) =>
      watch.subscribe([named.name], (_, total) => {
        if (total === undefined) open.end();
        else open.send(`data: {"value":${total}}`);
      }),
    );
  };
}
