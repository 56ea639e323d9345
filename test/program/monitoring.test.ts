/**
 * The files of deploy/monitoring.yml: Prometheus accepts them, the dashboard's queries find
 * metrics, and each alert fires for its problem. Prometheus, the exporters, Redis and Seen are the
 * real programs.
 *
 * The test fills in addresses and changes nothing else. Not here: Grafana, which Debian does not
 * package, and Swarm.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { until } from '../support/folder.ts';
import { Monitoring, type Sample } from '../support/monitoring.ts';
import { type Program, ROOT } from '../support/program.ts';

const FOLDER = join(ROOT, 'deploy/monitoring');
/** The tests of the alerts, for promtool. */
const ALERT_TESTS = ['alerts.test.yml', 'slow-alerts.test.yml'];

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly deploy?: {
    readonly restart_policy?: { readonly condition: string };
    readonly resources?: {
      readonly limits?: { readonly memory?: string; readonly cpus?: string };
    };
  };
}

interface Stack {
  readonly version: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly name: string; readonly file: string }>>;
}

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const stack = Bun.YAML.parse(read('deploy/monitoring.yml')) as Stack;
const rules = (
  Bun.YAML.parse(read('deploy/monitoring/alerts.yml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
const panels = (
  JSON.parse(read('deploy/monitoring/grafana/dashboards/seen.json')) as { panels: Panel[] }
).panels;
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
);

/** The services that this file brings; `web` is the stack's. */
const services = Object.entries(stack.services).filter(([name]) => name !== 'web');

/** Runs a program to its end; answers its status and what it printed. */
async function run(words: readonly string[]): Promise<{ status: number; printed: string }> {
  const program = Bun.spawn([...words], {
    cwd: FOLDER,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error, status] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { status, printed: `${out}${error}` };
}

describe('the monitoring files', () => {
  test('Prometheus accepts its configuration and the alerts', async () => {
    expect(await run(['promtool', 'check', 'config', 'prometheus.yml'])).toEqual({
      status: 0,
      printed: expect.stringContaining(`${rules.length} rules found`),
    });
  });

  test('alerts fire when they should and not otherwise', async () => {
    expect(await run(['promtool', 'test', 'rules', ...ALERT_TESTS])).toEqual({
      status: 0,
      printed: expect.stringContaining('SUCCESS'),
    });
  });

  test('every alert has a test case in which it fires and one in which it does not', () => {
    const tests = ALERT_TESTS.flatMap(
      (file) => (Bun.YAML.parse(read(`deploy/monitoring/${file}`)) as AlertTests).tests,
    );
    const cases = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
    const shown = (comes: boolean) =>
      [
        ...new Set(
          cases
            .filter(({ exp_alerts }) => exp_alerts.length > 0 === comes)
            .map(({ alertname }) => alertname),
        ),
      ].toSorted();
    const names = alerts.map(({ alert }) => alert).toSorted();
    expect({ comes: shown(true), comesNot: shown(false) }).toEqual({
      comes: names,
      comesNot: names,
    });
  });

  test('a changed file is deployed under a new name, because Swarm never changes a config', () => {
    for (const { name, file } of Object.values(stack.configs)) {
      const hash = new Bun.CryptoHasher('sha256').update(read(file)).digest('hex').slice(0, 8);
      // Red? The file has changed: put this hash where the old one stands in
      // deploy/monitoring.yml.
      expect(`${file}: ${name}`).toEndWith(`-\${MONITORING_CONFIG:-${hash}}`);
    }
  });

  test('the stack and its overlays have the same format version, otherwise Docker refuses them', () => {
    expect(stack.version).toBe((Bun.YAML.parse(read('docker-compose.yml')) as Stack).version);
  });

  test('only Grafana can be reached from outside', () => {
    expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['grafana']);
  });

  for (const [name, service] of services) {
    test(`${name} has a fixed version, is not root, writes only where it must, and has a health check, limits and a restart policy`, () => {
      expect(service.image).toMatch(/:v?\d+\.\d+\.\d+(-alpine)?$/);
      expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.healthcheck?.test[0]).toBe('CMD');
      expect(service.logging?.options['max-size']).toBeString();
      expect(service.deploy?.restart_policy?.condition).toBe('any');
      expect(service.deploy?.resources?.limits).toEqual({
        cpus: expect.any(String),
        memory: expect.any(String),
      });
    });
  }

  test('the dashboard uses the data source that Grafana gets', () => {
    const { datasources } = Bun.YAML.parse(
      read('deploy/monitoring/grafana/provisioning/datasources/prometheus.yml'),
    ) as { datasources: { uid: string }[] };
    expect(new Set(queries.map(({ datasource }) => datasource.uid))).toEqual(
      new Set(datasources.map(({ uid }) => uid)),
    );
  });

  test('no panels of the dashboard overlap', () => {
    const places = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => ({
        title,
        at: `${x + (n % w)},${y + Math.floor(n / w)}`,
      })),
    );
    const taken = new Map<string, string>();
    for (const { title, at } of places) {
      expect({ at, of: taken.get(at), and: title }).toEqual({ at, of: undefined, and: title });
      taken.set(at, title);
    }
  });
});

