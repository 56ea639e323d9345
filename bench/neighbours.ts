/**
 * `npx bun bench/neighbours.ts [--store Redis|SQLite] [--seconds 3] [--only WORD]`: how long
 * visits take while another client sends 100 requests a second to one route. Every second request
 * has a header that is expensive to parse (test/adversary). The routes are measured one by one.
 *
 * Prints the slowest routes, and the time of visits without another client, which is measured
 * repeatedly in the same run.
 */
import { parseArgs } from 'node:util';
import { openStore } from '../src/stores/open.ts';
import { HEADERS } from '../test/adversary/hostile.ts';
import { type Target, targetsOf } from '../test/adversary/targets.ts';
import { INSTALLATION, setUp } from '../test/support/app.ts';
import { Program } from '../test/support/program.ts';
import { RedisServer, SAFE } from '../test/support/redis-server.ts';
import { median } from './median.ts';
import { visitAtRate } from './open-loop.ts';

const STORES = ['Redis', 'SQLite'] as const;
/** Requests a second of the one client, and visits a second of the others. */
const RATE = 100;
const VISITS = 200;
const VISITORS = 8;
/** The number of routes between two measurements without the client. */
const ALONE_EVERY = 10;
/** The number of routes to print. */
const ROWS = 10;
const HOUR_MS = 3_600_000;
const HEADER_LENGTH = 14_000;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Gives the counter that requests name a full history, with which its images cost most. */
async function fillCounter(url: string): Promise<void> {
  const limits = { keysMax: 1000, visitorsMax: 1000, countersMax: 100_000, hitsMake: true };
  const store = await openStore({
    url,
    ca: undefined,
    timeoutMs: 5000,
    missing: 'make',
    ...limits,
  });
  const hour = Math.floor(Date.now() / HOUR_MS);
  const kinds = ['person', 'program', 'bot', 'proxy'] as const;
  const hours = Array.from({ length: 35 * 24 }, (_, back) => hour - back).flatMap((at) =>
    kinds.map((kind) => ({ at, kind, amount: 1 })),
  );
  const rules = (await store.registry.describe('my-site/page'))?.rules;
  if (!rules) throw new Error('the counter does not exist');
  const past = { hours, days: [], visitors: new Map<number, number>() };
  await store.archive.importAll(
    [
      {
        counter: 'my-site/page',
        total: hours.length,
        madeAt: Date.now(),
        owner: undefined,
        rules,
        past,
      },
    ],
    { source: 'bench', existing: 'add' },
  );
  await store.close();
}

/** Sends requests to `target` at `RATE` until `stop`; streams stay open until then. */
async function press(program: Program, target: Target, stop: AbortSignal): Promise<void> {
  const names = Object.keys(HEADERS).filter((name) => name !== 'host');
  const startedAt = performance.now();
  const send = async (time: number) => {
    const turn = Math.floor(time / 2);
    const name = names[turn % names.length] ?? '';
    const values = HEADERS[name] ?? [];
    const value = values[Math.floor(turn / names.length) % values.length]?.(HEADER_LENGTH) ?? '';
    const headers = time % 2 === 0 ? {} : { [name]: `${time}${value}` };
    const response = await fetch(`${program.url}${target.path}`, {
      method: target.method,
      headers: { ...target.headers, ...headers },
      redirect: 'manual',
      signal: stop,
      ...(target.body === undefined ? {} : { body: target.body }),
    });
    await response.arrayBuffer();
  };
  for (let time = 0; !stop.aborted; ) {
    for (const due = ((performance.now() - startedAt) / 1000) * RATE; time < due; time++) {
      // The response does not matter, only its cost to others.
      send(time).catch(() => undefined);
    }
    await Bun.sleep(1);
  }
}

async function measure(
  store: (typeof STORES)[number],
  seconds: number,
  only: string,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const redis = store === 'Redis' ? stack.use(await RedisServer.start(SAFE)) : undefined;
  const program = stack.use(
    await Program.start({
      ...(redis ? { SEEN_STORE_URL: redis.url } : {}),
      SEEN_TOKEN: INSTALLATION,
    }),
  );
  await program.visit('/hit/my-site/page');
  await fillCounter(redis?.url ?? `sqlite:${program.database}`);
  const { routes } = setUp({
    hosts: { 'countapi.test': 'countapi', 'abacus.test': 'abacus' },
  }).app;
  const targets = targetsOf(routes)
    .filter(
      ({ method, path }) =>
        // HEAD is answered like GET; OPTIONS and refused methods are the same on all routes.
        !['HEAD', 'OPTIONS', 'PUT'].includes(method) && `${method} ${path}`.includes(only),
    )
    // Deletions come last: afterwards the counter has no history that would cost anything.
    .toSorted(
      (a, b) =>
        Number(/delete/i.test(a.method + a.path)) - Number(/delete/i.test(b.method + b.path)),
    );
  const visits = () => visitAtRate(`${program.url}/hit/others/page`, VISITS, seconds, VISITORS);
  const alone: number[] = [];
  const found: { what: string; p50Ms: number; p99Ms: number; answered: number }[] = [];
  for (const [index, target] of targets.entries()) {
    if (index % ALONE_EVERY === 0) alone.push((await visits()).p99Ms);
    const stop = new AbortController();
    const pressing = press(program, target, stop.signal);
    found.push({ what: `${target.method} ${target.path}`, ...(await visits()) });
    stop.abort();
    await pressing;
  }
  const slowest = found.toSorted((a, b) => b.p99Ms - a.p99Ms);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  say(
    `\n${store}: ${found.length} routes, ${RATE} requests/s on each, ${VISITS} visits/s of others for ${seconds} s.`,
  );
  say(
    `Visits without the client: 99 % within ${ms(median(alone))} (the median of ${alone.length} times, the most ${ms(Math.max(...alone))}).`,
  );
  say('The slowest:');
  for (const { what, p50Ms, p99Ms, answered } of slowest.slice(0, ROWS)) {
    say(
      `  ${ms(p50Ms)} · 99 % within ${ms(p99Ms)} · ${(answered * 100).toFixed(1)} % answered · ${what}`,
    );
  }
}

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
for (const store of STORES.filter((each) => values.store === undefined || values.store === each)) {
  await measure(store, Number(values.seconds), values.only);
}
