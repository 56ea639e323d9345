/** The licenses of the packages in the built program: they must be copied with the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';

/** The folder of a package, in the path of one of its files, with `/` on Windows, too. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** All licenses as one text; `files` are the paths of all that was bundled. */
export function licensesOf(files: readonly string[]): string {
  const paths = files.map((file) => resolve(file).replaceAll(sep, '/'));
  const folders = new Set(paths.flatMap((path) => PACKAGE.exec(path) ?? []));
  const packages = [...folders].toSorted().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { name, version, license } = manifest as Readonly<Record<string, string>>;
    const texts = readdirSync(folder)
      .filter((file) => /^(licen[cs]e|notice)/i.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return [`${name} ${version}, license: ${license}`, ...texts].join('\n\n');
  });
  return `Seen contains code of these packages.\n\n${packages.join(`\n\n${'-'.repeat(79)}\n\n`)}\n`;
}