/** What a client sends before it leaves: nothing of it may raise an alert. */
const HOSTILE = [
  ...['POST /own-visits', 'POST /api/v1/counters', 'PATCH /api/v1/counters/test/page'].flatMap(
    (line) =>
      ['json', 'x-www-form-urlencoded'].flatMap((type) => {
        const head = `${line} HTTP/1.1\r\nHost: a\r\nContent-Type: application/${type}\r\n`;
        return [
          `${head}Content-Length: 100\r\n\r\n{"na`,
          `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`,
          `${head}Transfer-Encoding: chunked\r\n\r\n${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(6)}`,
          `${head}Content-Length: 4\r\n\r\n{"}}`,
        ];
      }),
  ),
  'GET / HTTP/1.1\r\nX-Half: ',
  'GET / HTTP/1.1\r\nHost: a b<script>\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nSec-Purpose: prefetch\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: "\r\n\r\n',
  'GET /hit/test/page HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 1\r\n\r\n',
  'GET /hit/%zz/page HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /abacus/hit/test/page/shield?bg=none HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /badge/test/page.svg?color=none HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /countapi/set/test/page?value=none HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /live?counters=test/page HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /api/v1/counters/test/page/hit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"amount":1e9}',
  'NONSENSE\r\n\r\n',
];

