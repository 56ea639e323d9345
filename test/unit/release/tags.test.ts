/** The names that a release moves: `latest` and the shorter forms of its number. */
import { describe, expect, test } from 'bun:test';
import { tagsOf } from '../../../release/tags.ts';

describe('the tags of a release', () => {
  test('of the newest version are its shorter forms and latest', () => {
    expect(tagsOf('1.2.3', ['1.2.2', '1.1.0', '0.9.0', '1.2.3', '2.0.0-rc.1'])).toEqual({
      image: ['1.2.3', '1.2', '1', 'latest'],
      npm: 'latest',
    });
    expect(tagsOf('1.10.0', ['1.9.0'])).toEqual({
      image: ['1.10.0', '1.10', '1', 'latest'],
      npm: 'latest',
    });
  });

  test('of a fix of an older major version are not latest', () => {
    expect(tagsOf('1.9.1', ['1.9.0', '2.0.0'])).toEqual({
      image: ['1.9.1', '1.9', '1'],
      npm: 'release-1.9',
    });
  });

  test('of a fix of an older minor version are neither latest nor its major number', () => {
    expect(tagsOf('1.8.1', ['1.8.0', '1.9.0'])).toEqual({
      image: ['1.8.1', '1.8'],
      npm: 'release-1.8',
    });
  });

  test('of an older fix that is released late are only its number', () => {
    expect(tagsOf('1.8.1', ['1.8.2', '2.0.0'])).toEqual({
      image: ['1.8.1'],
      npm: 'release-1.8',
    });
  });

  test('before 1.0.0 have no major number', () => {
    expect(tagsOf('0.2.3', ['0.1.0'])).toEqual({
      image: ['0.2.3', '0.2', 'latest'],
      npm: 'latest',
    });
  });

  test('of a pre-release are only its number', () => {
    expect(tagsOf('1.2.3-rc.1', ['1.2.2'])).toEqual({ image: ['1.2.3-rc.1'], npm: 'next' });
  });
});
