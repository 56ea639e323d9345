/** The program that users start, with its own ports and folder. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from './folder.ts';
import { PROGRAM, prepared } from './prepared.ts';

export const ROOT = join(import.meta.dir, '..', '..');

const BUILT = prepared(`${PROGRAM}/seen.js`);
/** The file of the program: built, where `npm test` has built it, and otherwise the source. */
export const MAIN = BUILT && existsSync(BUILT) ? BUILT : join(ROOT, 'src/main.ts');

export interface LogLine {
  readonly level: string;
  readonly replica: string;
  readonly msg: string;
  readonly error?: { readonly message: string };
}

export class Program implements AsyncDisposable {
  readonly url: string;
  readonly operationsUrl: string;
  readonly #folder = temporaryFolder();
  readonly #env: Readonly<Record<string, string>>;
  readonly #command: readonly string[];
  process!: Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  out = '';
  err = '';

  private constructor(
    port: number,
    operationsPort: number,
    env: Readonly<Record<string, string>>,
    command: readonly string[],
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.operationsUrl = `http://127.0.0.1:${operationsPort}`;
    this.#command = command;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.#folder.path,
      SEEN_STORE_URL: `sqlite:${this.database}`,
      SEEN_HOST: '127.0.0.1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${operationsPort}`,
      SEEN_REPLICA_NAME: 'test',
      ...env,
    };
  }

  /** The database file where no other store is set. */
  get database(): string {
    return join(this.#folder.path, 'seen.db');
  }

  /** What the program is told by its environment. */
  get environment(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /**
   * A program that is not started yet; `wrap` is a command before the command, and `seen` another
   * Seen than that of this project.
   */
  static async prepare(
    env: Readonly<Record<string, string>> = {},
    wrap: readonly string[] = [],
    seen: readonly string[] = [process.execPath, MAIN],
  ): Promise<Program> {
    return new Program(await freePort(), await freePort(), env, [...wrap, ...seen]);
  }

  /** Started and ready. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = await Program.prepare(env);
    await program.start();
    return program;
  }

  /** Starts it (again); resolves when each of its replicas takes visits. */
  async start(): Promise<void> {
    this.spawn();
    await until('the program to be ready', async () => {
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.err}${this.out}`);
      return this.ready();
    });
  }

  /** Starts it and waits for nothing. */
  spawn(): void {
    this.out = '';
    this.err = '';
    this.process = Bun.spawn([...this.#command, 'serve'], {
      cwd: this.#folder.path,
      env: this.#env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    void collect(this.process.stdout, (text) => {
      this.out += text;
    });
    void collect(this.process.stderr, (text) => {
      this.err += text;
    });
  }

  async ready(): Promise<boolean> {
    return (await fetch(`${this.operationsUrl}/readyz`)).ok;
  }

  /** Counts one visit on a connection of its own; answers its number. */
  async visit(path = '/'): Promise<number> {
    return numberIn(await this.get(path));
  }

  async get(path = '/', headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${this.url}${path}`, {
      keepalive: false,
      headers: { Connection: 'close', ...headers },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return text;
  }

  /** Resolves when every hit that was taken in is stored or refused. */
  settled(): Promise<void> {
    return until('no hit to wait', async () => {
      const metrics = await (await fetch(`${this.operationsUrl}/metrics`)).text();
      return (
        metrics.includes('seen_waiting_hits') && !/^seen_waiting_hits\{.*\} [1-9]/m.test(metrics)
      );
    });
  }

  lines(): LogLine[] {
    return this.out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** The processes of the replicas. */
  async replicas(): Promise<number[]> {
    const pids = await Bun.$`pgrep -P ${this.process.pid}`.nothrow().text();
    return pids.split('\n').filter(Boolean).map(Number);
  }

  /** Sends a signal and answers the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.process.kill(signal);
    return this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.process?.exited;
    killAllIn(this.#folder.path);
    this.#folder[Symbol.dispose]();
  }
}

/**
 * Kills every process that was started in `folder`: replicas, and what lost its parent. Only Linux
 * has several replicas.
 */
function killAllIn(folder: string): void {
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) === folder) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended, or belongs to somebody else.
    }
  }
}

/** The number in any of the answers that a counting route gives. */
export function numberIn(text: string): number {
  const found = /seen (\d+) times|"value":(\d+)/.exec(text);
  if (!found) throw new Error(`no number in ${text}`);
  return Number(found[1] ?? found[2]);
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  add: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
}
