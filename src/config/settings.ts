/**
 * Every setting once: its default, what is right for it, and what it is for.
 *
 * From a name in the table come the environment variable (`storeUrl`: `SEEN_STORE_URL`), the flag
 * (`--store-url`) and the file that may hold the value (`SEEN_STORE_URL_FILE`, for secrets).
 * `--help` and the table in docs/settings.md are made of this table. Longer than most files
 * because it is one table. Not here: reading them (`config.ts`).
 */
import { hostname } from 'node:os';
import { z } from 'zod';
import { networkIn } from '../network.ts';
import { storeUrlMistake } from './store-url.ts';

interface Setting<T> {
  /** As a person would type it; `undefined` when there is none. */
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

function whole(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,12}$/, `is not a whole number`)
    .transform(Number)
    .pipe(z.number().min(min, `is less than ${min}`).max(max, `is more than ${max}`));
}

/** What may be left out. */
function optional(schema: z.ZodType<string, string>): z.ZodType<string | undefined, string> {
  return schema.optional() as unknown as z.ZodType<string | undefined, string>;
}

function oneOf<const T extends readonly string[]>(...words: T) {
  return z
    .string()
    .refine((word) => words.includes(word), `is none of ${words.join(', ')}`)
    .transform((word) => word as T[number]);
}

