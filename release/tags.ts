/**
 * `npm run release:tags -- 1.2.3 FOLDER` writes the names that a version gets besides its number,
 * for the release workflow: `image-tags`, separated by commas, and `npm-tag`. The versions that
 * were released before are the tags of git.
 *
 * A name such as `latest` only moves forward: a fix of version 1 does not take it from version 2.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';

/** The names of a version. */
export interface Tags {
  readonly image: readonly string[];
  /** What `npm publish --tag` sets. npm refuses a name that looks like a version. */
  readonly npm: string;
}

/**
 * The names of `version`; `released` are all versions there are. 1.2.3 also gets 1.2, 1 and
 * latest, each unless a newer version has it. 0.1.0 does not get 0, because versions before 1.0.0
 * may be incompatible with each other. A pre-release, such as 1.2.3-rc.1, gets only its number.
 */
export function tagsOf(version: string, released: readonly string[]): Tags {
  if (version.includes('-')) return { image: [version], npm: 'next' };
  const [major = '', minor = ''] = version.split('.');
  const isNewest = (beginning: string) =>
    !released.some(
      (other) =>
        !other.includes('-') &&
        other.startsWith(beginning) &&
        Bun.semver.order(other, version) > 0,
    );
  const names = [
    { name: `${major}.${minor}`, beginning: `${major}.${minor}.` },
    ...(major === '0' ? [] : [{ name: major, beginning: `${major}.` }]),
    { name: 'latest', beginning: '' },
  ];
  const moved = names.filter(({ beginning }) => isNewest(beginning)).map(({ name }) => name);
  return {
    image: [version, ...moved],
    npm: moved.includes('latest') ? 'latest' : `release-${major}.${minor}`,
  };
}

if (import.meta.main) {
  const [version = '', folder = '.'] = process.argv.slice(2);
  const list = await command(['git', 'tag', '--list', 'v*.*.*'], {
    advice: 'Run it in a clone of the project with its tags.',
  });
  const released = list.split('\n').filter(Boolean);
  const tags = tagsOf(
    version,
    released.map((tag) => tag.slice(1)),
  );
  writeFileSync(join(folder, 'image-tags'), tags.image.join(','));
  writeFileSync(join(folder, 'npm-tag'), tags.npm);
}
