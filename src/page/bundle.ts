/**
 * The scripts for browsers and the one stylesheet of all pages: made on first use, once per
 * process, and kept in memory with their gzip.
 *
 * In a checkout the scripts are bundled from their sources. A built program has no sources, but
 * the built files beside it, under the same names (`build/program.ts`). Not here: serving them
 * (`http/pages/assets.ts`).
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import chartStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import manage from './manage.css' with { type: 'text' };
import newStyle from './new.css' with { type: 'text' };
import ours from './page.css' with { type: 'text' };

/** A file for browsers. */
export interface Asset {
  readonly text: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
  /** The hash of the text; it changes whenever the text does. */
  readonly hash: string;
}

/** All scripts that browsers load; `browser/NAME.ts` is the source of each. */
export const BROWSER_SCRIPTS = ['page', 'new', 'manage', 'embed', 'busuanzi'] as const;
/** The name of a script that browsers load. */
export type BrowserScript = (typeof BROWSER_SCRIPTS)[number];

const FOLDER = join(import.meta.dir, 'browser');
const bundles = new Map<BrowserScript, Promise<Asset>>();

/** The script with all its imports, minified. All callers get the same promise. */
export function bundle(entry: BrowserScript): Promise<Asset> {
  let made = bundles.get(entry);
  if (!made) {
    made = textOf(entry).then(assetOf);
    bundles.set(entry, made);
    // Retry after a failure.
    made.catch(() => bundles.delete(entry));
  }
  return made;
}

/** A text as a file for browsers. A lower level of compression takes less time. */
export function assetOf(text: string, level: 6 | 9 = 9): Asset {
  return {
    text,
    gzip: Bun.gzipSync(text, { level }),
    hash: new Bun.CryptoHasher('sha256').update(text).digest('base64url').slice(0, 12),
  };
}

async function textOf(entry: BrowserScript): Promise<string> {
  const ready = join(FOLDER, `${entry}.js`);
  if (existsSync(ready)) return (await Bun.file(ready).text()).trim();
  const { outputs } = await Bun.build({
    entrypoints: [join(FOLDER, `${entry}.ts`)],
    target: 'browser',
    // Keeps its names out of the global scope.
    format: 'iife',
    minify: true,
    env: 'disable',
  });
  return (await outputs[0]?.text())?.trim() ?? '';
}

let made: Asset | undefined;

/** The stylesheet. */
export function styles(): Asset {
  made ??= assetOf([chartStyle, ...[ours, newStyle, manage].map(withoutComments)].join('\n'));
  return made;
}

/** Comments are not sent. */
function withoutComments(css: string): string {
  return css.replaceAll(/\/\*[\s\S]*?\*\/\n?/g, '').replaceAll(/^ +/gm, '');
}
