/**
 * Every setting once: its default, what is right for it, and what it is for. The only reader of the environment.
 *
 * From a name in the table come the environment variable (`storeUrl`: `SEEN_STORE_URL`), the flag (`--store-url`) and the
 * file that may hold the value (`SEEN_STORE_URL_FILE`, for secrets). The first of flag, file, environment and default
 * wins. All mistakes are reported at once. `--help` and the table in the README are made of this table.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { AppError } from './counter/errors.ts';

interface Setting<T> {
  /** As a person would type it; `undefined` when there is none. */
  readonly fallback: string | undefined;
  readonly help: string;
  readonly schema: z.ZodType<T, string>;
}

function setting<T>(fallback: string | undefined, help: string, schema: z.ZodType<T, string>): Setting<T> {
  return { fallback, help, schema };
}

function whole(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,12}$/, `is not a whole number`)
    .transform(Number)
    .pipe(z.number().min(min, `is less than ${min}`).max(max, `is more than ${max}`));
}

function oneOf<const T extends readonly string[]>(...words: T) {
  return z
    .string()
    .refine((word) => words.includes(word), `is none of ${words.join(', ')}`)
    .transform((word) => word as T[number]);
}

const storeUrl = z.string().refine((text) => {
  if (text.startsWith('sqlite:')) return text.length > 'sqlite:'.length;
  return /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text);
}, 'is not a store URL: use redis://HOST:PORT, rediss://USER:PASSWORD@HOST:PORT or sqlite:PATH');

const text = z.string().min(1, 'is empty');
const replicaName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'is not a name: use up to 64 letters, digits, "_", "." and "-"');

export const settings = {
  storeUrl: setting(
    'sqlite:./data/seen.db',
    'Where the counts are kept: `redis://…`, `rediss://…` (TLS) or `sqlite:PATH`',
    storeUrl,
  ),
  storeCa: setting(
    undefined,
    'Certificates (PEM) to trust for `rediss://` besides the system’s; usually given as a file',
    text.optional() as unknown as z.ZodType<string | undefined, string>,
  ),
  storeTimeoutMs: setting(
    '2000',
    'How long the store may be silent before the connection is dropped and the batch sent again',
    whole(50, 60_000),
  ),
  host: setting('::', 'Address that visits come in on; `::` is every address of the machine', text),
  port: setting('8000', 'Port that visits come in on', whole(0, 65_535)),
  operationsHost: setting('127.0.0.1', 'Address of the operations port', text),
  operationsPort: setting('9100', 'Port of `/healthz`, `/readyz` and `/metrics`', whole(0, 65_535)),
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
  waitingMax: setting('10000', 'How many visits of one replica may wait at once', whole(1, 1_000_000)),
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
    'The least that is logged: `debug`, `info`, `warn`, `error`',
    oneOf('debug', 'info', 'warn', 'error'),
  ),
  logFormat: setting(
    'auto',
    '`json` (an object a line), `pretty`, or `auto`: pretty on a terminal only',
    oneOf('auto', 'json', 'pretty'),
  ),
} as const satisfies Record<string, Setting<unknown>>;

type Name = keyof typeof settings;

/** All settings, checked. */
export type Config = { readonly [N in Name]: z.output<(typeof settings)[N]['schema']> };

