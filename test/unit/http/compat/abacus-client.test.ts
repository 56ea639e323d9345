/**
 * The exact requests of Abacus' clients, against the started program, and a search for its tokens
 * where they must not be.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Listener } from '../../../support/event-source.ts';
import { until } from '../../../support/folder.ts';
import { Program } from '../../../support/program.ts';

for (const [where, env, base] of [
  ['under /abacus', {}, '/abacus'],
  ['on a host of its own', { SEEN_HOSTS: '127.0.0.1=abacus' }, ''],
] as const) {
  describe(`clients of Abacus ${where}`, () => {
    let program: Program;
    const tokens: string[] = [];
    /** All answers but those that tell a token. */
    const answers: string[] = [];

    beforeAll(async () => {
      program = await Program.start({ SEEN_LOG_LEVEL: 'debug', ...env });
    });
    afterAll(() => program[Symbol.asyncDispose]());

    /** Asks as build-number-action does: what is no 2xx with JSON has failed. */
    async function action(method: string, path: string, token?: string) {
      const response = await fetch(`${program.url}${base}${path}`, {
        method,
        headers: {
          Accept: 'application/json',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
      });
      const text = await response.text();
      const json = JSON.parse(text) as Record<string, string | number | boolean>;
      if (typeof json['admin_key'] === 'string') tokens.push(json['admin_key']);
      else answers.push(`${JSON.stringify([...response.headers])}${text}`);
      return { status: response.status, json };
    }

    test('Appegy/build-number-action: create, hit, get, info, set, update, reset, delete', async () => {
      const made = await action('GET', '/create/my-org/build?initializer=0');
      expect(made).toEqual({
        status: 201,
        json: { namespace: 'my-org', key: 'build', value: 0, admin_key: expect.any(String) },
      });
      const key = tokens[0];
      expect(await action('GET', '/hit/my-org/build')).toEqual({
        status: 200,
        json: { value: 1 },
      });
      expect(await action('GET', '/get/my-org/build')).toEqual({
        status: 200,
        json: { value: 1 },
      });
      expect(await action('GET', '/info/my-org/build')).toEqual({
        status: 200,
        json: {
          value: 1,
          full_key: 'K:my-org:build',
          is_genuine: false,
          expires_in: 14_515_200,
          expires_str: '4032h0m0s',
          exists: true,
        },
      });
      expect(await action('POST', '/set/my-org/build?value=41', key)).toEqual({
        status: 200,
        json: { value: 41 },
      });
      expect(await action('POST', '/update/my-org/build?value=1', key)).toEqual({
        status: 200,
        json: { value: 42 },
      });
      expect(await action('POST', '/update/my-org/build?value=-2', key)).toEqual({
        status: 200,
        json: { value: 40 },
      });
      expect(await action('POST', '/reset/my-org/build', key)).toEqual({
        status: 200,
        json: { value: 0 },
      });
      expect(await action('POST', '/set/my-org/build?value=1', 'wrong')).toMatchObject({
        status: 401,
      });
      expect(await action('GET', '/create/my-org/build?initializer=0')).toMatchObject({
        status: 409,
      });
      expect(await action('POST', '/delete/my-org/build', key)).toEqual({
        status: 200,
        json: { status: 'ok', message: 'Deleted key: K:my-org:build' },
      });
      expect(await action('GET', '/get/my-org/build')).toEqual({
        status: 404,
        json: { error: 'Key not found' },
      });
    });

    test('a page: fetch counts, EventSource gets the change', async () => {
      await using stream = new Listener(`${program.url}${base}/stream/my-site.com/visits`);
      await until('the stream', () => stream.servedBy.length === 1);
      for (let n = 1; n <= 2; n++) {
        const { value } = (await (
          await fetch(`${program.url}${base}/hit/my-site.com/visits`)
        ).json()) as {
          value: number;
        };
        expect(value).toBe(n);
        await until('to hear of it', () => stream.totals.at(-1) === n);
      }
      expect(stream.text.replaceAll(':\n\n', '')).toBe(
        'data: {"value":1}\n\ndata: {"value":2}\n\n',
      );
    });

    test('create as a lock that only one of many clients gets', async () => {
      const asked = Array.from({ length: 30 }, () =>
        action('GET', '/create/my-bot.lock/d2026-11-25-ab12?initializer=1'),
      );
      const statuses = (await Promise.all(asked))
        .map(({ status }) => status)
        .toSorted((a, b) => a - b);
      expect(statuses).toEqual([201, ...Array.from({ length: 29 }, () => 409)]);
    });

    test('a redirect leads to the address that answers the call', async () => {
      expect(await action('POST', '/create/lonely?initializer=3')).toMatchObject({
        status: 201,
        json: { namespace: 'default', key: 'lonely', value: 3 },
      });
      const docs = await fetch(`${program.url}${base}/nothing`);
      expect({ status: docs.status, text: await docs.text() }).toEqual({
        status: 200,
        text: expect.stringContaining('The calls of Abacus'),
      });
    });

    test('a token appears in no log, no other answer, no metric and no database', async () => {
      const key = tokens.at(-1) ?? '';
      expect(await action('POST', `/set/default/lonely?value=7&token=${key}`)).toMatchObject({
        json: { value: 7 },
      });
      await action('POST', `/set/default/lonely?value=x&token=${key}`);
      await action('POST', `/update/lonely?value=1&token=${key}`);
      await action('GET', `/get/default/lonely?token=${key}`);
      const redirect = await fetch(`${program.url}${base}/create/another?token=${key}`, {
        redirect: 'manual',
      });
      answers.push(JSON.stringify([...redirect.headers]));
      await until('the log to have the last request', () =>
        program.out.includes('/create/another"'),
      );
      const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
      const place = dirname(program.database);
      const database = readdirSync(place)
        .filter((name) => name.startsWith(basename(program.database)))
        .map((name) => readFileSync(join(place, name), 'latin1'))
        .join('\n');
      // What is searched is what was written.
      expect(database).toContain(new Bun.CryptoHasher('sha256').update(key).digest('base64url'));
      expect(answers.join('\n')).toContain('"value":7');
      expect(metrics).toContain('/abacus/set/*');
      expect(tokens.length).toBeGreaterThan(2);
      for (const text of [program.out, program.err, answers.join('\n'), metrics, database]) {
        for (const token of tokens) expect(text.includes(token)).toBe(false);
      }
    });
  });
}
