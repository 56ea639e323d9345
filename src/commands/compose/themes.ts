/**
 * Reads the owner's themes for pictures of numbers: in the folder `SEEN_THEMES` a folder for each
 * theme, with a picture of each digit.
 *
 * Every replica keeps all of them in memory, and each response embeds the digits that it shows, so
 * their sizes have bounds. All mistakes are reported at once. Not here: what a picture may be
 * (`images/picture-file.ts`).
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../../counter/errors.ts';
import type { Glyph, Theme } from '../../images/number-picture.ts';
import { glyphIn, PICTURE_ENDINGS } from '../../images/picture-file.ts';

/** The largest pictures of Moe-Counter's own themes have 24 kB and 200 × 300 pixels. */
const FILE_BYTES_MAX = 32 * 1024;
const SIDE_MAX_PX = 1000;
/** Moe-Counter has 55 themes of 2 MB together. */
const THEMES_MAX = 200;
const ALL_BYTES_MAX = 10 * 1024 * 1024;
/** As they are written in a URL without escapes. */
const THEME_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
/** Seen's own theme, and the word for any theme. */
const RESERVED = new Set(['seen', 'random']);
const DIGITS = Array.from('0123456789');
const AROUND = ['_start', '_end'];

/**
 * The themes in a folder by their names; none without a folder. Names that begin with a dot, and
 * files that are not named after a digit, are ignored. Fails with `settings-invalid`; the message
 * has a line for each mistake.
 */
export function readThemes(folder: string | undefined): ReadonlyMap<string, Theme> {
  if (folder === undefined) return new Map();
  const reader = new ThemeReader();
  const themes = reader.read(folder);
  if (reader.mistakes.length === 0) return themes;
  const lines = reader.mistakes.map((mistake) => `SEEN_THEMES: ${mistake}.`);
  throw new AppError('settings-invalid', lines.join('\n'));
}

class ThemeReader {
  /** Sentences without the full stop. */
  readonly mistakes: string[] = [];
  #bytesLeft = ALL_BYTES_MAX;

  read(folder: string): Map<string, Theme> {
    const names = this.#namesIn(folder);
    const folders = names.filter((name) => this.#statOf(join(folder, name))?.isDirectory());
    if (this.mistakes.length === 0 && folders.length === 0)
      this.mistakes.push(`${folder} has no theme. A theme is a folder in it`);
    if (folders.length > THEMES_MAX) {
      this.mistakes.push(`${folder} has ${folders.length} themes, and may have ${THEMES_MAX}`);
      return new Map();
    }
    return new Map(folders.map((name) => [name, this.#theme(folder, name)]));
  }

  #theme(folder: string, name: string): Theme {
    const path = join(folder, name);
    const theme = new Map<string, Glyph>();
    if (RESERVED.has(name)) this.mistakes.push(`${path} has the name of a theme of Seen`);
    else if (!THEME_NAME.test(name)) {
      this.mistakes.push(
        `${path} is not the name of a theme: use up to 64 letters, digits, "_", "." and "-"`,
      );
    }
    const files = this.#namesIn(path);
    const missing: string[] = [];
    for (const key of [...DIGITS, ...AROUND]) {
      const [file, ...more] = files.filter((other) =>
        PICTURE_ENDINGS.some((ending) => other.toLowerCase() === `${key}.${ending}`),
      );
      if (more.length > 0) {
        this.mistakes.push(`${path} has ${[file, ...more].join(' and ')}. Keep one of them`);
      } else if (file !== undefined) {
        const glyph = this.#glyph(join(path, file));
        if (glyph) theme.set(key, glyph);
      } else if (!AROUND.includes(key)) missing.push(key);
    }
    if (missing.length > 0) {
      this.mistakes.push(
        `${path} has no picture of ${missing.join(', ')}. Name each after its digit, as in ` +
          PICTURE_ENDINGS.map((ending) => `0.${ending}`).join(', '),
      );
    }
    return theme;
  }

  #glyph(path: string): Glyph | undefined {
    const stat = this.#statOf(path);
    if (stat === undefined) return undefined;
    const mistake = !stat.isFile()
      ? 'is not a file'
      : stat.size > FILE_BYTES_MAX
        ? `has ${stat.size} bytes, and may have ${FILE_BYTES_MAX}`
        : stat.size > this.#bytesLeft
          ? `is too much: all pictures together may have ${ALL_BYTES_MAX} bytes`
          : undefined;
    if (mistake !== undefined) return this.#refuse(path, mistake);
    this.#bytesLeft -= stat.size;
    const bytes = this.#tried(path, () => readFileSync(path));
    if (bytes === undefined) return undefined;
    const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
    const glyph = glyphIn(bytes, ending);
    if (glyph === undefined) {
      return this.#refuse(
        path,
        `is no ${ending.toUpperCase()} picture, or does not say its width and height in pixels`,
      );
    }
    if (Math.max(glyph.width, glyph.height) <= SIDE_MAX_PX) return glyph;
    return this.#refuse(
      path,
      `has ${glyph.width} × ${glyph.height} pixels, and may have ${SIDE_MAX_PX} × ${SIDE_MAX_PX}`,
    );
  }

  #refuse(path: string, mistake: string): undefined {
    this.mistakes.push(`${path} ${mistake}`);
  }

  /** The names in a folder, without hidden ones. */
  #namesIn(path: string): string[] {
    const names = this.#tried(path, () => readdirSync(path)) ?? [];
    return names.filter((name) => !name.startsWith('.')).toSorted();
  }

  #statOf(path: string) {
    return this.#tried(path, () => statSync(path));
  }

  /** The result; `undefined`, and a mistake, when it fails. */
  #tried<T>(path: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      return this.#refuse(path, `cannot be read: ${messageOf(error)}`);
    }
  }
}
