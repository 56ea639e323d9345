/** A run against small services: right ones pass, and faults of the total are found. */
import { describe, expect, test } from 'bun:test';
import type { Check } from '../../../src/verify/finding.ts';
import { Run, type RunOptions } from '../../../src/verify/run.ts';
import { targetOf } from '../../../src/verify/target.ts';

/** Visits the service on this port; the result, and the findings by check. */
async function runOn(
  { port }: { readonly port?: number | undefined },
  { counter, ...options }: Partial<RunOptions> & { readonly counter?: string },
) {
  const result = await new Run({
    target: targetOf(`http://127.0.0.1:${port}`, counter),
    clients: 1,
    retry: false,
    mayFail: false,
    alone: false,
    timeoutMs: 5000,
    stop: new AbortController().signal,
    ...options,
  }).go();
  const found = Object.fromEntries(result.findings.map((finding) => [finding.check, finding]));
  return { ...result, found: found as Record<Check, (typeof result.findings)[number]> };
}

describe('a right service passes', () => {
  test('that closes idle connections between the visits of a client', async () => {
    let count = 0;
    using service = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket) {
          const body = `seen ${++count} times`;
          socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        },
      },
    });
    const { found } = await runOn(service, { visits: 4, rate: 4 });
    expect(found.answered).toMatchObject({ status: 'held', words: '' });
  });
});

/**
 * A counter to visit at /hit/ and to read at /get/, whose every visit adds `step`. `asked` is
 * called for each request.
 */
function countingBy(step: number, asked: (url: string) => void = () => undefined) {
  let count = 0;
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch({ url }) {
      asked(url);
      if (!url.includes('/get/')) count += step;
      return Response.json({ value: count });
    },
  });
}

describe('a service whose every visit counts twice', () => {
  test('is found where the total can be read', async () => {
    using service = countingBy(2);
    const { found, frame } = await runOn(service, { visits: 10, counter: 'my-site/page' });
    expect(frame).toMatchObject({ others: false, byReads: true });
    expect(found.bounds).toMatchObject({
      status: 'broken',
      words: expect.stringMatching(/^10 visits got a number and 0 did not, and 21 are counted/),
    });
  });

  test('is not told from visits of others where it cannot', async () => {
    using service = countingBy(2);
    const { found } = await runOn(service, { visits: 10 });
    expect(found.bounds).toMatchObject({
      status: 'untested',
      words: expect.stringContaining('others visit, or visits count twice: 21 are counted'),
    });
  });
});

test('others’ visits are found by reads, where the total can be read', async () => {
  using service = countingBy(1);
  const url = `http://127.0.0.1:${service.port}`;
  const end = new AbortController();
  const others = (async () => {
    while (!end.signal.aborted) await (await fetch(`${url}/hit/my-site/page`)).text();
  })();
  const { found, frame } = await runOn(service, { visits: 10, counter: 'my-site/page' });
  end.abort();
  await others;
  expect(frame).toMatchObject({ others: true, byReads: true });
  expect(found.bounds.words).toStartWith('others visit too');
});

test('reads are at most as many as visits, and one more', async () => {
  let [visits, reads] = [0, 0];
  using service = countingBy(1, (url) => {
    if (url.includes('/get/')) reads++;
    else visits++;
  });
  const { found } = await runOn(service, { visits: 5, rate: 5, counter: 'my-site/page' });
  expect(found.reads).toMatchObject({ status: 'held' });
  // Before and after, there are six reads and five visits.
  expect(reads - 6).toBeLessThanOrEqual(visits - 5 + 1);
});

describe('a service that fails at the end', () => {
  /** Fails the visits with these numbers, counting them or not. */
  function failing(fails: (visit: number) => boolean, counts: boolean) {
    let [visits, count] = [0, 0];
    return Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch() {
        const failed = fails(++visits);
        if (!failed || counts) count++;
        return failed ? new Response('', { status: 503 }) : new Response(`seen ${count} times`);
      },
    });
  }
  /** Four visits before the run, and those of the run. */
  const BEFORE_END = 4 + 10;

  for (const [what, counts] of [
    ['counts the visit', true],
    ['does not count the visit', false],
  ] as const) {
    test(`and ${what} is visited again, and the bounds are tested`, async () => {
      // The first visit after the run fails twice, and the second visit once.
      const fails = (visit: number) => [1, 2, 4].includes(visit - BEFORE_END);
      using service = failing(fails, counts);
      const { found, frame } = await runOn(service, { visits: 10, mayFail: true });
      expect(frame.others).toBe(false);
      expect(found.bounds).toMatchObject({ status: 'held' });
      expect(found.answered.words).toContain('3 status 503');
    }, 30_000);
  }

  test('after a first visit there is judged by the number of that visit', async () => {
    using service = failing((visit) => visit > BEFORE_END + 1, false);
    const { found } = await runOn(service, { visits: 10, mayFail: true });
    expect(found.bounds).toMatchObject({ status: 'held' });
  }, 30_000);
});
