/**
 * The programs that browsers run (`browser/`), each made from its TypeScript once in this process, when it is first asked for.
 *
 * Their sources are read then: they lie beside this file, and beside the one file that the image has of the program.
 */
import { join } from 'node:path';

/** A program for browsers: its text, the same compressed, and a word that changes with it. */
export interface Bundle {
  readonly text: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly hash: string;
}

const bundles = new Map<string, Promise<Bundle>>();

/** The program that begins in this file of `browser/`. Fails when it cannot be built, which is a bug. */
export function bundle(entry: string): Promise<Bundle> {
  const made = bundles.get(entry) ?? build(join(import.meta.dir, 'browser', entry));
  bundles.set(entry, made);
  return made;
}

async function build(path: string): Promise<Bundle> {
  const { outputs } = await Bun.build({
    entrypoints: [path],
    target: 'browser',
    // Its names are its own.
    format: 'iife',
    minify: true,
    env: 'disable',
  });
  const text = (await outputs[0]?.text())?.trim() ?? '';
  const hash = new Bun.CryptoHasher('sha256').update(text).digest('base64url').slice(0, 16);
  return { text, gzip: Bun.gzipSync(text, { level: 9 }), hash };
}
