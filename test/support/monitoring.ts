/**
 * The monitored stack on this machine: Redis, three replicas of Seen, the exporters, and
 * Prometheus with the files of deploy/monitoring/. Only addresses differ from the stack.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from './folder.ts';
import { Program, ROOT } from './program.ts';
import { RedisServer } from './redis-server.ts';

/** One figure that a query found. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Stack {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
      }
    >
  >;
}

interface ScrapeConfig {
  readonly job_name: string;
  dns_sd_configs?: unknown;
  static_configs?: readonly { readonly targets: readonly string[] }[];
}

const REPLICAS = ['web.1', 'web.2', 'web.3'];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export class Monitoring implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #cleanups: AsyncDisposable[] = [];
  readonly #stack = Bun.YAML.parse(read('deploy/monitoring.yml')) as Stack;
  readonly ports = { prometheus: 0, redis: 0, node: 0 };
  redis!: RedisServer;
  programs: readonly Program[] = [];

  private constructor() {}

  /** Started, when Prometheus answers. `flags` are added to those that it has in the stack. */
  static async start(flags: readonly string[] = []): Promise<Monitoring> {
    const monitoring = new Monitoring();
    try {
      await monitoring.#start(flags);
      return monitoring;
    } catch (error) {
      await monitoring[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(flags: readonly string[]): Promise<void> {
    this.redis = this.#mine(await RedisServer.start());
    // As in the stack: three times a program with one replica.
    this.programs = await Promise.all(
      REPLICAS.map(async (name) =>
        this.#mine(
          await Program.start({
            SEEN_STORE_URL: this.redis.url,
            SEEN_REPLICAS: '1',
            SEEN_REPLICA_NAME: name,
          }),
        ),
      ),
    );
    for (const name of ['prometheus', 'redis', 'node'] as const)
      this.ports[name] = await freePort();
    const { services } = this.#stack;
    this.#begin(['prometheus-redis-exporter', `--web.listen-address=${this.#at('redis')}`], {
      ...services['redis-exporter']?.environment,
      REDIS_ADDR: this.redis.url,
    });
    this.#begin([
      'prometheus-node-exporter',
      ...(services['node-exporter']?.command ?? []).filter((flag) => !flag.startsWith('--path.')),
      `--web.listen-address=${this.#at('node')}`,
    ]);
    this.#begin([...this.#prometheusOnThisMachine(), ...flags]);
    await until(
      'Prometheus to answer',
      async () => (await this.figures('vector(1)')).length === 1,
    );
  }

  #at(name: keyof Monitoring['ports']): string {
    return `127.0.0.1:${this.ports[name]}`;
  }

  #mine<T extends AsyncDisposable>(thing: T): T {
    this.#cleanups.push(thing);
    return thing;
  }

  #begin(words: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const program = Bun.spawn([...words], {
      cwd: this.#folder.path,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    this.#mine({
      async [Symbol.asyncDispose]() {
        program.kill('SIGKILL');
        await program.exited;
      },
    });
  }

  /** The command of the stack, on its own files, with targets that are here. */
  #prometheusOnThisMachine(): string[] {
    const targets: Readonly<Record<string, readonly string[]>> = {
      web: this.programs.map(({ operationsUrl }) => new URL(operationsUrl).host),
      redis: [this.#at('redis')],
      node: [this.#at('node')],
    };
    const config = Bun.YAML.parse(read('deploy/monitoring/prometheus.yml')) as {
      scrape_configs: ScrapeConfig[];
    };
    for (const scrape of config.scrape_configs) {
      delete scrape.dns_sd_configs;
      scrape.static_configs = [{ targets: targets[scrape.job_name] ?? [] }];
    }
    const at = (name: string) => join(this.#folder.path, name);
    // JSON is YAML.
    writeFileSync(at('prometheus.yml'), JSON.stringify(config));
    writeFileSync(at('alerts.yml'), read('deploy/monitoring/alerts.yml'));
    return [
      'prometheus',
      ...(this.#stack.services['prometheus']?.command ?? []).filter(
        (flag) => !/config\.file|tsdb\.path/.test(flag),
      ),
      `--config.file=${at('prometheus.yml')}`,
      `--storage.tsdb.path=${at('figures')}`,
      `--web.listen-address=${this.#at('prometheus')}`,
    ];
  }

  /** What Prometheus answers to a query now. Fails with its error. */
  async figures(query: string): Promise<readonly Sample[]> {
    const response = await fetch(`http://${this.#at('prometheus')}/api/v1/query`, {
      method: 'POST',
      // The shortest that Grafana takes: four times the scrape interval.
      body: new URLSearchParams({ query: query.replaceAll('$__rate_interval', '20s') }),
    });
    const answer = (await response.json()) as {
      status: string;
      error?: string;
      data?: { resultType: string; result: readonly Sample[] };
    };
    if (answer.status !== 'success' || !answer.data) throw new Error(`${query}: ${answer.error}`);
    return answer.data.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of this.#cleanups.toReversed()) await thing[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
