/**
 * Text that a database may refuse (NUL, half a surrogate pair, bytes that are no UTF-8) in
 * everything that a client can send: each store answers it in the same way, and never with an
 * error of its own.
 */
import { expect, test } from 'bun:test';
import { Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

const TOKEN = 'the-installation-s-own-token';
const NAME = 'odd-text/page';
const HIT = `/api/v1/counters/${NAME}/hit`;

/** NUL; half a surrogate pair, as UTF-8 writes it; no UTF-8; and more than names have. */
const IN_URLS = ['%00', 'page%00x', '%ED%A0%80', '%FF', '%C0%80', '%F0%9F%98%80', '%5Cu0000'];
/** The same in JSON, as it stands in a body. */
const IN_JSON = ['\\u0000', 'page\\u0000x', '\\ud800', '\\udc00\\ud800', '\\ud83d\\ude00'];
/** What a header can have of it, which is not NUL; and the status of it as an idempotency key. */
const IN_HEADERS = { '\u00ED\u00A0\u0080': 400, '\u00FF': 400, '\\u0000': 200, '%00': 200 };

forEachStore((newDatabase) => {
  test('odd text in any part of a request is refused or taken, and never an error of the store', async () => {
    await using database = await newDatabase();
    await using program = await Program.start({
      SEEN_STORE_URL: database.url,
      SEEN_REPLICAS: '1',
      SEEN_TOKEN: TOKEN,
    });
    const statusOf = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${program.url}${path}`, {
        ...init,
        headers: {
          Authorization: `Bearer ${TOKEN}`,
          'Content-Type': 'application/json',
          ...(init.headers as Record<string, string>),
        },
      });
      await response.text();
      return response.status;
    };
    const post = (path: string, body: string, method = 'POST') => statusOf(path, { method, body });
    expect(await post(HIT, '{}')).toBe(200);

    for (const text of IN_URLS) {
      const statuses = {
        search: await statusOf(`/api/v1/counters?search=${text}`),
        after: await statusOf(`/api/v1/counters?after=${text}`),
        values: await statusOf(`/api/v1/values?names=${text}`),
        name: await statusOf(`/api/v1/counters/odd-text/${text}`),
        past: await statusOf(`/api/v1/counters/odd-text/${text}/history`),
        get: await statusOf(`/get/odd-text/${text}`),
        hit: await statusOf(`/hit/odd-text/${text}`),
        query: await statusOf(`/hit/${NAME}?${text}=${text}`),
        root: await statusOf(`/?${text}`, { headers: { Referer: `http://a/${text}` } }),
      };
      expect({ text, ...statuses }).toEqual({
        text,
        search: 200,
        after: 200,
        values: 400,
        name: 400,
        past: 400,
        get: 400,
        hit: 400,
        query: 200,
        root: 200,
      });
    }
    for (const text of IN_JSON) {
      const statuses = {
        visitor: await post(HIT, `{"visitor":"${text}"}`),
        make: await post('/api/v1/counters', `{"name":"odd-text/${text}"}`),
        set: await post(`/api/v1/counters/${NAME}`, `{"${text}":1}`, 'PATCH'),
      };
      expect({ text, ...statuses }).toEqual({ text, visitor: 200, make: 400, set: 400 });
    }
    for (const [text, asKey] of Object.entries(IN_HEADERS)) {
      const statuses = {
        agent: await statusOf('/', { headers: { 'User-Agent': text, Referer: text } }),
        key: await statusOf(`/hit/${NAME}`, { headers: { 'Idempotency-Key': text } }),
        address: await statusOf('/', { headers: { 'X-Forwarded-For': text } }),
      };
      expect({ text, ...statuses }).toEqual({ text, agent: 200, key: asKey, address: 200 });
    }
    expect(program.out).not.toContain('a bug');
  });
});
