/** Settings: their sources, their precedence, and the messages about mistakes. */
import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { envName, flagName, readConfig } from '../../../src/config/config.ts';
import { settingsManual, settingsTable } from '../../../src/config/manual.ts';
import { settings } from '../../../src/config/settings.ts';
import { isAppError } from '../../../src/counter/errors.ts';
import { PAGE_SCRIPTS } from '../../../src/http/pages/assets.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';

const read = (argv: string[], env: Record<string, string> = {}) => readConfig({ argv, env });

function mistakes(argv: string[], env: Record<string, string> = {}): string[] {
  try {
    read(argv, env);
  } catch (error) {
    if (isAppError(error, 'settings-invalid')) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('have defaults that work on a laptop', () => {
    expect(read([])).toMatchObject({
      storeUrl: 'sqlite:./data/seen.db',
      port: 8000,
      operationsPort: 9100,
      replicas: 3,
    });
  });

  test('come from flag, file, environment and default, in this order', () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'port');
    writeFileSync(file, '8003\n');
    const env = { SEEN_PORT: '8002' };
    expect(read([]).port).toBe(8000);
    expect(read([], env).port).toBe(8002);
    expect(read([], { ...env, SEEN_PORT_FILE: file }).port).toBe(8003);
    expect(read(['--port', '8004'], { ...env, SEEN_PORT_FILE: file }).port).toBe(8004);
    expect(read(['--port=8004', '--port=8005']).port).toBe(8005);
  });

  test('ignore a newline at the end of a secret file', () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'url');
    writeFileSync(file, 'redis://:secret@redis:6379\n');
    expect(read([], { SEEN_STORE_URL_FILE: file }).storeUrl).toBe('redis://:secret@redis:6379');
  });

  test('report all mistakes at once, each with its origin', () => {
    const found = mistakes(['--replicas', 'many', '--colour=red', 'word'], {
      SEEN_PORT: '70000',
      SEEN_STOREURL: 'redis://x',
      SEEN_STORE_URL: 'mysql://x',
      SEEN_WAIT_MS_FILE: '/nowhere/at/all',
    });
    expect(found).toHaveLength(7);
    expect(found.join('\n')).toContain('--replicas is not a whole number: “many”');
    expect(found.join('\n')).toContain('SEEN_PORT is more than 65535: “70000”');
    expect(found.join('\n')).toContain(
      'SEEN_STOREURL is not a setting of Seen. Did you mean SEEN_STORE_URL',
    );
    expect(found.join('\n')).toContain('SEEN_STORE_URL is not a store URL');
    expect(found.join('\n')).toContain('SEEN_WAIT_MS_FILE names a file that cannot be read');
    expect(found.join('\n')).toContain('--colour is not a flag of Seen');
    expect(found.join('\n')).toContain('“word” is not a flag');
  });

  test('do not show a password in the URL of a store that stands in the wrong place', () => {
    const url = 'redis://user:secret@redis:6379';
    const env = { SEEN_HOSTS: url, SEEN_STORE_URL_FILE: url, SEEN_PORT: url };
    const found = mistakes([url, `--${url}`], env).join('\n');
    expect(found).toContain('“redis://…@redis:6379” is not a flag.');
    expect(found).toContain('SEEN_PORT is not a whole number: “redis://…@redis:6379”');
    expect(found).toContain('SEEN_STORE_URL_FILE names a file that cannot be read: ENOENT');
    expect(found).not.toContain('secret');
  });

  test('accept only addresses and networks as trusted proxies', () => {
    const list = ' 10.0.0.2, 10.1.0.0/24,2001:db8::/32 ';
    expect(readConfig({ argv: [], env: { SEEN_TRUSTED_PROXIES: list } }).trustedProxies).toEqual([
      '10.0.0.2',
      '10.1.0.0/24',
      '2001:db8::/32',
    ]);
    for (const wrong of [
      'edge',
      '10.0.0.0/33',
      '10.0.0.0/',
      '2001:db8::/129',
      '10.0.0.0/8/8',
      '10.0.0.2 10.0.0.3',
    ]) {
      expect(mistakes([], { SEEN_TRUSTED_PROXIES: wrong })).toHaveLength(1);
    }
    expect(mistakes([], { SEEN_TRUSTED_PROXIES: '' })).toEqual([]);
  });

  test('refuse the name of another route for the script for other pages', () => {
    for (const path of ['/a.js', '/_my.numbers-2.js', `/${'x'.repeat(60)}.js`]) {
      expect(read([], { SEEN_EMBED_PATH: path }).embedPath).toBe(path);
    }
    for (const path of [
      '',
      'a.js',
      '/a',
      '/a.mjs',
      '/a/b.js',
      '/.js',
      '/..js',
      '/:a.js',
      ...PAGE_SCRIPTS.map((script) => `/${script}.js`),
      `/${'x'.repeat(61)}.js`,
    ]) {
      expect({ path, mistakes: mistakes([], { SEEN_EMBED_PATH: path }) }).toEqual({
        path,
        mistakes: [expect.stringContaining('is not a valid path')],
      });
    }
  });

  test('refuse a flag without a value', () => {
    expect(mistakes(['--port'])[0]).toContain('--port needs a value');
  });

  test('do not repeat an invalid token in the message', () => {
    expect(mistakes([], { SEEN_TOKEN: 'too-short' }).join()).not.toContain('too-short');
  });

  test('do not repeat an invalid store URL in the message, because it may contain a password', () => {
    expect(mistakes([], { SEEN_STORE_URL: 'rediss//:secret@host' }).join()).not.toContain(
      'secret',
    );
  });

  test('accept a store URL as written, and ignore nothing in it', () => {
    for (const url of [
      'redis://redis',
      'redis://redis:6379/',
      'redis://redis:6379/2',
      'redis://:secret@redis:6379',
      'rediss://seen:p%40ss%23@redis.example.com:6380/0',
      'redis://seen:a:b@[::1]:6379',
      'redis://127.0.0.1:6379/15',
      'redis+cluster://redis-1:6379',
      'redis+cluster://seen:secret@redis-1:6379,redis-2,[::1]:6379',
      'rediss+cluster://:secret@redis-1:6379,redis-2:6379',
      'sqlite:./data/seen.db',
      'sqlite:/var/lib/seen.db',
      'sqlite:///var/lib/seen.db',
      'sqlite:my file#1.db',
    ]) {
      expect({ url, found: mistakes([], { SEEN_STORE_URL: url }) }).toEqual({ url, found: [] });
    }
    const wrong: Record<string, string> = {
      'redis://redis:6379?db=2': 'the path: redis://HOST:PORT/2',
      'redis+cluster://redis-1:6379/2': 'which a Redis Cluster does not have',
      'redis+cluster://redis-1:6379,': 'is not a store URL',
      'redis+cluster://': 'is not a store URL',
      'redis+cluster://redis-1,redis-2?db=1': 'has a "?" and parameters',
      'redis+cluster://seen@redis-1,redis-2': 'without a password before it',
      'postgres+cluster://redis-1': 'is not a store URL',
      'redis://redis:6379/?db=2': 'the path: redis://HOST:PORT/2',
      'redis://redis:6379/2?timeout=1s': 'the path: redis://HOST:PORT/2',
      'rediss://redis?ssl_cert_reqs=none': 'parameters',
      'redis://redis:6379#2': 'has a "#"',
      'redis://redis:6379/2#x': 'has a "#"',
      'redis://redis:6379/hits': 'not the number of a database',
      'redis://redis:6379/2/': 'not the number of a database',
      'redis://redis:6379/-1': 'not the number of a database',
      'redis://redis:6379/1e1': 'not the number of a database',
      'redis://seen@redis:6379': 'without a password before it',
      'redis://:@redis:6379': 'without a password before it',
      'redis://@redis:6379': 'without a password before it',
      'redis://:p#ss@redis:6379': '# is %23',
      'redis://:p?ss@redis:6379': '? is %3F',
      'redis://:p/ss@redis:6379': '/ is %2F',
      'redis://:p@ss@redis:6379': '@ is %40',
      'redis://:50%@redis:6379': '% is %25',
      'redis://:a b@redis:6379': 'a space is %20',
      'redis://redis:port': 'is not a store URL',
      'redis://': 'is not a store URL',
      'redis:///2': 'is not a store URL',
      'REDIS://redis': 'is not a store URL',
      'valkey://redis': 'is not a store URL',
      'sqlite:': 'is not a store URL',
      'sqlite:seen.db?mode=ro': 'parameters',
      'sqlite:file:seen.db': 'does not name a file on disk',
      'sqlite::memory:': 'does not name a file on disk',
      'sqlite://data/seen.db': 'two slashes',
    };
    for (const [url, words] of Object.entries(wrong)) {
      const found = mistakes([], { SEEN_STORE_URL: url });
      expect({ url, found }).toEqual({ url, found: [expect.stringContaining(words)] });
      expect(found[0]).toStartWith('SEEN_STORE_URL ');
      expect(found[0]).not.toMatch(/ss@|:a b|50%/);
    }
  });

  test('refuse invalid certificates, and certificates that nothing uses', () => {
    const ca = '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----';
    const tls = { SEEN_STORE_URL: 'rediss://redis' };
    expect(mistakes([], { ...tls, SEEN_STORE_CA: ca })).toEqual([]);
    expect(mistakes([], { ...tls, SEEN_STORE_CA: '/etc/ca.pem' })).toEqual([
      expect.stringContaining('SEEN_STORE_CA_FILE'),
    ]);
    for (const url of ['redis://redis', 'sqlite:seen.db']) {
      expect(mistakes([], { SEEN_STORE_URL: url, SEEN_STORE_CA: ca })).toEqual([
        expect.stringContaining('rediss://'),
      ]);
    }
    // Of another database, that is imported.
    const env = { SEEN_STORE_CA: ca };
    expect(readConfig({ argv: [], env }, ['rediss://old']).storeCa).toBe(ca);
  });

  test('accept each number just within its limits and refuse it just outside', () => {
    const limits = {
      port: [0, 65_535],
      operationsPort: [0, 65_535],
      replicas: [1, 64],
      waitMs: [10, 60_000],
      waitingMax: [1, 1_000_000],
      connectionsMax: [1, 1_000_000],
      storeTimeoutMs: [50, 60_000],
      stopMs: [100, 900_000],
      drainMs: [0, 600_000],
      subscribersMax: [1, 1_000_000],
      requestsPerMinute: [0, 1_000_000],
      newCountersPerDay: [0, 1_000_000],
      keysPerDay: [0, 1_000_000],
      subscribersPerAddress: [0, 1_000_000],
    } as const;
    for (const [name, [min, max]] of Object.entries(limits)) {
      const others =
        name === 'stopMs' ? ['--drain-ms=0'] : name === 'drainMs' ? ['--stop-ms=900000'] : [];
      const flag = (value: number) => [`--${flagName(name)}=${value}`, ...others];
      expect(mistakes(flag(min))).toEqual([]);
      expect(mistakes(flag(max))).toEqual([]);
      expect(mistakes(flag(max + 1))).toHaveLength(1);
      expect(mistakes(flag(min - 1))).toHaveLength(1);
    }
  });

  test('refuse a drain that takes all the time of a stop', () => {
    expect(mistakes(['--drain-ms=10000'])[0]).toContain('must be less than SEEN_STOP_MS');
    expect(mistakes(['--drain-ms=9999'])).toEqual([]);
  });

  test('have a flag, a variable and a field with the same words', () => {
    expect(envName('storeUrl')).toBe('SEEN_STORE_URL');
    expect(flagName('storeUrl')).toBe('store-url');
  });

  test('give host names without ports a service each, one service for a host', () => {
    const hosts = (SEEN_HOSTS: string) => [...read([], { SEEN_HOSTS }).hosts];
    expect(hosts('Count.example.com=countapi, hits.example.com=abacus,')).toEqual([
      ['count.example.com', 'countapi'],
      ['hits.example.com', 'abacus'],
    ]);
    expect(hosts('a.example.com=abacus,b.example.com=abacus')).toHaveLength(2);
    expect(hosts('')).toEqual([]);
    for (const [wrong, message] of [
      [
        'abacus.example.com:8000=abacus',
        'is not a list of HOST=SERVICE, with host names without ports',
      ],
      [
        'https://abacus.example.com=abacus',
        'is not a list of HOST=SERVICE, with host names without ports',
      ],
      ['a b=abacus', 'is not a list of HOST=SERVICE, with host names without ports'],
      ['=abacus', 'is not a list of HOST=SERVICE, with host names without ports'],
      [
        'a.example.com=abacus=countapi',
        'is not a list of HOST=SERVICE, with host names without ports',
      ],
      ['a.example.com', 'gives a.example.com no service that Seen knows. Use one of abacus,'],
      ['a.example.com=toString', 'gives a.example.com no service'],
      ['a.example.com=abacus,A.example.com=countapi', 'has a.example.com twice'],
    ] as const) {
      expect(mistakes([], { SEEN_HOSTS: wrong })).toEqual([
        expect.stringContaining(`SEEN_HOSTS ${message}`),
      ]);
    }
  });

  test('that were replaced say by what', () => {
    expect(mistakes([], { SEEN_COUNTAPI_HOST: 'count.example.com' })).toEqual([
      'SEEN_COUNTAPI_HOST is not a setting any more. Use SEEN_HOSTS=count.example.com=countapi.',
    ]);
    expect(mistakes([], { SEEN_ABACUS_HOST: 'a.example.com' })).toEqual([
      'SEEN_ABACUS_HOST is not a setting any more. Use SEEN_HOSTS=a.example.com=abacus.',
    ]);
  });

  test('are all in the manual and in the table of docs/settings.md', async () => {
    const document = await Bun.file(join(ROOT, 'docs/settings.md')).text();
    expect(document).toContain(settingsTable());
    for (const name of Object.keys(settings))
      expect(settingsManual()).toContain(`--${flagName(name)} `);
  });
});