const storeUrl = z.string().superRefine((text, context) => {
  const mistake = storeUrlMistake(text);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

const certificates = z
  .string()
  .refine(
    (pem) => pem.includes('-----BEGIN CERTIFICATE-----'),
    'holds no certificate (PEM). A file is named by SEEN_STORE_CA_FILE',
  );

const text = z.string().min(1, 'is empty');
const networks = z
  .string()
  .transform((list) => list.split(',').flatMap((entry) => entry.trim() || []))
  .refine(
    (list) => list.every((entry) => networkIn(entry) !== undefined),
    'is no list of addresses and networks, as in 10.0.0.2,10.1.0.0/24',
  );
const hostName = optional(
  z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
      'is no host name, as in count.example.com, without a port',
    ),
);
const replicaName = z.string().regex(
  /^[A-Za-z0-9_.-]{1,128}$/,
  // Room for the longest name that Swarm gives a task: service (63), slot and id (25).
  'is not a name: use up to 128 letters, digits, "_", "." and "-"',
);

export const settings = {
  storeUrl: setting(
    'sqlite:./data/seen.db',
    'Where the counts are kept: `redis://…`, `rediss://…` (TLS) or `sqlite:PATH`',
    storeUrl,
  ),
  storeCa: setting(
    undefined,
    'Certificates (PEM) to trust for `rediss://` besides the system’s; usually given as a file',
    optional(certificates),
  ),
  storeTimeoutMs: setting(
    '2000',
    'How long the store may be silent before the connection is dropped and the batch sent again',
    whole(50, 60_000),
  ),
  host: setting(
    '::',
    'Address that visits come in on; `::` is every address of the machine, over IPv4 alone where the system has no IPv6',
    text,
  ),
  port: setting('8000', 'Port that visits come in on', whole(0, 65_535)),
  operationsHost: setting('127.0.0.1', 'Address of the operations port', text),
  operationsPort: setting(
    '9100',
    'Port of `/healthz`, `/readyz` and `/metrics`',
    whole(0, 65_535),
  ),
  replicas: setting(
    '3',
    'How many processes share the port; 1 where the kernel does not share it fairly (not Linux)',
    whole(1, 64),
  ),
  replicaName: setting(
    hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '-')
      .slice(0, 56),
    'What `X-Served-By` and the log call this replica; several of one machine get `-1`, `-2`, …',
    replicaName,
  ),
  startMs: setting(
    '30000',
    'How long a start waits for a store that does not answer yet',
    whole(0, 3_600_000),
  ),
  waitMs: setting(
    '5000',
    'How long a visit waits for its number before it is answered 503',
    whole(10, 60_000),
  ),
  waitingMax: setting(
    '10000',
    'How many visits of one replica may wait at once',
    whole(1, 1_000_000),
  ),
  connectionsMax: setting(
    '10000',
    'Above how many connections of one replica those on which no request is under way are closed',
    whole(1, 1_000_000),
  ),
  counters: setting(
    'open',
    'Who makes counters: `open`, the first hit, and anybody over the API; `closed`, only who has `SEEN_TOKEN`',
    oneOf('open', 'closed'),
  ),
  countersMax: setting('1000000', 'How many counters there may be', whole(0, 1_000_000_000)),
  token: setting(
    undefined,
    'The installation’s token: who sends it may do everything with every counter. Usually given as a file',
    optional(
      z
        .string()
        .regex(
          /^[\u0021-\u007E]{16,255}$/,
          'is no token: use 16 to 255 visible characters without blanks',
        ),
    ),
  ),
  countapiHost: setting(
    undefined,
    'A host name on which the calls of CountAPI are at the root, and nothing else is',
    hostName,
  ),
  abacusHost: setting(undefined, 'The same for the calls of Abacus', hostName),
  subscribersMax: setting(
    '5000',
    'How many streams of one replica may be open at once; one more ends the oldest. Half the connections, so that visits keep theirs',
    whole(1, 1_000_000),
  ),
  subscribersPerAddress: setting(
    '100',
    'How many of these one address may have (2 %): about the open pages of an office or a class behind it; 0: no limit',
    whole(0, 1_000_000),
  ),
  embedPath: setting(
    '/embed.js',
    'Where the script for other pages is: `/NAME.js`, for a name that no list of ad blockers knows',
    z.string().regex(
      // The page has a script, too.
      /^(?!\/page\.js$)\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}\.js$/,
      'is no such path: use / and up to 60 letters, digits, "_", "." and "-", then .js',
    ),
  ),
  keysMax: setting(
    '250000',
    'How many `Idempotency-Key`s are remembered at once (180 bytes of Redis each); visits that bring one more are refused',
    whole(0, 100_000_000),
  ),
  visitorsMax: setting(
    '1000000',
    'How many visitors are remembered at once, of one counter a quarter of that: for windows, and on SQLite for the day’s visitors (150 bytes of Redis, 120 of disk each). Others count with each visit',
    whole(0, 100_000_000),
  ),
  requestsPerMinute: setting(
    '0',
    'How many requests an address may make in a minute; 0: no limit. Behind proxies that are not trusted all visitors are one address',
    whole(0, 1_000_000),
  ),
  newCountersPerDay: setting(
    '1000',
    'How many counters an address may make in a day, with hits or over the API; 0: no limit. Counters that exist go on counting',
    whole(0, 1_000_000),
  ),
  keysPerDay: setting(
    '5000',
    'How many requests with an `Idempotency-Key` an address may make in a day (2 % of `SEEN_KEYS_MAX`); 0: no limit',
    whole(0, 1_000_000),
  ),
  addresses: setting(
    'known',
    '`hidden` where a load balancer in front hides the clients’ addresses, as Swarm’s ingress mesh does: then limits are for all clients together',
    oneOf('known', 'hidden'),
  ),
  trustedProxies: setting(
    '',
    'Whose `X-Forwarded-For` is believed: addresses and networks, as in `10.0.0.2,10.1.0.0/24`',
    networks,
  ),
  showStack: setting(
    'yes',
    'Whether everybody may see the replicas and the state of the store: `yes`, `no`',
    oneOf('yes', 'no'),
  ),
  drainMs: setting(
    '3000',
    'On a stop: how long at most clients are told to go elsewhere before the port closes',
    whole(0, 600_000),
  ),
  stopMs: setting(
    '10000',
    'On a stop: after how long the process ends even if something is left',
    whole(100, 900_000),
  ),
  logLevel: setting(
    'info',
    'The least that is logged: `debug` (each request too), `info`, `warn`, `error`',
    oneOf('debug', 'info', 'warn', 'error'),
  ),
  logFormat: setting(
    'auto',
    '`json` (an object a line), `pretty`, or `auto`: pretty on a terminal only',
    oneOf('auto', 'json', 'pretty'),
  ),
} as const satisfies Record<string, Setting<unknown>>;

/** `storeUrl` as `SEEN_STORE_URL`. */
export function envName(name: string): string {
  return `SEEN_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** `storeUrl` as `store-url`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, '-$&').toLowerCase();
}

/** The settings as lines of a manual. */
export function settingsManual(): string {
  return Object.entries(settings)
    .map(([name, { fallback, help }]) => {
      const standard = fallback ? ` [${fallback}]` : '';
      return `  --${flagName(name).padEnd(17)} ${help.replaceAll('`', '')}${standard}`;
    })
    .join('\n');
}

/**
 * The settings as the rows of the table in docs/settings.md. What depends on the machine is said
 * in words.
 */
export function settingsTable(): string {
  const words: Readonly<Record<string, string>> = { replicaName: 'host name' };
  const rows = Object.entries(settings).map(([name, { fallback, help }]) => {
    const standard = words[name] ?? (fallback ? `\`${fallback}\`` : '');
    return `| \`${envName(name)}\` | ${standard} | ${help} |`;
  });
  return ['| setting | default | what it is |', '| --- | --- | --- |', ...rows].join('\n');
}
