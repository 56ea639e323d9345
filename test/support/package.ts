/** The npm package and the single file, made as their users get them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmSettings } from './clone.ts';
import { ROOT } from './program.ts';

/** Makes the package in `folder` and returns its tarball. */
export async function packPackage(folder: string): Promise<string> {
  const source = join(folder, 'package');
  await Bun.$`${process.execPath} ${ROOT}/build/package.ts ${source}`.quiet();
  const name = await Bun.$`npm pack --silent --pack-destination ${folder} ${source}`.text();
  return join(folder, name.trim());
}

/** Installs the tarball into a new folder with npm alone, which runs no script of any package. */
export async function installPackage(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder);
  await Bun.$`npm install --ignore-scripts --prefer-offline ${tarball}`
    .cwd(folder)
    .env({ ...npmSettings(), PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' })
    .quiet();
}
