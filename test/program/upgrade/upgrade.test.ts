/**
 * This version of Seen on the data of each earlier one (`VERSION/`, written by `make.ts` when that
 * version was released).
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSTALLATION } from '../../support/manage.ts';
import { numberIn, Program } from '../../support/program.ts';
import { forEachStore } from '../../support/stores/stores.ts';
import { call, type Filled, LIST, look } from './data.ts';
import { DUMPS } from './dumps.ts';

const VERSIONS = [...new Bun.Glob('*/redis.json').scanSync(import.meta.dir)]
  .map((path) => path.split('/')[0] ?? '')
  .toSorted();

test('there is data of an earlier version', () => {
  expect(VERSIONS).toContain('0.1.0');
});

describe.each(VERSIONS)('the data of version %s', (version) => {
  forEachStore((newDatabase, name) => {
    test('is used by this version: the counts continue, and owners, rules, history and imports are kept', async () => {
      const { file, load } = DUMPS[name];
      const path = join(import.meta.dir, version, file);
      const before = JSON.parse(readFileSync(`${path}.said.json`, 'utf8')) as Filled;
      await using database = await newDatabase();
      await load(database.url, readFileSync(path));
      await using program = await Program.start({
        SEEN_STORE_URL: database.url,
        SEEN_TOKEN: INSTALLATION,
      });
      expect(await look(program, before.day)).toEqual(before.seen);

      const number = async (response: Promise<string>) => numberIn(await response);
      expect(await number(program.get('/'))).toBe(6);
      expect(await number(program.get('/hit/my-site/page'))).toBe(9);
      await program.get('/hit/my-site/private');
      const asOwner = program.get('/api/v1/counters/my-site/private', {
        Authorization: `Bearer ${before.tokens['my-site/private']}`,
      });
      expect(await number(asOwner)).toBe(1004);
      const stranger = await fetch(`${program.url}/api/v1/counters/my-site/private`);
      expect(stranger.status).toBe(401);
      // The window still makes one visitor count once.
      const window = async () =>
        number(program.get('/hit/my-site/window', { 'User-Agent': 'curl/8' }));
      expect([await window(), await window()]).toEqual([501, 501]);

      await call(program, 'POST', '/api/v1/import?existing=add', LIST);
      expect(await number(program.get('/get/old-site/front'))).toBe(4100);
      const gone = await fetch(`${program.url}/get/my-site/gone`);
      expect(gone.status).toBe(404);
    });
  });
});