/** Where the words come from that become settings. */
export interface Sources {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** The process's environment, for everyone. */
export function environment(): Sources['env'] {
  return process.env;
}

/** `storeUrl` as `SEEN_STORE_URL`. */
export function envName(name: string): string {
  return `SEEN_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** `storeUrl` as `store-url`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, '-$&').toLowerCase();
}

/** Reads all settings. Fails with `settings-invalid`; the message names every mistake, one a line. */
export function readConfig({ argv, env }: Sources): Config {
  const mistakes: string[] = [];
  const flags = readFlags(argv, mistakes);
  const names = Object.keys(settings) as Name[];
  const known = new Set(names.flatMap((name) => [envName(name), `${envName(name)}_FILE`]));
  for (const variable of Object.keys(env)) {
    if (variable.startsWith('SEEN_') && !known.has(variable)) {
      mistakes.push(`${variable} is no setting of Seen. ${suggestion(variable, known)}`);
    }
  }
  const config: Record<string, unknown> = {};
  for (const name of names) {
    const { schema, fallback } = settings[name];
    const found = readFlag(name, flags) ?? readSecretFile(name, env, mistakes) ?? readVariable(name, env);
    const value = found?.value ?? fallback;
    if (value === undefined) continue;
    const result = schema.safeParse(value);
    if (result.success) config[name] = result.data;
    // A secret is not repeated in an error, which ends up in a log.
    else
      mistakes.push(
        `${found?.origin ?? envName(name)} ${result.error.issues[0]?.message ?? 'is wrong'}${shown(name, value)}.`,
      );
  }
  const { stopMs, drainMs } = config as Partial<Config>;
  if (stopMs !== undefined && drainMs !== undefined && drainMs >= stopMs) {
    mistakes.push(
      `SEEN_DRAIN_MS (${drainMs}) must be less than SEEN_STOP_MS (${stopMs}), or nothing is left of the stop.`,
    );
  }
  if (mistakes.length > 0) throw new AppError('settings-invalid', mistakes.join('\n'));
  return config as Config;
}

interface Found {
  readonly value: string;
  readonly origin: string;
}

function readFlag(name: Name, flags: Readonly<Record<string, unknown>>): Found | undefined {
  const value = flags[flagName(name)];
  return typeof value === 'string' ? { value, origin: `--${flagName(name)}` } : undefined;
}

function readVariable(name: Name, env: Sources['env']): Found | undefined {
  const value = env[envName(name)];
  return value === undefined ? undefined : { value, origin: envName(name) };
}

function readSecretFile(name: Name, env: Sources['env'], mistakes: string[]): Found | undefined {
  const origin = `${envName(name)}_FILE`;
  const path = env[origin];
  if (path === undefined) return undefined;
  try {
    return { value: readFileSync(path, 'utf8').trim(), origin };
  } catch (error) {
    mistakes.push(
      `${origin} names a file that cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
    return undefined;
  }
}

function readFlags(argv: readonly string[], mistakes: string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.keys(settings).map((name) => [flagName(name), { type: 'string' as const }]),
  );
  const { values, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const known = new Set(Object.keys(options).map((flag) => `--${flag}`));
  for (const token of tokens) {
    if (token.kind === 'positional')
      mistakes.push(`“${token.value}” is not understood. Flags are written --port 8000.`);
    if (token.kind !== 'option') continue;
    if (!known.has(token.rawName))
      mistakes.push(`${token.rawName} is no flag of Seen. ${suggestion(token.rawName, known)}`);
    else if (token.value === undefined)
      mistakes.push(`${token.rawName} needs a value, as in ${token.rawName}=…`);
  }
  return values;
}

function shown(name: Name, value: string): string {
  return name === 'storeUrl' || name === 'storeCa' ? '' : `: “${value.slice(0, 80)}”`;
}

/** The known name that shares the longest beginning with the unknown one. */
function suggestion(unknown: string, known: ReadonlySet<string>): string {
  for (let length = unknown.length; length > (unknown.startsWith('--') ? 3 : 6); length--) {
    const best = [...known].find((name) => name.startsWith(unknown.slice(0, length)));
    if (best) return `Did you mean ${best}?`;
  }
  return 'See seen serve --help for all of them.';
}

/** The settings as lines of a manual. */
export function settingsManual(): string {
  return Object.entries(settings)
    .map(([name, { fallback, help }]) => {
      const standard = fallback === undefined ? '' : ` [${fallback}]`;
      return `  --${flagName(name).padEnd(17)} ${help.replaceAll('`', '')}${standard}`;
    })
    .join('\n');
}

/** The settings as the rows of the table in the README. What depends on the machine is said in words. */
export function settingsTable(): string {
  const words: Readonly<Record<string, string>> = { replicaName: 'host name' };
  const rows = Object.entries(settings).map(([name, { fallback, help }]) => {
    const standard = words[name] ?? (fallback === undefined ? '' : `\`${fallback}\``);
    return `| \`${envName(name)}\` | ${standard} | ${help} |`;
  });
  return ['| setting | default | what it is |', '| --- | --- | --- |', ...rows].join('\n');
}
