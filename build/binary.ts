/**
 * `npm run build:binary`: makes Seen as a single executable file for each system in dist/bin. With
 * names of systems (`targets.ts`) it makes only these: `npm run build:binary linux-x64`.
 *
 * The file is Bun for that system with the program and its files inside (decision 37). Beside
 * them are the licenses of the packages that they contain, and of Bun.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bunFromNpm } from './bun-from-npm.ts';
import { licensesOfBun } from './licenses.ts';
import { bundleProgram, ROOT, writeAssets } from './program.ts';
import { TARGETS, type Target } from './targets.ts';

/** Writes the executable for `target` into `to`, and returns its path. */
export async function writeBinary(target: Target, to: string): Promise<string> {
  mkdirSync(to, { recursive: true });
  const made = join(to, `seen-${target.name}${target.suffix}`);
  // In the same file system, so that the file appears when it is complete.
  const folder = mkdtempSync(`${made}-`);
  try {
    const [bun, files] = [join(folder, 'bun'), join(folder, 'files')];
    mkdirSync(bun);
    await writeAssets(files);
    // Files inside have their paths from here.
    process.chdir(files);
    const outfile = join(folder, `seen${target.suffix}`);
    const licenses = await bundleProgram({
      compile: {
        target: target.compile,
        executablePath: await bunFromNpm(target, bun),
        outfile,
        assets: ['browser', 'logos'],
        // Settings of another program in the folder where Seen is started are not ours.
        autoloadBunfig: false,
        autoloadDotenv: false,
      },
    });
    writeFileSync(join(to, 'licenses.txt'), licenses + licensesOfBun());
    renameSync(outfile, made);
    return made;
  } finally {
    process.chdir(ROOT);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = TARGETS.map(({ name }) => name).join(', ');
    throw new Error(`${unknown.join(', ')} is none of the systems: ${known}.`);
  }
  for (const target of TARGETS) {
    if (names.length > 0 && !names.includes(target.name)) continue;
    const startedAt = performance.now();
    // eslint-disable-next-line no-await-in-loop -- each has 100 MB in memory
    const made = await writeBinary(target, join(ROOT, 'dist/bin'));
    const megabytes = (statSync(made).size / 1e6).toFixed(1);
    const seconds = ((performance.now() - startedAt) / 1e3).toFixed(1);
    process.stdout.write(`${relative(ROOT, made)}  ${megabytes} MB in ${seconds} s\n`);
    if (target.advice !== '') process.stdout.write(`${target.advice}\n`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
