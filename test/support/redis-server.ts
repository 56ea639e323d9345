/** A real Redis server for one test: its own port and folder, and methods that disturb it. */
import { freePort, temporaryFolder, until } from './folder.ts';

/** The settings that the stack ships with. */
export const SAFE = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
  maxmemory: '256mb',
};

export class RedisServer implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly #folder = temporaryFolder();
  readonly #settings: Readonly<Record<string, string>>;
  #process: Bun.Subprocess | undefined;

  private constructor(host: string, port: number, settings: Readonly<Record<string, string>>) {
    this.host = host;
    this.port = port;
    this.url = `redis://${host}:${port}`;
    this.#settings = settings;
  }

  /** `at` is where it listens: another address of this machine, or a port that is free there. */
  static async start(
    settings: Readonly<Record<string, string>> = SAFE,
    at: { readonly host?: string; readonly port?: number } = {},
  ): Promise<RedisServer> {
    const server = new RedisServer(
      at.host ?? '127.0.0.1',
      at.port ?? (await freePort()),
      settings,
    );
    await server.start();
    return server;
  }

  /** Starts it (again) on the same port with the same data. */
  async start(): Promise<void> {
    const flags = Object.entries({
      port: `${this.port}`,
      dir: this.#folder.path,
      save: '',
      ...this.#settings,
    });
    this.#process = Bun.spawn(
      [
        'redis-server',
        '--bind',
        this.host,
        ...flags.flatMap(([name, value]) => [
          `--${name}`,
          ...(value === '' ? [''] : value.split(' ')),
        ]),
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
    );
    const secret = this.#settings['requirepass'];
    await until('Redis to answer', async () => {
      const answer = await this.cli(
        ...(secret ? ['--no-auth-warning', '-a', secret] : []),
        'PING',
      );
      return /PONG|NOAUTH|NOPERM/.test(answer);
    });
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<void> {
    await this.#process?.exited;
  }

  async alive(): Promise<boolean> {
    // A process that is just ending has not ended.
    await Bun.sleep(50);
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** kill -9: nothing is written any more. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  /** As an administrator stops it. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGTERM');
    await this.#process?.exited;
  }

  /** All its processes. */
  pids(): readonly number[] {
    return [this.pid];
  }

  /** Stopped by the system in the middle of what it does: connections stay open and silent. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** What redis-cli prints. */
  async cli(...words: string[]): Promise<string> {
    const cli = Bun.spawn(['redis-cli', '-h', this.host, '-p', `${this.port}`, ...words], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, error] = await Promise.all([
      new Response(cli.stdout).text(),
      new Response(cli.stderr).text(),
      cli.exited,
    ]);
    return `${out}${error}`.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}
