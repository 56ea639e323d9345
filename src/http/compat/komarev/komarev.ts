/**
 * komarev under `/komarev`: `/ghpvc/?username=USER`, the badge of views of a GitHub profile.
 *
 * As on komarev.com, only views through GitHub's image proxy count, and `count=yes` counts all. A
 * wrong colour or base is shown as a red badge, after the view was counted. Not here: the
 * parameters (`look.ts`), and how a user's name becomes a counter's (`services/komarev.ts`).
 */
import { Hono } from 'hono';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { isGithubUser, komarevCounter } from '../../../services/komarev.ts';
import type { AppContext, Env, Surface } from '../../context.ts';
import { errorsAsPictures, imageHeaders } from '../../images/error-picture.ts';
import { type BadgeParts, publicTotal } from '../badge.ts';
import { redirect } from '../shared.ts';
import { drawError, lookOf, PIXEL, writtenAs } from './look.ts';

const PATH = '/komarev/ghpvc';
/** Where a request without a user is sent. */
const HOME = 'https://github.com/antonkomarev/github-profile-views-counter';
/** How the user agent of GitHub's image proxy begins. */
const PROXY = 'github-camo';

/** The surface of komarev. */
export function createKomarev(options: BadgeParts): Surface {
  return ({ headers, admitted }) => {
    const svg = imageHeaders(headers, 'image/svg+xml');
    const app = new Hono<Env>();
    app.use(`${PATH}/*`, errorsAsPictures(headers));
    for (const path of [PATH, `${PATH}/`]) {
      app.get(
        path,
        admitted(async (c) => {
          const user = c.req.query('username')?.trim() ?? '';
          if (user === '') return redirect(HOME, 302, headers);
          return new Response(await badge(c, user, options), { headers: svg });
        }),
      );
    }
    return app;
  };
}

/** The badge of a user as an SVG. Fails as counting does. */
async function badge(c: AppContext, user: string, options: BadgeParts): Promise<string> {
  const look = lookOf(new URL(c.req.url).searchParams);
  if (!isGithubUser(user)) {
    return drawError(
      look,
      user.length > 39
        ? 'The maximum length of username is 39 characters.'
        : 'Username may only contain alphanumeric characters or single hyphens, and cannot begin or end with a hyphen',
    );
  }
  const name = komarevCounter(user);
  const counts =
    c.req.query('count') === 'yes' || (c.req.header('User-Agent') ?? '').startsWith(PROXY);
  const total = counts ? await options.count(c, name) : await publicTotal(options, name);
  if (look.mistake !== undefined) return drawError(look, look.mistake);
  if (look.pixel) return PIXEL;
  const { label, style, colour } = look;
  return drawNumberedBadge({ label, style, colour, message: writtenAs(look, total) });
}
