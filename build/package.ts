/**
 * `npm run build`: makes the npm package in dist/npm, for `npm pack ./dist/npm`.
 *
 * It has the built program, the command, and the client, and depends on nothing but Bun for the
 * system that it is installed on (decision 37). The package.json of the project is for work on it.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { writeClient } from '../client/build.ts';
import project from '../package.json' with { type: 'json' };
import { ROOT, writeProgram } from './program.ts';
import { BUN_VERSION, TARGETS } from './targets.ts';

/** Files that the package contains as they are. */
const COPIED = ['bin', 'README.md', 'LICENSE'];

/** What the package says of itself, as in the project's package.json. */
const FIELDS = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'bin',
  'exports',
  'engines',
  'peerDependencies',
  'peerDependenciesMeta',
] as const;

/** The package.json of the package. */
function manifest(): string {
  const bun = TARGETS.map(({ bunPackage }) => [bunPackage, BUN_VERSION]);
  const fields = Object.fromEntries(FIELDS.map((field) => [field, project[field]]));
  return JSON.stringify({ ...fields, optionalDependencies: Object.fromEntries(bun) }, null, 2);
}

/** Writes the package into `folder`, which is emptied before. */
export async function writePackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${manifest()}\n`);
  await writeProgram(join(folder, 'dist'));
  await writeClient(join(folder, 'client/dist'));
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? 'dist/npm');
  await writePackage(folder);
  const shown = relative(process.cwd(), folder);
  process.stdout.write(`${shown}  ${project.name} ${project.version}: npm pack ./${shown}\n`);
}
