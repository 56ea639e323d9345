/** Values of flags, as people type them. Each fails with `usage-invalid` and says how to type it. */
import { AppError } from '../counter/errors.ts';

/** A whole number above 0; `undefined` without the flag. */
export function whole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,11}$/.test(text)) {
    throw new AppError('usage-invalid', `--${flag} is not a whole number above 0: “${text}”.`);
  }
  return Number(text);
}

/** `500ms`, `60s`, `10m`, `1h` as milliseconds. */
export function duration(flag: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  if (digits === undefined || ms === undefined || Number(digits) === 0) {
    throw new AppError('usage-invalid', `--${flag} is not a time as in 500ms, 60s, 10m or 1h: “${text}”.`);
  }
  return Number(digits) * ms;
}