describe('the running stack’s metrics', () => {
  /** Queries of the dashboard that find nothing when all is well, and why. */
  const EMPTY_WHEN_WELL = new Map([
    ['sum by (alertname) (ALERTS{alertstate="firing"})', 'no alert fires'],
  ]);
  /** Alerts that may be true of the machine that the tests run on. */
  const OF_THE_MACHINE = new Set(['DiskNearlyFull', 'DiskFillsSoon', 'StoreSlow']);

  const end = new AbortController();
  let monitoring: Monitoring;
  let visits: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    monitoring = await Monitoring.start();
    visits = Promise.all(monitoring.programs.map((program) => keepVisiting(program)));
  });

  afterAll(async () => {
    end.abort();
    await monitoring?.[Symbol.asyncDispose]();
    await visits;
  });

  /**
   * Visits of every kind, and requests with which a client could try to raise an alert, as long as
   * the tests go on.
   */
  async function keepVisiting(program: Program): Promise<void> {
    const { hostname, port } = new URL(program.url);
    while (!end.signal.aborted) {
      for (const bytes of HOSTILE) {
        const socket = connect(Number(port), hostname, () => socket.write(bytes));
        socket.on('error', () => undefined);
        setTimeout(() => socket.destroy(), 100);
      }
      for (const path of ['/', '/hit/test/page', '/get/test/page', '/not-there']) {
        await program.get(path).catch(() => undefined);
      }
      await Bun.sleep(500);
    }
  }

  const figures = (query: string) => monitoring.figures(query);

  const comesTrue = (name: string) => {
    const rule = alerts.find(({ alert }) => alert === name);
    if (!rule) throw new Error(`there is no alert ${name}`);
    return until(`${name} to be true`, async () => (await figures(rule.expr)).length > 0, 90_000);
  };

  for (const { title, expr, legendFormat } of queries.filter(
    (query) => !EMPTY_WHEN_WELL.has(query.expr),
  )) {
    test(`the dashboard shows “${title}”: ${legendFormat}`, async () => {
      let found: readonly Sample[] = [];
      await until(
        'figures',
        async () => {
          found = await figures(expr);
          return found.some(({ value }) => Number.isFinite(Number(value[1])));
        },
        60_000,
      );
      // A label that is not there would be an empty place in the legend.
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      for (const { metric } of found)
        expect(Object.keys(metric)).toEqual(expect.arrayContaining(labels));
    });
  }

  for (const [expr, reason] of EMPTY_WHEN_WELL) {
    test(`the dashboard's query ${expr} is valid and finds nothing: ${reason}`, async () => {
      expect(queries.map((query) => query.expr)).toContain(expr);
      // Alerts of this machine aside.
      const found = (await figures(expr)).filter(
        ({ metric }) => !OF_THE_MACHINE.has(metric['alertname'] ?? ''),
      );
      expect(found).toEqual([]);
    });
  }

  test('all three replicas appear by name', async () => {
    await until('three replicas', async () => (await figures('seen_store_up')).length === 3);
    const names = (await figures('seen_store_up')).map(({ metric }) => metric['replica']);
    expect(new Set(names)).toEqual(new Set(['web.1', 'web.2', 'web.3']));
  });

  test('clients try to trigger alerts beforehand', async () => {
    for (const status of ['408', '400', '503']) {
      const query = `seen_request_seconds_count{status="${status}"} > 0`;
      await until(`a ${status} to be noted`, async () => (await figures(query)).length > 0);
    }
  });

  for (const { alert, expr } of alerts) {
    test(`${alert} is valid${OF_THE_MACHINE.has(alert) ? '' : ', and does not fire when all is well'}`, async () => {
      const found = await figures(expr);
      if (!OF_THE_MACHINE.has(alert)) expect(found).toEqual([]);
    });
  }

  test('every metric that the dashboard or an alert names exists', async () => {
    const response = await fetch(
      `http://127.0.0.1:${monitoring.ports.prometheus}/api/v1/label/__name__/values`,
    );
    const exposed = ((await response.json()) as { data: string[] }).data;
    const named = [...queries, ...alerts].flatMap(
      ({ expr }) => expr.match(/\b(seen|redis|node)[_:]\w+/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !exposed.includes(name))).toEqual([]);
  });

  test('the health checks of the stack work', async () => {
    const here: Readonly<Record<string, number>> = {
      prometheus: monitoring.ports.prometheus,
      'redis-exporter': monitoring.ports.redis,
      'node-exporter': monitoring.ports.node,
    };
    for (const [name, port] of Object.entries(here)) {
      const url = new URL(stack.services[name]?.healthcheck?.test.at(-1) ?? '');
      url.port = `${port}`;
      expect({ name, ok: (await fetch(url)).ok }).toEqual({ name, ok: true });
    }
  });

  test('a Redis setting that can lose counts raises an alert', async () => {
    await monitoring.redis.cli('CONFIG', 'SET', 'appendfsync', 'everysec');
    await comesTrue('RedisNotDurable');
    await monitoring.redis.cli('CONFIG', 'SET', 'appendfsync', 'always');
  });

  test('a Redis that was emptied raises an alert', async () => {
    await monitoring.redis.cli('FLUSHALL');
    await Promise.all([comesTrue('TotalWentBack'), comesTrue('StoreSetBack')]);
  });

  test('a counter that is not a number raises an alert', async () => {
    await monitoring.redis.cli('SET', 'seen:total:test/page', 'not a number');
    await comesTrue('InternalErrors');
  });

  test('a Redis that was killed raises alerts: of its exporter, the replicas, and failed visits', async () => {
    await monitoring.redis.kill();
    await Promise.all([
      comesTrue('RedisDown'),
      comesTrue('StoreAway'),
      comesTrue('VisitsFailing'),
    ]);
  });

  test('missing replicas raise an alert', async () => {
    await monitoring.programs[0]?.stop('SIGKILL');
    await comesTrue('ReplicasMissing');
  });
});
