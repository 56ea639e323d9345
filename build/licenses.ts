/**
 * The licenses of the packages in the built program, and of Bun where that comes with it: they
 * must be copied with the code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { dependencies } from '../package.json' with { type: 'json' };

/** Between two licenses. */
const LINE = `\n\n${'-'.repeat(79)}\n\n`;

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
  return `Seen contains code of these packages.\n\n${packages.join(LINE)}\n`;
}

/**
 * The licenses of Bun and of what it contains, which follow those of the packages where Bun is
 * shipped, too. npm's packages of Bun have no such file. Compare licenses/bun.txt with the list of
 * Bun after an update.
 */
export function licensesOfBun(): string {
  const texts = ['bun', 'LGPL-2.1', 'Apache-2.0'].map((name) =>
    readFileSync(join(import.meta.dir, `licenses/${name}.txt`), 'utf8').trim(),
  );
  return `${LINE}${texts.join(LINE).replaceAll('VERSION', dependencies.bun)}\n`;
}
