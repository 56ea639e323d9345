/**
 * `npm run test:floods [-- --for 10m --store redis --addresses hidden]`: one client without a
 * token sends every kind of request as fast as possible for the given time, while others count. At
 * the end no limit may be reached, and no request of others may have failed. Where addresses are
 * hidden, others may have to wait for a key or a new counter until soon after the flood.
 *
 * Prints the answers to the flood, the data that it left, and the answers to other clients. Exit
 * status: 0 when no limit was reached and no request of others failed, otherwise 1.
 */
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { Program } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { COUNTERS, FLOODS, type FloodRequest } from './floods.ts';

const STORES = ['redis', 'sqlite'] as const;
const ADDRESSES = ['known', 'hidden'] as const;
type Addresses = (typeof ADDRESSES)[number];

const TOKEN = 'the-token-of-the-installation';
/** So many requests of each kind are under way at once. */
const AT_ONCE = 2;
/** Between two visits of the others. */
const PAUSE_MS = 50;
/**
 * After the flood, what is limited is served again within so long: 100,000 keys and 10,000
 * counters a day are one in 9 s.
 */
const AFTER_MS = 30_000;
/** The flood comes from one address, and the others from another. */
const FLOODER = '198.51.100.1';
const OTHERS = '203.0.113.7';
/** The bounds of the stack (docker-compose.yml). */
const BOUNDS = { SEEN_COUNTERS_MAX: '100000', SEEN_VISITORS_MAX: '100000' };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** How often a request was answered how. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get text(): string {
    return [...this.#counts]
      .map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
      .join(', ');
  }
}

async function flood(
  program: Program,
  make: () => FloodRequest,
  over: AbortSignal,
): Promise<Tally> {
  const tally = new Tally();
  const one = async () => {
    while (!over.aborted) {
      const { path, headers, stays, ...rest } = make();
      if (stays) {
        tally.add(await openStream(program.url, path, FLOODER, over));
        continue;
      }
      try {
        const response = await fetch(`${program.url}${path}`, {
          ...rest,
          headers: { 'X-Forwarded-For': FLOODER, ...headers },
          redirect: 'manual',
          signal: over,
        });
        tally.add(`${response.status}`);
        await response.arrayBuffer();
      } catch {
        if (!over.aborted) tally.add('without an answer');
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return tally;
}

/**
 * Opens a stream and leaves it open; resolves with the status. A plain socket: fetch() has 256
 * connections at the most.
 */
function openStream(
  url: string,
  path: string,
  address: string,
  over: AbortSignal,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  over.addEventListener('abort', () => socket.destroy());
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve('without an answer'));
    socket.on('data', (bytes: Buffer) => {
      const [, status = ''] = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1')) ?? [];
      if (status !== '') resolve(status);
      if (status !== '' && status !== '200') socket.destroy();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: seen\r\nX-Forwarded-For: ${address}\r\n\r\n`);
  });
}

/**
 * What the others do meanwhile: visits, visits under keys, and now and then a new counter or a
 * stream. Where addresses are hidden the flood takes from the same limits, so a key or a new
 * counter may have to wait (429). Nothing else may.
 */
class Others {
  readonly latenciesMs: number[] = [];
  readonly failures: string[] = [];
  visits = 0;
  waits = 0;
  readonly #program: Program;
  readonly #sharesLimits: boolean;

  constructor(program: Program, addresses: Addresses) {
    this.#program = program;
    this.#sharesLimits = addresses === 'hidden';
  }

  async run(over: AbortSignal): Promise<void> {
    for (let time = 0; !over.aborted; time++) {
      await this.#ask(`/hit/${COUNTERS.everybody}`);
      if (time % 20 === 0)
        await this.#askFromShare('/', { 'Idempotency-Key': `"others-${time}"` });
      if (time % 100 === 0) await this.#askFromShare(`/hit/others/page-${time}`);
      if (time % 100 === 50) await this.#listen();
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** What waited is served soon after the flood: within `AFTER_MS`. */
  async serveAfter(): Promise<void> {
    for (const [path, headers] of [
      ['/', { 'Idempotency-Key': '"others-after"' }],
      ['/hit/others/page-after', {}],
    ] as const) {
      const until = performance.now() + AFTER_MS;
      let status = await this.#askFromShare(path, headers);
      while (status === 429 && performance.now() < until) {
        await Bun.sleep(200);
        status = await this.#askFromShare(path, headers);
      }
      if (status === 429)
        this.failures.push(`${path}: 429 for ${AFTER_MS / 1000} s after the flood`);
    }
  }

  async #listen(): Promise<void> {
    const path = `/live?counters=${COUNTERS.everybody}`;
    const leave = new AbortController();
    const status = await openStream(this.#program.url, path, OTHERS, leave.signal);
    leave.abort();
    if (status !== '200') this.failures.push(`${path}: ${status}`);
  }

  async #askFromShare(path: string, headers: Record<string, string> = {}): Promise<number> {
    return this.#ask(path, headers, this.#sharesLimits ? [429] : []);
  }

  async #ask(
    path: string,
    headers: Record<string, string> = {},
    mayBe: readonly number[] = [],
  ): Promise<number> {
    const startedAt = performance.now();
    const response = await fetch(`${this.#program.url}${path}`, {
      headers: { 'X-Forwarded-For': OTHERS, ...headers },
    });
    const said = await response.text();
    this.visits++;
    this.latenciesMs.push(performance.now() - startedAt);
    if (mayBe.includes(response.status)) this.waits++;
    else if (!response.ok) this.failures.push(`${path}: ${response.status} ${said}`);
    return response.status;
  }

  at(part: number): string {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    return `${sorted[Math.floor(sorted.length * part)]?.toFixed(1)} ms`;
  }
}

async function makeCounters(program: Program): Promise<void> {
  for (const [counter, rules] of [
    [COUNTERS.everybody, {}],
    [COUNTERS.window, { window: 86_400 }],
  ] as const) {
    const response = await fetch(`${program.url}/api/v1/counters`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: counter, ...rules }),
    });
    if (!response.ok) throw new Error(`${counter} is not made: ${await response.text()}`);
  }
}

