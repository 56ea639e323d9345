/**
 * `npm run logos`: writes the files of logos (`src/images/logo-files.ts`) from the installed
 * simple-icons, after an update of it. A test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as icons from 'simple-icons';
import { ROOT } from './program.ts';

/** The folder of the files. */
export const LOGOS = join(ROOT, 'src/images/logos');

/** What the parts of a line may be, so that nothing of it can end its line or its attribute. */
const SLUG = /^[a-z\d_]{1,60}$/;
const TITLE = /^[^\t\n]{1,100}$/;
const HEX = /^[\dA-F]{6}$/;
const PATH = /^[MmZzLlHhVvCcSsQqTtAaEe\d .,+-]+$/;

/** The contents of the files, by their names. */
export function logoFiles(): { 'index.tsv': string; 'paths.txt': string } {
  const { version } = JSON.parse(
    readFileSync(join(ROOT, 'node_modules/simple-icons/package.json'), 'utf8'),
  ) as { version: string };
  const lines = [`# simple-icons ${version}, CC0 1.0: slug, title, colour, place in paths.txt`];
  let paths = '';
  for (const { slug, title, hex, path } of Object.values(icons).toSorted((a, b) =>
    a.slug < b.slug ? -1 : 1,
  )) {
    if (!(SLUG.test(slug) && TITLE.test(title) && HEX.test(hex) && PATH.test(path)))
      throw new Error(`The logo ${slug} does not fit the files.`);
    lines.push([slug, title, hex, paths.length, path.length].join('\t'));
    paths += `${path}\n`;
  }
  return { 'index.tsv': `${lines.join('\n')}\n`, 'paths.txt': paths };
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(logoFiles()))
    writeFileSync(join(LOGOS, name), content);
}
