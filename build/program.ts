/**
 * The program without its sources, for the image, the npm package and the single file: one script
 * for Bun with its parts, and beside them the files that it reads while it runs.
 *
 * `bun build/program.ts FOLDER` makes it, in the Dockerfile. Not here: the npm package
 * (`package.ts`), and the single file (`binary.ts`).
 */
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BROWSER_SCRIPTS, bundle } from '../src/page/bundle.ts';
import { licensesOf, licensesOfBun } from './licenses.ts';

/** The project's folder. */
export const ROOT = join(import.meta.dir, '..');

/**
 * Bundles the program, with settings for what it becomes. Each process loads only the parts that
 * it uses, which saves a third of the memory of one script. The maps name the lines of the sources
 * in reports of bugs. Returns the licenses of the packages that it contains.
 */
export async function bundleProgram(settings: Partial<Bun.BuildConfig>): Promise<string> {
  const { metafile } = await Bun.build({
    entrypoints: [join(ROOT, 'src/main.ts')],
    target: 'bun',
    splitting: true,
    naming: { entry: 'seen.[ext]', chunk: 'part-[hash].[ext]' },
    // Names stay as they are, for reports of bugs.
    minify: { whitespace: true, syntax: true },
    sourcemap: 'linked',
    metafile: true,
    ...settings,
  });
  return licensesOf(Object.keys(metafile?.inputs ?? {}));
}

/**
 * Writes `browser/` and `logos/` into `folder`: the scripts that browsers load, and the logos of
 * badges. `src/page/bundle.ts` and `src/images/logo-files.ts` find them beside the program.
 */
export async function writeAssets(folder: string): Promise<void> {
  const browser = join(folder, 'browser');
  mkdirSync(browser, { recursive: true });
  for (const name of BROWSER_SCRIPTS) {
    // eslint-disable-next-line no-await-in-loop -- five small files
    writeFileSync(join(browser, `${name}.js`), (await bundle(name)).text);
  }
  cpSync(join(ROOT, 'src/images/logos'), join(folder, 'logos'), { recursive: true });
}

/**
 * Writes the whole program into `folder`, which is emptied before: `seen.js` and its parts. Bun is
 * not in it.
 */
export async function writeProgram(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await writeAssets(folder);
  const licenses = await bundleProgram({ outdir: folder });
  writeFileSync(join(folder, 'licenses.txt'), licenses);
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? 'dist/program');
  await writeProgram(folder);
  // The image has Bun beside it.
  appendFileSync(join(folder, 'licenses.txt'), licensesOfBun());
}
