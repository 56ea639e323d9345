/**
 * The table of settings: for each its default, its valid values and its help text.
 *
 * A name in the table, such as `storeUrl`, determines the environment variable (`SEEN_STORE_URL`),
 * the flag (`--store-url`), and the variable for a file that holds the value
 * (`SEEN_STORE_URL_FILE`, for secrets). `--help` and the table in docs/settings.md are generated
 * from this table (`manual.ts`).
 *
 * Not here: reading settings (`config.ts`), and the schemas of their values (`values.ts`).
 */
import { hostname } from 'node:os';
import type { z } from 'zod';
import {
  certificates,
  hosts,
  networks,
  numberSetting,
  oneOf,
  optional,
  replicaName,
  scriptPath,
  storeUrl,
  text,
  token,
} from './values.ts';

/** One setting: its default, what `--help` says, and the schema of its value. */
interface Setting<T> {
  /** The default as a person would type it; `undefined` when there is none. */
  readonly fallback: string | undefined;
  readonly help: string;
  readonly schema: z.ZodType<T, string>;
}

function setting<T>(
  fallback: string | undefined,
  help: string,
  schema: z.ZodType<T, string>,
): Setting<T> {
  return { fallback, help, schema };
}

/** The table, by the names that the settings have in `Config`. */
export const settings = {
  storeUrl: setting(
    'sqlite:./data/seen.db',
    'Where the counts are stored: `redis://…`, `rediss://…` (TLS), `redis+cluster://…`, `postgres://…` or `sqlite:PATH`',
    storeUrl,
  ),
  storeCa: setting(
    undefined,
    'Certificates (PEM) to trust instead of the system’s, for `rediss://` and `rediss+cluster://`, and for `postgres://` with `sslmode=require` or stricter; usually given as a file',
    optional(certificates),
  ),
  storeTimeoutMs: setting(
    '2000',
    'Time without an answer after which the connection to the store is dropped and the batch sent again',
    numberSetting(50, 60_000),
  ),
  host: setting(
    '::',
    'Address for visits; `::` is every address of the machine, or IPv4 only on a system without IPv6',
    text,
  ),
  port: setting('8000', 'Port for visits', numberSetting(0, 65_535)),
  operationsHost: setting('127.0.0.1', 'Address of the operations port', text),
  operationsPort: setting(
    '9100',
    'Port of `/healthz`, `/readyz` and `/metrics`',
    numberSetting(0, 65_535),
  ),
  replicas: setting(
    '3',
    'Number of processes that share the port; always 1 except on Linux, where the kernel balances connections. On SQLite fewer need less CPU time',
    numberSetting(1, 64),
  ),
  replicaName: setting(
    hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '-')
      .slice(0, 56),
    'Name of this replica in `X-Served-By` and the log; several replicas of one machine get `-1`, `-2`, …',
    replicaName,
  ),
  startMs: setting(
    '30000',
    'Time that a start waits for the store to answer',
    numberSetting(0, 3_600_000),
  ),
  waitMs: setting(
    '5000',
    'Time that a visit waits for its number before it gets 503',
    numberSetting(10, 60_000),
  ),
  waitingMax: setting(
    '10000',
    'Maximum number of waiting visits of one replica',
    numberSetting(1, 1_000_000),
  ),
  connectionsMax: setting(
    '10000',
    'Number of connections of one replica above which connections without a request in progress are closed',
    numberSetting(1, 1_000_000),
  ),
  counters: setting(
    'open',
    'Who may create counters: `open`, everybody, by a first hit or over the API; `closed`, only clients with `SEEN_TOKEN`',
    oneOf('open', 'closed'),
  ),
  countersMax: setting('1000000', 'Maximum number of counters', numberSetting(0, 1_000_000_000)),
  token: setting(
    undefined,
    'The installation’s token, which gives all rights on all counters; usually given as a file',
    token,
  ),
  hosts: setting(
    '',
    'Host names that serve only the calls of another service, at their root, as in `count.example.com=countapi`, with commas between them. docs/migrate/ describes the services',
    hosts,
  ),
  themes: setting(
    undefined,
    'Folder of themes for the pictures of `/moe-counter`: `THEME/0.png` to `THEME/9.png`, or `.gif`, `.webp`, `.svg`. docs/migrate/moe-counter.md has their bounds',
    optional(text),
  ),
  subscribersMax: setting(
    '5000',
    'Maximum number of open streams of one replica; one more ends the oldest. Half of the connections, so that visits keep the rest',
    numberSetting(1, 1_000_000),
  ),
  subscribersPerAddress: setting(
    '100',
    'Maximum number of open streams of one address (2 %): about the open pages of an office or a class behind it; 0: no limit',
    numberSetting(0, 1_000_000),
  ),
  embedPath: setting(
    '/embed.js',
    'Path of the script for other pages: `/NAME.js`, with a name that ad blockers do not list',
    scriptPath,
  ),
  keysMax: setting(
    '250000',
    'Maximum number of remembered `Idempotency-Key`s (180 bytes of Redis each); visits with further keys are refused',
    numberSetting(0, 100_000_000),
  ),
  visitorsMax: setting(
    '1000000',
    'Maximum number of remembered visitors, and a quarter of it for one counter: for windows, and on SQLite and PostgreSQL for the day’s visitors (at most 150 bytes of Redis, 120 of SQLite’s disk, 270 of PostgreSQL’s each). Further visitors count with each visit',
    numberSetting(0, 100_000_000),
  ),
  requestsPerMinute: setting(
    '0',
    'Requests that an address may make in a minute; 0: no limit. Each of several replicas may exceed it by a thirtieth (docs/api.md). All visitors behind an untrusted proxy have one address',
    numberSetting(0, 1_000_000),
  ),
  newCountersPerDay: setting(
    '1000',
    'Counters that an address may create in a day, by hits or over the API; 0: no limit. Existing counters keep counting',
    numberSetting(0, 1_000_000),
  ),
  keysPerDay: setting(
    '5000',
    'Requests with an `Idempotency-Key` that an address may make in a day (2 % of `SEEN_KEYS_MAX`); 0: no limit',
    numberSetting(0, 1_000_000),
  ),
  addresses: setting(
    'known',
    '`hidden` when a load balancer hides the clients’ addresses, as Swarm’s ingress mesh does: all clients then share the limits',
    oneOf('known', 'hidden'),
  ),
  trustedProxies: setting(
    '',
    'Proxies whose `X-Forwarded-For` is trusted: addresses and networks, as in `10.0.0.2,10.1.0.0/24`',
    networks,
  ),
  showStack: setting(
    'yes',
    '`yes` shows the replicas and the state of the store to everybody; `no` hides them',
    oneOf('yes', 'no'),
  ),
  drainMs: setting(
    '3000',
    'On a stop: maximum time to let clients move to other replicas before the port closes',
    numberSetting(0, 600_000),
  ),
  stopMs: setting(
    '10000',
    'On a stop: time after which the process ends even if requests are unfinished',
    numberSetting(100, 900_000),
  ),
  logLevel: setting(
    'info',
    'Lowest level that is logged: `debug` (with every request), `info`, `warn`, `error`',
    oneOf('debug', 'info', 'warn', 'error'),
  ),
  logFormat: setting(
    'auto',
    '`json` (one object per line), `pretty`, or `auto`: pretty on a terminal, JSON elsewhere',
    oneOf('auto', 'json', 'pretty'),
  ),
} as const satisfies Record<string, Setting<unknown>>;
