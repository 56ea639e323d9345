/** The logos in their files: the same as in simple-icons, found by their slugs. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as icons from 'simple-icons';
import { findLogo, logoNames } from '../../../src/images/logo-files.ts';
import { LOGOS, logoFiles } from '../../support/logo-files.ts';

test('the files are those of the installed simple-icons', () => {
  const files = logoFiles();
  for (const name of ['index.tsv', 'paths.txt'] as const) {
    // Not by expect(), which would print megabytes.
    const same = readFileSync(join(LOGOS, name), 'utf8') === files[name];
    expect({ name, same, otherwise: 'npm run logos' }).toEqual({
      name,
      same: true,
      otherwise: 'npm run logos',
    });
  }
});

test('every logo is found by its slug, with its colour and its path', async () => {
  const all = Object.values(icons);
  expect(all.length).toBeGreaterThan(3000);
  const wrong: string[] = [];
  for (const { slug, hex, path } of all) {
    const logo = await findLogo(slug);
    if (logo?.slug !== slug || logo.hex !== hex || logo.path !== path) wrong.push(slug);
  }
  expect(wrong).toEqual([]);
  // From memory, too.
  expect(await findLogo(all.at(-1)?.slug ?? '')).toMatchObject({ path: all.at(-1)?.path });
});

test('the slug may be in any case, and an unknown one finds nothing', async () => {
  const github = await findLogo('github');
  expect(github?.hex).toBe('181717');
  for (const slug of ['GitHub', ' GITHUB ']) expect(await findLogo(slug)).toEqual(github);
  for (const slug of [
    '',
    'nosuchlogo',
    'githu',
    'git hub',
    'github\tGitHub',
    '#',
    '# simple-icons',
    '../paths.txt',
    'constructor',
    'data:image/png;base64,AAAA',
    'g'.repeat(60),
    'g'.repeat(1900),
  ]) {
    expect({ slug, logo: await findLogo(slug) }).toEqual({ slug, logo: undefined });
  }
});

test('the list has every logo with the name of its brand', async () => {
  const names = new Map((await logoNames()).map(({ slug, title }) => [slug, title]));
  expect(names).toEqual(new Map(Object.values(icons).map(({ slug, title }) => [slug, title])));
});
