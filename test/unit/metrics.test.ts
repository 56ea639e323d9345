/** What Prometheus is told of requests. */
import { expect, test } from 'bun:test';
import { createMetrics, mergeMetrics } from '../../src/metrics.ts';
import { Program } from '../support/program.ts';

async function told(
  observe: (metrics: ReturnType<typeof createMetrics>) => void,
): Promise<string[]> {
  const metrics = createMetrics(
    'replica-1',
    { version: '1.2.3', store: 'sqlite' },
    {
      waiting: () => 0,
      storeUp: () => true,
      storeShort: () => false,
      openStreams: () => [],
    },
  );
  observe(metrics);
  const text = await mergeMetrics([await metrics.snapshot()]);
  return text.split('\n').filter((line) => line.includes('seen_request_seconds'));
}

test('requests are counted by route and status, in buckets that include all shorter ones', async () => {
  const lines = await told((metrics) => {
    metrics.requested({ route: '/', status: 200, seconds: 0.0005 });
    metrics.requested({ route: '/', status: 200, seconds: 0.000501 });
    metrics.requested({ route: '/', status: 200, seconds: 60 });
    metrics.requested({ route: '/', status: 503, seconds: 5 });
    metrics.requested({ route: '/hit/:ns/:key', status: 200, seconds: 10 });
  });
  expect(lines.slice(0, 2)).toEqual([
    '# HELP seen_request_seconds Time from a request to its response, by route and status.',
    '# TYPE seen_request_seconds histogram',
  ]);
  const figure = (name: string, labels: string) =>
    lines
      .find(
        (line) =>
          line.startsWith(`seen_request_seconds_${name}{`) &&
          line.includes(`${labels},replica="replica-1"}`),
      )
      ?.split(' ')
      .at(-1);
  const root = 'route="/",status="200"';
  expect(figure('bucket', `le="0.0005",${root}`)).toBe('1');
  expect(figure('bucket', `le="0.001",${root}`)).toBe('2');
  expect(figure('bucket', `le="10",${root}`)).toBe('2');
  expect(figure('bucket', `le="+Inf",${root}`)).toBe('3');
  expect(figure('count', root)).toBe('3');
  expect(Number(figure('sum', root))).toBeCloseTo(60.001001, 9);
  expect(figure('count', 'route="/",status="503"')).toBe('1');
  expect(figure('bucket', 'le="10",route="/hit/:ns/:key",status="200"')).toBe('1');
});

test('routes without requests are not listed', async () => {
  expect(await told(() => undefined)).toHaveLength(2);
});

for (const replicas of [1, 3]) {
  test(`promtool accepts the metrics of a program with ${replicas} of its replicas`, async () => {
    await using program = await Program.start({ SEEN_REPLICAS: `${replicas}` });
    await program.visit();
    await program.visit('/hit/my-site/page');
    const figures = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    expect(new Set(figures.match(/(?<=seen_build_info\{.*replica=")[^"]*/g))).toHaveProperty(
      'size',
      replicas,
    );
    expect(await promtool(figures)).toEqual({ status: 0, said: '' });
    // It does find something where there is something.
    const wrong =
      '# HELP seen_sorts_total A gauge.\n# TYPE seen_sorts_total gauge\nseen_sorts_total 1\n';
    expect(await promtool(figures + wrong)).toMatchObject({ status: 3 });
  });
}

/** What `promtool check metrics` says of figures. */
async function promtool(figures: string): Promise<{ status: number; said: string }> {
  const check = Bun.spawn(['promtool', 'check', 'metrics'], {
    stdin: new Blob([figures]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await Promise.all([
    new Response(check.stdout).text(),
    new Response(check.stderr).text(),
  ]);
  return { status: await check.exited, said: said.join('') };
}
