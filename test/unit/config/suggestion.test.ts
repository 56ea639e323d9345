/** The name that is suggested for a misspelt one. */
import { describe, expect, test } from 'bun:test';
import { flagName } from '../../../src/config/config.ts';
import { settings } from '../../../src/config/settings.ts';
import { nearest } from '../../../src/config/suggestion.ts';

const FLAGS = Object.keys(settings).map((name) => `--${flagName(name)}`);

describe('a misspelt name', () => {
  test.each([
    ['--prot', '--port'],
    ['--prt', '--port'],
    ['--ops-port', '--operations-port'],
    ['--replica', '--replicas'],
    ['--store', '--store-ca'],
    ['--storeurl', '--store-url'],
    ['--log', '--log-level'],
    ['--trusted-proxy', '--trusted-proxies'],
  ])('%s suggests %s', (wrong, meant) => {
    expect(nearest(wrong, FLAGS, '--')).toBe(meant);
  });

  test('that is like no other suggests none', () => {
    for (const wrong of ['--colour', '--x', '--verbose'])
      expect({ wrong, meant: nearest(wrong, FLAGS, '--') }).toEqual({ wrong, meant: undefined });
  });
});
