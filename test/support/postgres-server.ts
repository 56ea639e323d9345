/**
 * A real PostgreSQL for one test, with its own port and folder, and methods that cause faults.
 *
 * PostgreSQL refuses to run as root, so tests that run as root start it as the user `postgres`.
 * Only one of its processes is a child of ours: faults of the server affect all of them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from './folder.ts';
import { ADMIN, makeCluster } from './postgres-cluster.ts';
import {
  asPostgres,
  childrenOf,
  copy,
  freeMemory,
  give,
  isRunning,
  run,
  signal,
} from './postgres-processes.ts';
import { find } from './programs.ts';

type Settings = Readonly<Record<string, string>>;

/** The settings that decide whether a commit is kept, with PostgreSQL’s defaults. */
export const SAFE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

/** Where a server listens and keeps its data, and with which certificate. */
export interface Place {
  /** Another address of this machine than 127.0.0.1. */
  readonly host?: string;
  /** A free one if left out. */
  readonly port?: number;
  /** The folder in which its own is made, such as a small disk. */
  readonly parent?: string;
  /** Files in PEM. With them it takes connections with TLS and without. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export class PostgresServer implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The URL of a database that is empty at first, with the user who owns it. */
  readonly url: string;
  /** The URL of its superuser, without a database. */
  readonly adminUrl: string;
  readonly #folder;
  readonly #data: string;
  readonly #settings: Settings;
  #process: Bun.Subprocess | undefined;
  #databases = 0;

  private constructor(host: string, port: number, settings: Settings, { parent, tls }: Place) {
    this.host = host;
    this.port = port;
    this.url = `postgres://seen:seen@${host}:${port}/seen`;
    this.adminUrl = `postgres://${ADMIN.user}:${ADMIN.password}@${host}:${port}`;
    this.#folder = temporaryFolder(parent);
    give(this.#folder.path);
    this.#data = join(this.#folder.path, 'data');
    const { path } = this.#folder;
    this.#settings = tls
      ? {
          ssl: 'on',
          ssl_cert_file: copy(tls.certificate, join(path, 'server.crt')),
          ssl_key_file: copy(tls.key, join(path, 'server.key')),
          ...settings,
        }
      : settings;
  }

  static async #at(settings: Settings, place: Place): Promise<PostgresServer> {
    const { host = '127.0.0.1', port = await freePort() } = place;
    return new PostgresServer(host, port, settings, place);
  }

  static async start(settings: Settings = SAFE, place: Place = {}): Promise<PostgresServer> {
    const server = await PostgresServer.#at(settings, place);
    await makeCluster(server.#data);
    await server.start();
    return server;
  }

  /**
   * A standby of `primary`: from now on, a commit there waits until the standby has written it.
   */
  static async startStandby(
    primary: PostgresServer,
    settings: Settings = SAFE,
    place: Place = {},
  ): Promise<PostgresServer> {
    const standby = await PostgresServer.#at(settings, place);
    const name = `standby_${standby.port}`;
    const from = `${primary.adminUrl}/postgres?application_name=${name}`;
    await run(
      Bun.$`${asPostgres('pg_basebackup')} --no-sync --checkpoint=fast --write-recovery-conf \
        -d ${from} -D ${standby.#data}`,
    );
    await standby.start();
    await primary.setSynchronousStandby(name);
    await until('the standby to be synchronous', async () =>
      (await primary.sql('SELECT sync_state FROM pg_stat_replication')).includes('sync'),
    );
    return standby;
  }

  /** Starts it (again) on the same port with the same data. */
  async start(): Promise<void> {
    const log = join(this.#folder.path, 'log');
    const settings = Object.entries({
      listen_addresses: this.host,
      port: `${this.port}`,
      unix_socket_directories: '',
      // In its folder, so that it is gone with it.
      dynamic_shared_memory_type: 'mmap',
      // After a crash it writes a thousand files to disk, one by one or, much faster, at once.
      recovery_init_sync_method: 'syncfs',
      ...this.#settings,
    });
    const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = Bun.spawn([...asPostgres('postgres'), '-D', this.#data, ...flags], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: Bun.file(log),
    });
    this.#process = started;
    await until('PostgreSQL to answer', async () => {
      if (started.exitCode === null) return this.sql('SELECT 1', 'postgres');
      throw new Error(`PostgreSQL ended: ${readFileSync(log, 'utf8')}`);
    });
  }

  /** The process that starts all others of this server. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** All its processes, the first one first. */
  pids(): number[] {
    return [this.pid, ...childrenOf(this.pid)];
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

  /** kill -9 of all its processes at once: nothing is written any more. */
  async kill(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return;
    // Stopped, it starts no others meanwhile.
    this.#process.kill('SIGSTOP');
    const pids = this.pids();
    for (const pid of pids) signal(pid, 'SIGKILL');
    await this.#process.exited;
    await until('all its processes to end', () => !pids.some(isRunning));
  }

  /** Stops it as an administrator does: connections close, and open transactions roll back. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGINT');
    await this.#process?.exited;
  }

  /**
   * Restarts it with so few transaction ids left that it warns at each new one. It goes on to warn
   * while a transaction keeps a table from being vacuumed.
   */
  async spendTransactionIds(): Promise<void> {
    await this.stop();
    // It warns at 40 million before 2^31, and refuses at 3 million. The number begins a file of
    // pg_xact, which need not exist then.
    const next = 2026 * 2 ** 20;
    await run(Bun.$`${asPostgres('pg_resetwal')} -x ${next} -D ${this.#data}`);
    await this.start();
  }

  /** Stops all its processes (SIGSTOP): connections stay open and silent. */
  pause(): void {
    signal(this.pid, 'SIGSTOP');
    for (const pid of childrenOf(this.pid)) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.pids()) signal(pid, 'SIGCONT');
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.sql('SELECT pg_promote()', 'postgres');
  }

  /**
   * From now on a commit waits until the standby of this name has it, and waits for ever if there
   * is none of this name. With an empty name, no commit waits.
   */
  async setSynchronousStandby(name: string): Promise<void> {
    await this.sql(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
    await this.sql('SELECT pg_reload_conf()');
    await until(
      'the setting to hold in new sessions',
      async () => (await this.sql('SHOW synchronous_standby_names')) === name,
    );
    // Commits begin to wait when the checkpointer has read the setting. It reads its settings
    // before each checkpoint, but perhaps not before one that it has just begun.
    await this.sql('CHECKPOINT');
    await this.sql('CHECKPOINT');
  }

  /** What psql prints for the superuser: a row a line, with `|` between fields. Throws errors. */
  sql(text: string, database = 'seen'): Promise<string> {
    const psql = find('psql') ?? 'psql';
    const url = `${this.adminUrl}/${database}`;
    return run(Bun.$`${psql} -XAtq -v ON_ERROR_STOP=1 -d ${url} < ${Buffer.from(text)}`);
  }

  /** Makes another empty database on this server, and returns its URL. */
  async newDatabase(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.sql(`CREATE DATABASE ${name} OWNER seen`, 'postgres');
    return this.url.replace(/seen$/, name);
  }

  /** The files of a database and of the write-ahead log, as one text. */
  async stored(database = 'seen'): Promise<string> {
    await this.sql('CHECKPOINT');
    const id = await this.sql(`SELECT oid FROM pg_database WHERE datname = '${database}'`);
    return run(Bun.$`cat ${{ raw: `${this.#data}/base/${id}/* ${this.#data}/pg_wal/0*` }}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await freeMemory(this.#data);
    this.#folder[Symbol.dispose]();
  }
}
