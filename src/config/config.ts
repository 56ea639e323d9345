/**
 * Reads the settings from flags, files, the environment and the defaults, in this order of
 * precedence.
 *
 * Only this file reads the environment. It reports all mistakes at once. Not here: the table of
 * settings (`settings.ts`), and its description for people (`manual.ts`).
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { AppError, messageOf } from '../counter/errors.ts';
import type { Service } from '../services/services.ts';
import { withoutPassword } from './secrets.ts';
import { settings } from './settings.ts';
import { useOfCertificates } from './store-url.ts';
import { nearest } from './suggestion.ts';

type Name = keyof typeof settings;

/** Former settings that held the host name of a service, which is now in `SEEN_HOSTS`. */
const REPLACED = new Map<string, Service>([
  ['SEEN_COUNTAPI_HOST', 'countapi'],
  ['SEEN_ABACUS_HOST', 'abacus'],
]);

/** All settings, checked. */
export type Config = { readonly [N in Name]: z.output<(typeof settings)[N]['schema']> };

/** The sources of settings. */
export interface Sources {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** The environment of this process. */
export function environment(): Sources['env'] {
  return process.env;
}

/**
 * Reads all settings. `alsoRead` are the URLs of other databases that the command reads, which may
 * need the certificates. Fails with `settings-invalid`; the message has a line for each mistake.
 */
export function readConfig({ argv, env }: Sources, alsoRead: readonly string[] = []): Config {
  const mistakes: string[] = [];
  const flags = readFlags(argv, mistakes);
  const names = Object.keys(settings) as Name[];
  const known = new Set(names.flatMap((name) => [envName(name), `${envName(name)}_FILE`]));
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('SEEN_') || known.has(variable)) continue;
    const service = REPLACED.get(variable);
    mistakes.push(
      service === undefined
        ? `${variable} is not a setting of Seen. ${suggestion(variable, known, 'SEEN_')}`
        : `${variable} is not a setting any more. Use SEEN_HOSTS=${env[variable]}=${service}.`,
    );
  }
  const config: Record<string, unknown> = {};
  for (const name of names) {
    const { schema, fallback } = settings[name];
    const found =
      readFlag(name, flags) ?? readSecretFile(name, env, mistakes) ?? readVariable(name, env);
    const value = found?.value ?? fallback;
    if (value === undefined) continue;
    const result = schema.safeParse(value);
    if (result.success) config[name] = result.data;
    // `shown` leaves out secrets, because errors are logged.
    else
      mistakes.push(
        `${found?.origin ?? envName(name)} ${result.error.issues[0]?.message ?? 'is wrong'}${shown(name, value)}.`,
      );
  }
  const { stopMs, drainMs, storeUrl, storeCa } = config as Partial<Config>;
  const urls = storeUrl === undefined ? [] : [storeUrl, ...alsoRead];
  const uses = urls.map(useOfCertificates);
  if (storeCa !== undefined && uses.length > 0 && uses.every((use) => use === 'none')) {
    mistakes.push(
      'SEEN_STORE_CA needs a store with TLS: a SEEN_STORE_URL with rediss://, or with postgres:// and sslmode=verify-full. ' +
        'Change SEEN_STORE_URL, or remove SEEN_STORE_CA.',
    );
  }
  if (storeCa === undefined && uses.includes('required')) {
    mistakes.push(
      'sslmode=verify-ca needs SEEN_STORE_CA, because it does not check the server’s name. ' +
        'Set SEEN_STORE_CA, or use sslmode=verify-full.',
    );
  }
  if (stopMs !== undefined && drainMs !== undefined && drainMs >= stopMs) {
    mistakes.push(
      `SEEN_DRAIN_MS (${drainMs}) must be less than SEEN_STOP_MS (${stopMs}), so that time is left for the rest of the stop.`,
    );
  }
  if (mistakes.length > 0) throw new AppError('settings-invalid', mistakes.join('\n'));
  return config as Config;
}

/** A value, and the flag or variable that it comes from, for errors. */
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
    const reason = withoutPassword(messageOf(error));
    mistakes.push(`${origin} names a file that cannot be read: ${reason}.`);
    return undefined;
  }
}

function readFlags(
  argv: readonly string[],
  mistakes: string[],
): Readonly<Record<string, unknown>> {
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
  let unknownAt: number | undefined;
  for (const token of tokens) {
    // The word after an unknown flag is its value.
    if (token.kind === 'positional' && token.index - 1 !== unknownAt)
      mistakes.push(
        `“${withoutPassword(token.value)}” is not a flag. Flags are written --port 8000.`,
      );
    if (token.kind !== 'option') continue;
    if (!known.has(token.rawName)) {
      if (token.value === undefined) unknownAt = token.index;
      mistakes.push(
        `${withoutPassword(token.rawName)} is not a flag of Seen. ${suggestion(token.rawName, known, '--')}`,
      );
    } else if (token.value === undefined)
      mistakes.push(`${token.rawName} needs a value, as in ${token.rawName}=…`);
  }
  return values;
}

/** The value for an error; empty for a setting that is or may contain a secret. */
function shown(name: Name, value: string): string {
  return name === 'storeUrl' || name === 'storeCa' || name === 'token'
    ? ''
    : `: “${withoutPassword(value).slice(0, 80)}”`;
}

/** Advice for a name that does not exist. Names begin with `prefix`. */
function suggestion(unknown: string, known: ReadonlySet<string>, prefix: string): string {
  const meant = nearest(unknown, known, prefix);
  return meant === undefined
    ? 'See seen serve --help for all settings.'
    : `Did you mean ${meant}?`;
}

/** `storeUrl` as `SEEN_STORE_URL`. */
export function envName(name: string): string {
  return `SEEN_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** `storeUrl` as `store-url`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, '-$&').toLowerCase();
}
