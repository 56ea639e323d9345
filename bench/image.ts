/**
 * The size that the image adds to its base image: the files of the Dockerfile's last stage, built
 * by the commands of its first.
 *
 * Not here: the base image (Bun on Alpine), which cannot be downloaded without a registry.
 */
import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../test/support/folder.ts';

const ROOT = join(import.meta.dir, '..');

/**
 * Runs the build commands of the Dockerfile in a temporary folder, and returns the files and their
 * sizes. Fails when the Dockerfile has other build commands.
 */
export async function imageFiles(): Promise<{ file: string; bytes: number }[]> {
  using folder = temporaryFolder();
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const builds = [...dockerfile.matchAll(/\bbun build ((?:(?!&&).)+)/g)].map(([, words = '']) =>
    words.trim(),
  );
  if (builds.length !== 2)
    throw new Error('The Dockerfile does not have two commands "bun build" any more.');
  for (const words of builds) {
    const [flags, made] = words.split(/(?=--out(?:file|dir)=)/) as [string, string];
    const [name, to] = made.split('=') as [string, string];
    const command = [...flags.trim().split(/\s+/), `${name}=${join(folder.path, to)}`];
    await Bun.$`${process.execPath} build ${command}`.cwd(ROOT).quiet();
  }
  // The file of the sources that the image contains as it is.
  cpSync(join(ROOT, 'src/images/logos'), join(folder.path, 'logos'), { recursive: true });
  return [...new Bun.Glob('**/*').scanSync(folder.path)]
    .toSorted()
    .map((file) => ({ file, bytes: statSync(join(folder.path, file)).size }));
}
