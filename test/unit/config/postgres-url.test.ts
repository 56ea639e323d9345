/** URLs of PostgreSQL: what is taken, and what is said about mistakes. */
import { describe, expect, test } from 'bun:test';
import { readConfig } from '../../../src/config/config.ts';
import { storeUrlMistake } from '../../../src/config/store-url.ts';
import { isAppError } from '../../../src/counter/errors.ts';
import { readPostgresUrl, shownUrl } from '../../../src/postgres-url.ts';

const plain = {
  user: 'seen',
  password: 'secret',
  hosts: [{ host: 'db', port: 5432 }],
  database: 'counts',
  sslmode: 'prefer',
};

const TAKEN: Record<string, unknown> = {
  'postgres://seen:secret@db/counts': plain,
  'postgresql://seen:secret@db:5432/counts': plain,
  'postgres://seen@db/counts': { ...plain, password: undefined },
  'postgres://seen:a:b@db/counts': { ...plain, password: 'a:b' },
  'postgres://s%40en:p%40%2F%3F%23%25%20ss@db/my%20counts': {
    ...plain,
    user: 's@en',
    password: 'p@/?#% ss',
    database: 'my counts',
  },
  'postgres://seen:secret@db-1:5433,[::1]:5434,10.0.0.1,[fd00::2],tasks.db_2/counts': {
    ...plain,
    hosts: [
      { host: 'db-1', port: 5433 },
      { host: '::1', port: 5434 },
      { host: '10.0.0.1', port: 5432 },
      { host: 'fd00::2', port: 5432 },
      { host: 'tasks.db_2', port: 5432 },
    ],
  },
  'postgres://seen:secret@db/counts?sslmode=verify-full': { ...plain, sslmode: 'verify-full' },
  'postgres://seen:secret@db:1/counts': { ...plain, hosts: [{ host: 'db', port: 1 }] },
  'postgres://seen:secret@db:65535/counts': { ...plain, hosts: [{ host: 'db', port: 65_535 }] },
};

const REFUSED: Record<string, string> = {
  'POSTGRES://seen:secret@db/counts': 'is not a store URL',
  'postgres:seen:secret@db/counts': 'is not the URL of a PostgreSQL database',
  'postgres://': 'has no user',
  'postgres://db/counts': 'has no user',
  'postgres:///counts': 'has no user',
  'postgres://@db/counts': 'has no user',
  'postgres://:secret@db/counts': 'has an empty user or password',
  'postgres://seen:@db/counts': 'has an empty user or password',
  'postgres://seen:sec@ret@db/counts': '@ is %40',
  'postgres://seen:sec/ret@db/counts': '/ is %2F',
  'postgres://seen:sec?ret@db/counts': '? is %3F',
  'postgres://seen:sec#ret@db/counts': '# is %23',
  'postgres://seen:sec%ret@db/counts': '% is %25',
  'postgres://seen:sec%00ret@db/counts': 'must be escaped',
  'postgres://seen:sec ret@db/counts': 'a space is %20',
  'postgres://seen:secret@db/counts\n': 'must be escaped',
  'postgres://seen:secret@db/counts#x': 'has a "#"',
  'postgres://seen:secret@db': 'has no database',
  'postgres://seen:secret@db/': 'has no database',
  'postgres://seen:secret@db/counts/2': 'more than a database',
  'postgres://seen:secret@db/counts%': 'has no database',
  'postgres://seen:secret@/counts': 'has a host that is not',
  'postgres://seen:secret@db,/counts': 'has a host that is not',
  'postgres://seen:secret@::1/counts': 'has a host that is not',
  'postgres://seen:secret@[db]/counts': 'has a host that is not',
  'postgres://seen:secret@[abc]/counts': 'has a host that is not',
  'postgres://seen:secret@%2Frun%2Fpostgresql/counts': 'has a host that is not',
  'postgres://seen:secret@db:/counts': 'has a host that is not',
  'postgres://seen:secret@db:port/counts': 'has a host that is not',
  'postgres://seen:secret@db:0/counts': 'has a port that is not',
  'postgres://seen:secret@db:65536/counts': 'has a port that is not',
  'postgres://seen:secret@db/counts?': 'has parameters other than one sslmode',
  'postgres://seen:secret@db/counts?sslmode': 'has an sslmode that is not one of',
  'postgres://seen:secret@db/counts?sslmode=on': 'disable, allow, prefer, require',
  'postgres://seen:secret@db/counts?sslmode=require&sslmode=require': 'other than one sslmode',
  'postgres://seen:secret@db/counts?sslmode=require&sslrootcert=x': 'SEEN_STORE_CA',
  'postgres://seen:secret@db/counts?connect_timeout=2': 'SEEN_STORE_TIMEOUT_MS',
  'postgres://seen:secret@db/counts?target_session_attrs=any': 'looks for the primary',
  'postgres://seen:secret@db/counts?options=-csynchronous_commit%3Doff': 'Leave out all others',
  'postgres://seen:secret@db/counts?toString=1': 'Leave out all others',
};

function mistakes(env: Record<string, string>, alsoRead: readonly string[] = []): string[] {
  try {
    readConfig({ argv: [], env }, alsoRead);
  } catch (error) {
    if (isAppError(error, 'settings-invalid')) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('the URL of a PostgreSQL', () => {
  test.each(Object.entries(TAKEN))('%s is taken as libpq takes it', (url, parts) => {
    expect(readPostgresUrl(url)).toEqual(parts as never);
    expect(storeUrlMistake(url)).toBeUndefined();
  });

  test.each(Object.entries(REFUSED))('%p is refused with advice', (url, words) => {
    const mistake = storeUrlMistake(url);
    expect(mistake).toContain(words);
    expect(mistake).not.toMatch(/secret|sec.{1,3}ret/);
  });

  test('is shown without user and password, with every port', () => {
    const url = readPostgresUrl('postgres://seen:secret@db,[::1]:5433/my%2Fcounts');
    expect(url).toContain('more than a database');
    const read = readPostgresUrl('postgres://seen:secret@db,[::1]:5433/my%20counts');
    if (typeof read === 'string') throw new Error(read);
    expect(shownUrl(read)).toBe('postgres://db:5432,[::1]:5433/my%20counts');
  });

  test('fits the certificates to trust: they need TLS, and verify-ca needs them', () => {
    const ca = '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----';
    const url = (mode: string) => `postgres://seen:secret@db/counts?sslmode=${mode}`;
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(mistakes({ SEEN_STORE_URL: url(mode), SEEN_STORE_CA: ca })).toEqual([]);
    }
    for (const mode of ['disable', 'allow', 'prefer']) {
      expect(mistakes({ SEEN_STORE_URL: url(mode), SEEN_STORE_CA: ca })).toEqual([
        expect.stringContaining('needs a store with TLS'),
      ]);
      expect(mistakes({ SEEN_STORE_URL: url(mode) })).toEqual([]);
    }
    expect(mistakes({ SEEN_STORE_URL: url('verify-full') })).toEqual([]);
    expect(mistakes({ SEEN_STORE_URL: url('verify-ca') })).toEqual([
      expect.stringContaining('sslmode=verify-ca needs SEEN_STORE_CA'),
    ]);
    expect(mistakes({}, [url('verify-ca')])).toHaveLength(1);
  });
});
