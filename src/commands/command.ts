/**
 * The interface of the commands of `seen`, and the parsers of their arguments. Each function that
 * parses the value of a flag fails with `usage-invalid` and an example of a valid value.
 */

import { parseArgs } from 'node:util';
import { flagName, type Sources } from '../config/config.ts';
import { settings } from '../config/settings.ts';
import { AppError } from '../counter/errors.ts';

/** What a command gets from the process. */
export interface Context extends Sources {
  /** Prints for the person who typed the command. */
  print: (text: string) => void;
  /** Ends the process at once. Everything else returns its exit status. */
  endNow: (status: number) => never;
}

/** A command of `seen`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole manual, printed by `--help`. */
  readonly manual: () => string;
  /** Resolves with the exit status, or fails with an `AppError`. */
  readonly run: (context: Context) => Promise<number>;
}

/** The arguments of a command that has its own flags beside the settings. */
export interface ParsedArguments<Flag extends string> {
  readonly own: Readonly<Partial<Record<Flag, string>>>;
  readonly positionals: readonly string[];
  /** The settings, and unknown flags, for `readConfig`. */
  readonly rest: readonly string[];
}

/**
 * Separates a command's own `flags` from the settings; a flag without a value has the value `yes`.
 * Fails with `usage-invalid` when a value is missing.
 */
export function separateArguments<Flag extends string>(
  argv: readonly string[],
  flags: Readonly<Record<Flag, 'string' | 'boolean'>>,
): ParsedArguments<Flag> {
  const known = Object.keys(settings).map((name) => [flagName(name), { type: 'string' as const }]);
  const ours = Object.entries<'string' | 'boolean'>(flags).map(([name, type]) => [name, { type }]);
  const options = Object.fromEntries([...known, ...ours]) as Record<
    string,
    { type: 'string' | 'boolean' }
  >;
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const own: Partial<Record<Flag, string>> = {};
  const positionals: string[] = [];
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.name as Flag;
    if (!Object.hasOwn(flags, name) || token.rawName !== `--${name}`) {
      rest.push(token.value === undefined ? token.rawName : `${token.rawName}=${token.value}`);
    } else if (flags[name] === 'string' && token.value === undefined) {
      throw new AppError('usage-invalid', `--${name} needs a value, as in --${name}=…`);
    } else {
      own[name] = token.value ?? 'yes';
    }
  }
  return { own, positionals, rest };
}

/** One of `words`; `undefined` without the flag. */
export function oneOf<const W extends string>(
  flag: string,
  text: string | undefined,
  words: readonly W[],
): W | undefined {
  const found = words.find((word) => word === text);
  if (text === undefined || found !== undefined) return found;
  throw new AppError('usage-invalid', `--${flag} is not one of ${words.join(', ')}: “${text}”.`);
}

/** The maximum of a whole number without a smaller one: all numbers up to it are exact. */
const WHOLE_MAX = 999_999_999_999;

/** A whole number from 1 to `max`; `undefined` without the flag. */
export function wholeNumberFlag(
  flag: string,
  text: string | undefined,
  max = WHOLE_MAX,
): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) {
    throw new AppError('usage-invalid', `--${flag} is not a whole number above 0: “${text}”.`);
  }
  if (Number(text) > max) {
    const most = max.toLocaleString('en');
    throw new AppError('usage-invalid', `--${flag} is at most ${most}: “${text}”.`);
  }
  return Number(text);
}

/**
 * A time in the past, in milliseconds since 1970: a date or a time as in ISO 8601, in UTC if it
 * has no zone, or how long ago it was, as in `30m`, `2h`, `3d`. `now` is in milliseconds since
 * 1970.
 */
export function pastTime(flag: string, text: string, now: number): number {
  const time = agoIn(text, now) ?? isoTimeIn(text);
  if (time === undefined) {
    throw new AppError(
      'usage-invalid',
      `--${flag} is not a time such as 2026-11-28, 2026-11-28T10:30, 2026-11-28T10:30+01:00, or 2h (two hours ago): “${text}”.`,
    );
  }
  if (time > now) {
    throw new AppError(
      'usage-invalid',
      `--${flag} is in the future: “${text}” is ${new Date(time).toISOString()}. A time without a zone is in UTC.`,
    );
  }
  return time;
}

function agoIn(text: string, now: number): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const ms = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  return ms === undefined ? undefined : now - Number(digits) * ms;
}

function isoTimeIn(text: string): number | undefined {
  const [, date, clock = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(
      text,
    ) ?? [];
  if (date === undefined) return undefined;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // A day that a month does not have would become one of the next month.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date))
    return undefined;
  const time = clock === '' ? midnight : Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(time) ? undefined : time;
}

/** The longest duration in hours: a timer counts to 2^31 ms, which are 596 hours. */
const HOURS_MAX = 576;

/** `500ms`, `60s`, `10m`, `1h` as milliseconds. */
export function duration(flag: string, text: string): number {
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  if (digits === undefined || ms === undefined || Number(digits) === 0) {
    throw new AppError(
      'usage-invalid',
      `--${flag} is not a duration such as 500ms, 60s, 10m or 1h: “${text}”.`,
    );
  }
  const time = Number(digits) * ms;
  if (time > HOURS_MAX * 3_600_000) {
    const most = `${HOURS_MAX}h (${HOURS_MAX / 24} days)`;
    throw new AppError('usage-invalid', `--${flag} is at most ${most}: “${text}”.`);
  }
  return time;
}
