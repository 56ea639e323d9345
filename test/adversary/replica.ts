/**
 * One replica in this process, served on a port, with a SQLite file, so that the test can measure
 * what requests leave in its memory.
 */
import { Database } from 'bun:sqlite';
import { pino } from 'pino';
import { composeReplica } from '../../src/commands/compose/replica.ts';
import { composeStore } from '../../src/commands/compose/store.ts';
import { readConfig } from '../../src/config/config.ts';
import { INSTALLATION } from '../support/app.ts';
import { freePort, temporaryFolder } from '../support/folder.ts';

export class MeasuredReplica implements AsyncDisposable {
  readonly url: string;
  readonly #folder: { path: string } & Disposable;
  readonly #end: () => Promise<void>;

  private constructor(
    port: number,
    folder: { path: string } & Disposable,
    end: () => Promise<void>,
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#end = end;
  }

  static async start(): Promise<MeasuredReplica> {
    const folder = temporaryFolder('/dev/shm');
    const port = await freePort();
    const config = readConfig({
      argv: [],
      env: {
        SEEN_STORE_URL: `sqlite:${fileIn(folder)}`,
        SEEN_HOST: '127.0.0.1',
        SEEN_PORT: `${port}`,
        SEEN_TOKEN: INSTALLATION,
        SEEN_TRUSTED_PROXIES: '127.0.0.1',
        SEEN_REQUESTS_PER_MINUTE: '1000000',
        SEEN_COUNTERS_MAX: '1000000',
        SEEN_KEYS_MAX: '10000000',
      },
    });
    const store = await composeStore(config, 'make');
    const { life } = composeReplica(config, store, pino({ level: 'silent' }), false);
    await life.start();
    return new MeasuredReplica(port, folder, () => life.stop());
  }

  /** The bytes that the store's file uses. */
  storeBytes(): number {
    using database = new Database(fileIn(this.#folder), { readonly: true });
    const pragma = (word: string) =>
      Object.values(database.query<Record<string, number>, []>(`PRAGMA ${word}`).get() ?? {})[0] ??
      0;
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  /** The bytes of this process's memory, without what is only waiting to be collected. */
  async memoryBytes(): Promise<number> {
    // Streams and connections end in turns of the event loop.
    await Bun.sleep(2);
    Bun.gc(true);
    // Bun's heapUsed includes what its objects keep outside the heap, so that counts twice here.
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    this.#folder[Symbol.dispose]();
  }
}

function fileIn({ path }: { readonly path: string }): string {
  return `${path}/seen.db`;
}
