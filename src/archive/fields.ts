/**
 * The fields of a counter's record as an import reads them: objects, texts and numbers of JSON,
 * and what a text may be. All functions fail with `SourceError`.
 */
import { isTitle, LINK_LENGTH_MAX, normalLink, TITLE_LENGTH_MAX } from '../counter/label.ts';
import { excerpt, SourceError } from './item.ts';

/** The fields of an object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The hash of a token. */
export function readHash(text: string): string {
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text;
  // Not shown: somebody may have put a token here.
  throw new SourceError(
    'its ownerHash is not the SHA-256 of a token (43 letters, digits, "_" and "-"): remove it, and use seen token',
  );
}

/** A title. */
export function readTitle(text: string): string {
  if (isTitle(text)) return text;
  throw new SourceError(
    `its title ${excerpt(text)} is not one line of 1 to ${TITLE_LENGTH_MAX} characters`,
  );
}

/** A link, normalised. */
export function readLink(text: string): string {
  const link = normalLink(text);
  if (link !== undefined) return link;
  throw new SourceError(
    `its link ${excerpt(text)} is not an http or https URL of at most ${LINK_LENGTH_MAX} characters`,
  );
}

/** Fails for an object that has a field which is not known. */
export function refuseUnknown(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined)
    throw new SourceError(
      `${excerpt(unknown)} is not one of ${known.join(', ')}: it may need a newer Seen`,
    );
}

/** An object; `what` names it in the message. */
export function asFields(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new SourceError(`${what} is not an object in braces`);
}

/** The text of the field `what`. */
export function asText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new SourceError(
    value === undefined ? `has no ${what}` : `its ${what} is not a text in quotes`,
  );
}

/** The whole number of the field `what`. */
export function asWhole(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  throw new SourceError(
    value === undefined ? `has no ${what}` : `its ${what} is not a whole number of at most 2^53-1`,
  );
}