/** One campaign; returns whether nothing was filled. */
async function campaign(
  store: (typeof STORES)[number],
  addresses: Addresses,
  forMs: number,
): Promise<boolean> {
  await using stack = new AsyncDisposableStack();
  const redis = store === 'redis' ? stack.use(await RedisServer.start(SAFE)) : undefined;
  const program = stack.use(
    await Program.start({
      ...(redis ? { SEEN_STORE_URL: redis.url } : {}),
      ...(addresses === 'hidden'
        ? { SEEN_ADDRESSES: 'hidden' }
        : { SEEN_TRUSTED_PROXIES: '127.0.0.1' }),
      SEEN_TOKEN: TOKEN,
      ...BOUNDS,
    }),
  );
  await makeCounters(program);
  const bytes = async () =>
    redis
      ? Number(/used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1])
      : statSync(program.database).size;
  const before = await bytes();
  const over = new AbortController();
  const others = new Others(program, addresses);
  const running = Object.entries(FLOODS).map(async ([what, make]) => {
    const tally = await flood(program, make, over.signal);
    return `  ${what}: ${tally.text}`;
  });
  const visiting = others.run(over.signal);
  await Bun.sleep(forMs);
  over.abort();
  await visiting;
  for (const line of await Promise.all(running)) say(line);
  await others.serveAfter();
  await program.settled();
  const left = (await bytes()) - before;
  const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
  const figure = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)`, 'gm'))].map(([, value]) =>
      Number(value),
    );
  const short = figure('seen_store_short');
  const ready = await program.ready();
  const full = short.some((value) => value > 0);
  say(
    `Left behind: ${(left / 2 ** 20).toFixed(1)} MiB of ${store === 'redis' ? 'Redis' : 'SQLite'}.`,
  );
  say(
    `Others: ${others.visits.toLocaleString('en')} requests, half within ${others.at(0.5)}, 99 % within ${others.at(0.99)}; ${others.waits} had to wait for a share.`,
  );
  for (const failure of new Set(others.failures.slice(0, 10))) say(`  failed: ${failure}`);
  if (short.length === 0) throw new Error('the figures do not say whether the store is short');
  if (full) say('The store is nearly full: seen_store_short is 1.');
  if (!ready) say('Seen is not ready.');
  return ready && !full && others.failures.length === 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      for: { type: 'string', default: '60s' },
      store: { type: 'string' },
      addresses: { type: 'string' },
    },
  });
  const [, digits, unit] = /^(\d+)(s|m|h)$/.exec(values.for) ?? [];
  const stores = STORES.filter((each) => values.store === undefined || values.store === each);
  const addresses = ADDRESSES.filter(
    (each) => values.addresses === undefined || values.addresses === each,
  );
  if (digits === undefined || stores.length * addresses.length === 0) {
    process.stderr.write(
      'Usage: npm run test:floods -- [--for 60s] [--store redis|sqlite] [--addresses known|hidden]\n',
    );
    return 2;
  }
  const forMs = Number(digits) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  let fine = true;
  for (const store of stores) {
    for (const known of addresses) {
      say(`\n${store}, addresses ${known}:`);
      fine = (await campaign(store, known, forMs)) && fine;
    }
  }
  say(fine ? '\nNothing was filled.' : '\nFAILED: see above.');
  return fine ? 0 : 1;
}

process.exitCode = await main();
