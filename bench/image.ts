/**
 * The size that the image adds to its base image: the built program, which is all that the
 * Dockerfile's last stage copies.
 *
 * Not here: the base image (Bun on Alpine), which cannot be downloaded without a registry.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeProgram } from '../build/program.ts';
import { temporaryFolder } from '../test/support/folder.ts';

/** Builds the program in a temporary folder, and returns its files and their sizes. */
export async function imageFiles(): Promise<{ file: string; bytes: number }[]> {
  using folder = temporaryFolder();
  await writeProgram(folder.path);
  return [...new Bun.Glob('**/*').scanSync(folder.path)]
    .toSorted()
    .map((file) => ({ file, bytes: statSync(join(folder.path, file)).size }));
}
