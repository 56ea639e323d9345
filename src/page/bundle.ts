/**
 * Scripts and styles for browsers: made at their first need, once per process, and kept in memory
 * with their gzip.
 *
 * In a checkout the scripts are bundled from their sources. In the image there are no sources:
 * there they lie ready beside the program, under the same name (Dockerfile). Not here: how they
 * are served (`http/pages/assets.ts`).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A file for browsers. */
export interface Asset {
  readonly text: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
  /** Of the text: another one whenever it changes. */
  readonly hash: string;
}

const FOLDER = join(import.meta.dir, 'browser');
const bundles = new Map<string, Promise<Asset>>();

/**
 * The script `browser/ENTRY.ts`, with all that it imports, as small as it gets. The same promise
 * for all who ask.
 */
export function bundle(entry: string): Promise<Asset> {
  let made = bundles.get(entry);
  if (!made) {
    made = textOf(entry).then(assetOf);
    bundles.set(entry, made);
    // What failed once is tried again.
    made.catch(() => bundles.delete(entry));
  }
  return made;
}

/** A text as a file for browsers. */
export function assetOf(text: string): Asset {
  return {
    text,
    gzip: Bun.gzipSync(text, { level: 9 }),
    hash: new Bun.CryptoHasher('sha256').update(text).digest('base64url').slice(0, 12),
  };
}

async function textOf(entry: string): Promise<string> {
  const ready = join(FOLDER, `${entry}.js`);
  if (existsSync(ready)) return (await Bun.file(ready).text()).trim();
  const { outputs } = await Bun.build({
    entrypoints: [join(FOLDER, `${entry}.ts`)],
    target: 'browser',
    // Its names are its own.
    format: 'iife',
    minify: true,
    env: 'disable',
  });
  return (await outputs[0]?.text())?.trim() ?? '';
}
