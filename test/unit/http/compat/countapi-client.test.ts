/**
 * countapi-js 1.0.2, the client of CountAPI on npm, unchanged except for its base URL, against the
 * started program: the cases of its own tests.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as countapiJs from 'countapi-js';
import { temporaryFolder } from '../../../support/folder.ts';
import { Program, ROOT } from '../../../support/program.ts';

type Client = typeof countapiJs;

const PUBLISHED = join(ROOT, 'node_modules/countapi-js/lib/index.js');
const BASE = 'const BASE_API_PATH = "https://api.countapi.xyz";';
const FREE = 'c23ce4fa-4b78-4cbb-b53a-da3c2c38bb18';
const FIXED = 'd7b97e5f-69a4-4933-8928-b9ee92f6b6ca';
const WIDE = 'ce420ebf-369c-4a19-92b1-8b02fb6e72ba';
const newKey = () => crypto.randomUUID();

for (const [where, env, base] of [
  ['under /countapi', {}, '/countapi'],
  ['on a host of its own', { SEEN_HOSTS: '127.0.0.1=countapi' }, ''],
] as const) {
  describe(`countapi-js ${where}`, () => {
    const folder = temporaryFolder();
    let program: Program;
    let countapi: Client;

    beforeAll(async () => {
      program = await Program.start({ SEEN_REPLICAS: '1', ...env });
      const published = await Bun.file(PUBLISHED).text();
      expect(published.split(BASE)).toHaveLength(2);
      const file = join(folder.path, 'countapi.cjs');
      writeFileSync(
        file,
        published.replace(
          BASE,
          `const BASE_API_PATH = ${JSON.stringify(`${program.url}${base}`)};`,
        ),
      );
      symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
      countapi = createRequire(file)(file) as Client;

      await countapi.create({ key: 'test' });
      await countapi.create({ namespace: 'test', key: 'test', value: 42 });
      await countapi.create({ key: FREE, enable_reset: true });
      await countapi.create({ key: FIXED, value: 1234 });
      await countapi.create({ key: WIDE, update_lowerbound: -5, update_upperbound: 100 });
    });

    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    test('get', async () => {
      expect(await countapi.get('test')).toMatchObject({ status: 200, path: 'default/test' });
      expect(await countapi.get('test', 'test')).toEqual({
        status: 200,
        path: 'test/test',
        value: 42,
      });
      const key = newKey();
      expect((await countapi.get(key)) as unknown).toEqual({
        status: 404,
        path: `default/${key}`,
        value: null,
      });
    });

    test('set', async () => {
      expect(await countapi.set(newKey(), 3)).toMatchObject({ status: 404 });
      expect(await countapi.set(FIXED, 3)).toMatchObject({
        status: 403,
        old_value: 1234,
        value: 1234,
      });
      expect(await countapi.set('default', FREE, 3)).toMatchObject({
        status: 200,
        old_value: 0,
        value: 3,
      });
      expect(await countapi.get(FREE)).toMatchObject({ value: 3 });
    });

    test('update', async () => {
      expect(await countapi.update(newKey(), 3)).toMatchObject({ status: 404 });
      expect(await countapi.update('test', 100)).toMatchObject({ status: 403 });
      expect(await countapi.update(WIDE, 100)).toMatchObject({ status: 200, value: 100 });
      expect(await countapi.update(WIDE, -3)).toMatchObject({ status: 200, value: 97 });
    });

    test('hit', async () => {
      const key = newKey();
      expect(await countapi.hit(key)).toEqual({ status: 200, path: `default/${key}`, value: 1 });
      expect(await countapi.hit('mysite.com', key)).toMatchObject({ status: 200, value: 1 });
      const { value } = await countapi.hit('test');
      expect(await countapi.hit('test')).toMatchObject({ status: 200, value: value + 1 });
    });

    test('create', async () => {
      expect(await countapi.create()).toMatchObject({
        status: 200,
        namespace: 'default',
        value: 0,
      });
      expect(await countapi.create({ namespace: 'test' })).toMatchObject({
        status: 200,
        namespace: 'test',
      });
      const key = newKey();
      expect(await countapi.create({ key })).toMatchObject({
        status: 200,
        key,
        path: `default/${key}`,
      });
    });

    test('refused calls reject, with the error if there is one', async () => {
      for (const [options, error] of [
        [{ key: 'aa' }, 'Malformed Namespace/Key'],
        [{ namespace: 'aa' }, 'Malformed Namespace/Key'],
        [{ update_upperbound: -1 }, 'update_upperbound must be positive'],
        [{ update_lowerbound: 1 }, 'update_lowerbound must be negative'],
        [{ key: 'test' }, 'Response from server: 409'],
      ] as const) {
        const result: unknown = await countapi.create(options).then(
          () => 'resolved',
          (reason: unknown) => reason,
        );
        expect(result).toBe(error);
      }
    });

    test('info', async () => {
      expect(await countapi.info(newKey())).toMatchObject({ status: 404, created: null });
      expect(await countapi.info(WIDE)).toMatchObject({
        status: 200,
        path: `default/${WIDE}`,
        namespace: 'default',
        key: WIDE,
        enable_reset: false,
        update_lowerbound: -5,
        update_upperbound: 100,
        created: expect.any(Number),
        ttl: expect.any(Number),
      });
    });

    test('stats', async () => {
      const { version } = (await Bun.file(join(ROOT, 'package.json')).json()) as {
        version: string;
      };
      expect(await countapi.stats()).toMatchObject({
        status: 200,
        version,
        requests: expect.any(Number),
      });
    });

    test('visits and event, which have no page outside of a browser', async () => {
      expect(await countapi.visits()).toEqual({ status: 200, path: '.../...', value: 1 } as never);
      expect(await countapi.visits('page')).toMatchObject({ status: 200, path: '.../page' });
      expect(await countapi.event('magic-button')).toMatchObject({
        status: 200,
        path: '.../magic-button',
      });
    });
  });
}
