/**
 * What many tests need and what takes a second of CPU time to make. `npm test` makes it once, in a
 * folder that the environment names: the built program, and an empty cluster of PostgreSQL
 * (`postgres-cluster.ts`).
 *
 * A test that is run without this folder runs the sources, and makes a cluster of its own.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';

const FOLDER = 'TEST_PREPARED';

/** The folder of the built program in it. */
export const PROGRAM = 'program';

/** Makes the folder for this process and all that it starts; gone when disposed. */
export function preparedFolder(): { path: string } & Disposable {
  const folder = temporaryFolder();
  // The user who runs PostgreSQL comes in, too.
  chmodSync(folder.path, 0o755);
  process.env[FOLDER] = folder.path;
  return folder;
}

/** The path of this in the folder, whether it is there or not; `undefined` without a folder. */
export function prepared(name: string): string | undefined {
  const folder = process.env[FOLDER];
  return folder && join(folder, name);
}
