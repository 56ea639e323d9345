/**
 * `GET /api`: the API's description as a page for people. It is built on the first request for it,
 * and kept with its gzip: 57 kB, 6 kB compressed. Not here: its HTML (`page/reference/`), and the
 * description (`api.ts`).
 */
import { ERRORS } from '../../counter/errors.ts';
import { type Asset, assetOf } from '../../page/bundle.ts';
import type { Description } from '../../page/reference/description.ts';
import { referencePage } from '../../page/reference/reference.ts';
import type { AppHandler } from '../context.ts';
import { pageHeaders, styleLink } from '../pages/assets.ts';
import { takesGzip } from '../request/reading.ts';

/** The path of the page. */
export const API_REFERENCE = '/api';

/**
 * The handler of the page. `describe` returns the description as JSON; `headers` are those of
 * every response.
 */
export function createReference(describe: () => string, headers: Headers): AppHandler {
  const ready = pageHeaders(headers);
  ready.set('Vary', 'Accept-Encoding');
  let made: Asset | undefined;
  const make = () =>
    assetOf(referencePage(styleLink(), JSON.parse(describe()) as Description, codesByStatus()));
  return (c) => {
    made ??= make();
    const ours = new Headers(ready);
    const zipped = takesGzip(c);
    if (zipped) ours.set('Content-Encoding', 'gzip');
    return new Response(zipped ? made.gzip : made.text, { headers: ours });
  };
}

/** The codes by status, without 500: these belong to commands, or report a bug. */
function codesByStatus(): Map<number, string[]> {
  const codes = Map.groupBy(Object.entries(ERRORS), ([, { http }]) => http);
  codes.delete(500);
  return new Map(
    [...codes]
      .toSorted(([one], [other]) => one - other)
      .map(([status, entries]) => [status, entries.map(([code]) => code)]),
  );
}
