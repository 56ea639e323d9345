/**
 * The parameters of a picture of Moe-Counter, with the defaults and bounds of
 * https://github.com/journey-ad/Moe-Counter. Unknown ones, such as `_`, are ignored.
 */
import { z } from 'zod';
import { AppError } from '../../../counter/errors.ts';
import { MOE_NAME_LENGTH_MAX } from '../../../services/moe-counter.ts';

const Schema = z.object({
  /** The name in the path. */
  name: z.string().max(MOE_NAME_LENGTH_MAX),
  theme: z.string().default('moebooru'),
  padding: z.coerce.number().int().min(0).max(16).default(7),
  offset: z.coerce.number().min(-500).max(500).default(0),
  align: z.enum(['top', 'center', 'bottom']).default('top'),
  scale: z.coerce.number().min(0.1).max(2).default(1),
  pixelated: z.enum(['0', '1']).default('1'),
  darkmode: z.enum(['0', '1', 'auto']).default('auto'),
  num: z.coerce.number().int().min(0).max(1e15).default(0),
  prefix: z
    .string()
    .refine(isPrefix, 'Expected a whole number from -1 to 999999')
    .transform(prefixDigits)
    .default(''),
});

/** The parameters, checked. */
export type Look = z.output<typeof Schema>;

/**
 * The look that a request asks for. Fails with `request-invalid` when the name is too long or a
 * parameter is out of its bounds.
 */
export function lookOf(name: string, query: Readonly<Record<string, string>>): Look {
  const result = Schema.safeParse({ ...query, name });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError(
    'request-invalid',
    `The field \`${issue?.path.join('.')}\` is invalid. ${issue?.message}`,
  );
}

function isPrefix(text: string): boolean {
  const value = Number(text);
  return Number.isInteger(value) && value >= -1 && value <= 999_999;
}

/** The digits in front of the number: none for -1 or nothing; zeros stay as they are written. */
function prefixDigits(text: string): string {
  if (/^\d{0,6}$/.test(text)) return text;
  const value = Number(text);
  return value < 0 ? '' : `${Math.abs(value)}`;
}
