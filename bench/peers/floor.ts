/**
 * The minimal program, with which Seen is compared: each answered visit is durable and has a
 * number of its own, whatever connections are lost and however often a batch is sent. It does
 * this in Seen's way, with Seen's runtime, HTTP server, database clients and headers: visits
 * gather until two turns of the event loop bring no more, and one batch at a time is written, with
 * the hour and the writer's record.
 *
 * It leaves out all else: it answers every request with the number of one counter, reads neither
 * URL nor headers, and knows no visitors, kinds, limits, keys or owners. Visits wait without a
 * deadline or a limit of their number. There are no metrics, log, health, drain or supervision,
 * nothing expires, and an emptied store stops it.
 *
 * Usage: bun floor.ts --store redis://… --port 8000 --processes 3
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openPostgres } from './floor/postgres.ts';
import { openRedis } from './floor/redis.ts';
import { openSqlite } from './floor/sqlite.ts';
import type { FloorStore } from './floor/store.ts';

/** As in Seen (src/counter/counter.ts). */
const QUIET_TURNS = 2;
/** The pause before a batch is sent again. */
const RETRY_MS = 20;

const RESPONSE = {
  headers: new Headers({
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    Vary: 'Accept',
    'X-Served-By': 'floor',
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers':
      'Content-Disposition, Location, RateLimit, RateLimit-Policy, Retry-After, X-Seen-Counters, X-Served-By',
  }),
};

/** Opens the store of a URL: `redis://…`, `postgres://…` or `sqlite:PATH`. */
function open(url: string, writer: string): Promise<FloorStore> {
  if (url.startsWith('redis:')) return openRedis(url, writer);
  if (url.startsWith('postgres:')) return openPostgres(url, writer);
  return openSqlite(url.replace('sqlite:', ''), writer);
}

/** Numbers visits, many in one write. */
class GroupCommit {
  readonly #open: () => Promise<FloorStore>;
  #store: FloorStore | undefined;
  #sequence = 0;
  #waiting: ((visit: number) => void)[] = [];
  #writing = false;

  constructor(store: FloorStore, again: () => Promise<FloorStore>) {
    this.#store = store;
    this.#open = again;
  }

  /** Calls `answer` with the number of a visit, when that is stored. */
  add(answer: (visit: number) => void): void {
    this.#waiting.push(answer);
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      for (let quiet = 0; quiet < QUIET_TURNS; ) {
        const before = this.#waiting.length;
        await new Promise((resolve) => void setImmediate(resolve));
        quiet = this.#waiting.length > before ? 0 : quiet + 1;
      }
      const batch = this.#waiting;
      this.#waiting = [];
      let visit = (await this.#stored(++this.#sequence, batch.length)) - batch.length;
      for (const answer of batch) answer(++visit);
    }
    this.#writing = false;
  }

  /** Sends a batch until it is stored, and returns the total with it. */
  async #stored(sequence: number, visits: number): Promise<number> {
    for (;;) {
      try {
        this.#store ??= await this.#open();
        return await this.#store.commit(sequence, visits);
      } catch {
        this.#store?.close();
        this.#store = undefined;
        await Bun.sleep(RETRY_MS);
      }
    }
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: '' },
      port: { type: 'string', default: '8000' },
      processes: { type: 'string', default: '1' },
      child: { type: 'boolean', default: false },
    },
  });
  const { store, port } = values;
  const writer = randomUUID();
  const again = () => open(store, writer);
  const commits = new GroupCommit(await again(), again);
  Bun.serve({
    hostname: '127.0.0.1',
    port: Number(port),
    reusePort: true,
    development: false,
    fetch: () =>
      new Promise((resolve) => {
        commits.add((visit) =>
          resolve(new Response(`Hello World! I have been seen ${visit} times.\n`, RESPONSE)),
        );
      }),
  });
  // A child ends with its parent, which holds the other end of this pipe.
  if (values.child) process.stdin.on('end', () => process.kill(process.pid)).resume();
  for (let others = Number(values.processes) - 1; others > 0; others--) {
    Bun.spawn([process.execPath, import.meta.path, '--store', store, '--port', port, '--child'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }
}

await main(process.argv.slice(2));
