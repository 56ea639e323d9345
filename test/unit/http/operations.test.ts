/** The operations port while replicas start. */
import { expect, test } from 'bun:test';
import { createOperations } from '../../../src/http/operations.ts';

test('a process is ready when it takes visits and all of its replicas have started', async () => {
  let started = false;
  let reason: string | undefined = 'the store does not answer';
  const app = createOperations({
    started: () => started,
    unready: async () => reason,
    silent: () => ({ names: [], of: 3 }),
    metrics: async () => '',
    metricsContentType: 'text/plain',
  });
  const ask = async (path: string) => {
    const response = await app.request(path);
    return `${response.status} ${await response.text()}`;
  };
  expect(await ask('/healthz')).toBe('503 starting\n');
  expect(await ask('/readyz')).toBe('503 not ready: the store does not answer\n');
  // The first replica takes visits already.
  reason = undefined;
  expect(await ask('/readyz')).toBe('503 not ready: starting\n');
  started = true;
  expect(await ask('/readyz')).toBe('200 ready\n');
  expect(await ask('/healthz')).toBe('200 alive\n');
});
