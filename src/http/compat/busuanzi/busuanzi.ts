/**
 * busuanzi under `/busuanzi`: the calls of the original, of its self-hosted clone and of Vercount,
 * and a script that fills the elements of all three.
 *
 * The original's own path begins with `/busuanzi`. On a host of its own Seen adds the path of the
 * service in front, so these calls arrive as `/busuanzi/busuanzi`. Not here: the calls
 * (`original.ts`, `clone.ts`, `vercount.ts`), what they count (`views.ts`), and the script
 * (`page/browser/busuanzi.ts`).
 */
import { Hono } from 'hono';
import type { AppContext, Env, Surface } from '../../context.ts';
import { type ErrorWriter, rewriteErrors } from '../../errors.ts';
import { publicScript } from '../../pages/assets.ts';
import { serveClone } from './clone.ts';
import { originalHandler } from './original.ts';
import { serveVercount } from './vercount.ts';
import type { BusuanziOptions } from './views.ts';

const PREFIX = '/busuanzi';
/** The prefix twice. */
const TWICE = `${PREFIX}${PREFIX}`;
/** How long browsers may keep the script: a day, as those of the clone and of Vercount. */
const KEPT_SECONDS = 86_400;
/** The paths of the scripts, of the clone and Vercount, and of the original. */
const SCRIPTS = [
  `${PREFIX}/js`,
  `${PREFIX}/js/jsonp`,
  `${PREFIX}/js/lite`,
  `${PREFIX}/js/lite_pjax`,
  `${PREFIX}/2.3/busuanzi.pure.mini.js`,
  `${TWICE}/2.3/busuanzi.pure.mini.js`,
];

/** The surface of busuanzi. */
export function createBusuanzi(options: BusuanziOptions): Surface {
  return (common) => {
    const { headers, checked, admitted } = common;
    const app = new Hono<Env>();
    app.use(`${PREFIX}/*`, rewriteErrors(errorWriter));
    for (const path of SCRIPTS)
      app.get(path, checked(publicScript('busuanzi', KEPT_SECONDS, headers)));
    // The first version of Vercount was called at `/`.
    for (const path of [PREFIX, `${PREFIX}/`, TWICE])
      app.get(path, admitted(originalHandler(headers, options)));
    serveClone(app, [PREFIX, TWICE], common, options);
    serveVercount(app, PREFIX, common, options);
    return app;
  };
}

/** The form of errors that the clients of some paths expect; `undefined` for other paths. */
function errorWriter({ req }: AppContext): ErrorWriter | undefined {
  const [form] = /(\/api|\/api\/v2\/log)$/.exec(req.path) ?? [];
  if (form === undefined) return undefined;
  return (_, { status, message, headers }) => {
    const body =
      form === '/api'
        ? { success: false, message, data: {} }
        : { status: 'error', message, code: status };
    return new Response(JSON.stringify(body), { status, headers });
  };
}
