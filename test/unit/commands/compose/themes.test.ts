/** The owner's themes: what is read from their folder, and what is refused. */
import { expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readThemes } from '../../../../src/commands/compose/themes.ts';
import { isAppError } from '../../../../src/counter/errors.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { GIF, PNG, SVG, WEBP, writeTheme } from '../../../support/pictures.ts';

/** The mistakes in a folder, without the place of the folder. */
function mistakesIn(path: string): string[] {
  try {
    readThemes(path);
  } catch (error) {
    if (isAppError(error, 'settings-invalid'))
      return error.message.split('\n').map((line) => line.replaceAll(path, 'FOLDER'));
    throw error;
  }
  return [];
}

test('without a folder there are none', () => {
  expect(readThemes(undefined).size).toBe(0);
});

test('each folder with ten digits is a theme, in any of the formats', () => {
  using folder = temporaryFolder();
  writeTheme(folder.path, 'one', 'png', PNG);
  writeTheme(folder.path, 'two', 'gif', GIF);
  writeTheme(folder.path, 'three', 'webp', WEBP.lossless);
  writeTheme(folder.path, 'four.4_-', 'SVG', SVG);
  const themes = readThemes(folder.path);
  expect([...themes.keys()].toSorted()).toEqual(['four.4_-', 'one', 'three', 'two']);
  for (const theme of themes.values()) expect([...theme.keys()].join('')).toBe('0123456789');
  expect(themes.get('four.4_-')?.get('7')).toMatchObject({ width: 30, height: 40 });
  expect(themes.get('two')?.get('0')?.svg).toContain('data:image/gif;base64,');
});

test('a theme may mix formats, and have pictures before and behind the number', () => {
  using folder = temporaryFolder();
  writeTheme(folder.path, 'one');
  rmSync(join(folder.path, 'one', '5.png'));
  for (const [name, bytes] of Object.entries({ '5.gif': GIF, '_start.png': PNG, '_end.gif': GIF }))
    writeFileSync(join(folder.path, 'one', name), bytes);
  expect([...(readThemes(folder.path).get('one')?.keys() ?? [])]).toEqual([
    ...Array.from('0123456789'),
    '_start',
    '_end',
  ]);
});

test('other files and hidden ones are ignored', () => {
  using folder = temporaryFolder();
  writeTheme(folder.path, 'one');
  for (const name of ['README.md', '.hidden', 'one/LICENSE.txt', 'one/.DS_Store', 'one/10.png'])
    writeFileSync(join(folder.path, name), 'words');
  mkdirSync(join(folder.path, '.git'));
  expect([...readThemes(folder.path).keys()]).toEqual(['one']);
});

test('all mistakes are told at once, each with its place', () => {
  using folder = temporaryFolder();
  const { path } = folder;
  writeTheme(path, 'missing');
  rmSync(join(path, 'missing/3.png'));
  rmSync(join(path, 'missing/4.png'));
  writeTheme(path, 'twice');
  writeFileSync(join(path, 'twice/1.gif'), GIF);
  writeTheme(path, 'wrong', 'gif', PNG);
  writeTheme(path, 'seen');
  writeTheme(path, 'random');
  writeTheme(path, 'a theme');
  writeTheme(path, 'folder');
  rmSync(join(path, 'folder/1.png'));
  mkdirSync(join(path, 'folder/1.png'));
  mkdirSync(join(path, 'empty'));
  const found = mistakesIn(path);
  for (const line of [
    'SEEN_THEMES: FOLDER/missing has no picture of 3, 4. Name each after its digit, as in 0.png, 0.gif, 0.webp, 0.svg.',
    'SEEN_THEMES: FOLDER/twice has 1.gif and 1.png. Keep one of them.',
    'SEEN_THEMES: FOLDER/wrong/0.gif is no GIF picture, or does not say its width and height in pixels.',
    'SEEN_THEMES: FOLDER/seen has the name of a theme of Seen.',
    'SEEN_THEMES: FOLDER/random has the name of a theme of Seen.',
    'SEEN_THEMES: FOLDER/a theme is not the name of a theme: use up to 64 letters, digits, "_", "." and "-".',
    'SEEN_THEMES: FOLDER/folder/1.png is not a file.',
    'SEEN_THEMES: FOLDER/empty has no picture of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9. Name each after its digit, as in 0.png, 0.gif, 0.webp, 0.svg.',
  ]) {
    expect(found).toContain(line);
  }
  // Ten of them are the digits of `wrong`.
  expect(found).toHaveLength(7 + 10);
});

test('a folder that is missing, is a file, or has no theme is refused', () => {
  using folder = temporaryFolder();
  const { path } = folder;
  expect(mistakesIn(path)).toEqual([
    'SEEN_THEMES: FOLDER has no theme. A theme is a folder in it.',
  ]);
  writeFileSync(join(path, 'file'), '');
  for (const name of ['nothing', 'file']) {
    const found = mistakesIn(join(path, name));
    expect(found).toEqual([expect.stringContaining('SEEN_THEMES: FOLDER cannot be read: ')]);
  }
});

test('sizes have bounds: of a file, of a picture, of all together, and the number of themes', () => {
  using folder = temporaryFolder();
  const { path } = folder;
  const padded = (bytes: number) => Buffer.concat([PNG], bytes);
  writeTheme(path, 'one', 'png', padded(32_768));
  expect(mistakesIn(path)).toEqual([]);
  writeFileSync(join(path, 'one/0.png'), padded(32_769));
  expect(mistakesIn(path)).toEqual([
    'SEEN_THEMES: FOLDER/one/0.png has 32769 bytes, and may have 32768.',
  ]);
  const wide = (width: number) => {
    const bytes = Buffer.from(PNG);
    bytes.writeUInt32BE(width, 16);
    return bytes;
  };
  writeFileSync(join(path, 'one/0.png'), wide(1000));
  expect(mistakesIn(path)).toEqual([]);
  writeFileSync(join(path, 'one/0.png'), wide(1001));
  expect(mistakesIn(path)).toEqual([
    'SEEN_THEMES: FOLDER/one/0.png has 1001 × 1 pixels, and may have 1000 × 1000.',
  ]);
  // 32 themes of 320 KiB are 10 MiB.
  for (let theme = 1; theme <= 32; theme++)
    writeTheme(path, `${theme}`.padStart(3, '0'), 'png', padded(32_768));
  rmSync(join(path, 'one'), { recursive: true });
  expect(mistakesIn(path)).toEqual([]);
  writeTheme(path, 'last');
  expect(mistakesIn(path)).toContain(
    'SEEN_THEMES: FOLDER/last/0.png is too much: all pictures together may have 10485760 bytes.',
  );
  rmSync(path, { recursive: true });
  for (let theme = 1; theme <= 200; theme++) writeTheme(path, `${theme}`);
  expect(readThemes(path).size).toBe(200);
  writeTheme(path, '201');
  expect(mistakesIn(path)).toEqual(['SEEN_THEMES: FOLDER has 201 themes, and may have 200.']);
});
