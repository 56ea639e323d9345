/** The public surface without a port: requests in, responses out. */
import { composeArchive } from '../../src/commands/compose/archive.ts';
import { Counter } from '../../src/counter/counter.ts';
import { Watch } from '../../src/counter/watch.ts';
import { IMPORT_PATH } from '../../src/http/api/archive.ts';
import type { Stack } from '../../src/http/api/stack.ts';
import { Transfers } from '../../src/http/api/transfers.ts';
import { createApp } from '../../src/http/app.ts';
import type { AppContext } from '../../src/http/context.ts';
import { EventStreams } from '../../src/http/live/event-stream.ts';
import type { Peer } from '../../src/http/request/lifecycle.ts';
import { UPLOAD_TIMES } from '../../src/http/request/upload.ts';
import { createSurfaces } from '../../src/http/surfaces.ts';
import { createClientAddress } from '../../src/http/visit/client-address.ts';
import { createCounting } from '../../src/http/visit/counting.ts';
import { createMayCreate } from '../../src/http/visit/creating.ts';
import { Limits } from '../../src/http/visit/limits.ts';
import { Owners } from '../../src/http/visit/owners.ts';
import { Visitors } from '../../src/http/visit/visitors.ts';
import type { Theme } from '../../src/images/number-picture.ts';
import type { Service } from '../../src/services/services.ts';
import { ManualClock } from './manual-clock.ts';
import { memoryDatabase } from './memory-store/database.ts';
import { createMemoryStore } from './memory-store/store.ts';

/** The other end of every connection, which is trusted to say whom it asks for. */
const PROXY_ADDRESS = '192.0.2.80';
export const PROXY: Peer = { requestIP: () => ({ address: PROXY_ADDRESS }) };
/** The token of the installation. */
export const INSTALLATION = 'the installation’s token'.replaceAll(/\W/g, '-');
/** The replicas that the app says there are. */
export const STACK: Stack = {
  replica: 'replica-7',
  store: { kind: 'SQLite', state: 'up' },
  replicas: [
    {
      name: 'replica-7',
      version: '1.2.3',
      state: 'ready',
      startedAt: Date.UTC(2026, 10, 22),
      hits: 3,
    },
    {
      name: 'replica-8',
      version: '1.2.2',
      state: 'gone',
      startedAt: Date.UTC(2026, 10, 21),
      hits: 1,
    },
  ],
};
/** What browsers accept. */
export const BROWSER =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const NO_HOSTS: Readonly<Record<string, Service>> = {};
const NO_THEMES: ReadonlyMap<string, Theme> = new Map();

/** The app of the public port, on a memory store. */
export function setUp({
  waitingMax = 100,
  keysMax = Number.POSITIVE_INFINITY,
  closed = false,
  hosts = NO_HOSTS,
  streamsMax = 10,
  waitingBytesMax = 16_384,
  heartbeatMs = 3_600_000,
  embedPath = '/embed.js',
  themes = NO_THEMES,
  now = Date.now,
  requestsPerMinute = 0,
  newCountersPerDay = 0,
  addressesHidden = false,
  keysPerDay = 0,
  streamsPerAddress = 0,
  countersMax = Number.POSITIVE_INFINITY,
  uploadTimes = UPLOAD_TIMES,
} = {}) {
  const store = createMemoryStore(
    memoryDatabase({ keysMax, countersMax, hitsMake: !closed, now }),
  );
  const { counting, registry, history, limiter, archive } = store;
  const requests: string[] = [];
  const bugs: unknown[] = [];
  const clock = new ManualClock();
  const counter = new Counter({
    counting,
    clock,
    newWriter: () => crypto.randomUUID(),
    waitMs: 1000,
    waitingMax,
    observer: {
      committed: () => undefined,
      retrying: () => undefined,
      late: () => undefined,
      broke: () => undefined,
      writerForgotten: () => undefined,
    },
  });
  const clientAddress = createClientAddress([PROXY_ADDRESS]);
  const newSalt = () => crypto.randomUUID();
  const visitors = new Visitors({ history, clientAddress, clock, now, newSalt });
  const owners = new Owners(INSTALLATION);
  let open = 0;
  const quotas = { requestsPerMinute, newCountersPerDay, keysPerDay };
  const limits =
    requestsPerMinute + newCountersPerDay + keysPerDay === 0
      ? undefined
      : new Limits({
          limiter,
          registry,
          visitors,
          owners,
          clock,
          ...quotas,
          addressesHidden,
          onOpen: () => open++,
        });
  const count = createCounting({ counter, registry, visitors, limits, closed });
  const watch = new Watch({ counting, clock, onBug: (error) => bugs.push(error) });
  const perAddress =
    streamsPerAddress === 0
      ? undefined
      : { max: streamsPerAddress, networkOf: (c: AppContext) => visitors.networkOf(c) };
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => failures.push(error);
  const transfers = new Transfers();
  const streams = new EventStreams({ max: streamsMax, waitingBytesMax, heartbeatMs, perAddress });
  const app = createApp({
    surfaces: createSurfaces({
      counter,
      count,
      takeIfNew: limits?.takeIfNew,
      mayCreate: createMayCreate(owners, limits),
      registry,
      history,
      owners,
      closed,
      watch,
      streams,
      archive: composeArchive({ registry, archive, countersMax, onFailure }),
      transfers,
      uploadTimes,
      stack: () => STACK,
      replica: 'replica-7',
      version: '1.2.3',
      database: 'memory',
      embedPath,
      themes,
      now,
    }),
    hosts: new Map(Object.entries(hosts)),
    limits,
    servedBy: 'replica-7 seen/1.2.3',
    onRequest: ({ route, status }) => requests.push(`${route} ${status}`),
    onBug: (error) => bugs.push(error),
    upload: { path: IMPORT_PATH, requireRight: (headers) => owners.requireInstallation(headers) },
  });
  const ask = async (
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    body?: Bun.BodyInit,
  ) => {
    const request = new Request(`http://seen.test${path}`, {
      headers,
      method,
      ...(body === undefined ? {} : { body }),
    });
    const response = await app.fetch(request, PROXY);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const hits = async () => (await counting.read(['hits']))[0] ?? 0;
  /** How many requests were let through because nobody knew whether they may be. */
  const letThrough = () => open;
  return {
    store,
    clock,
    counter,
    watch,
    streams,
    transfers,
    app,
    ask,
    hits,
    requests,
    bugs,
    failures,
    letThrough,
  };
}

/** What stands in an HTML document for people. */
export function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, '');
}
