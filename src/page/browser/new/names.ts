/**
 * The rules of the two parts of a name (`counter/name.ts`), and parts made of other texts. Pure
 * functions.
 */

const PART = /^[A-Za-z0-9_.-]{3,64}$/;
const LENGTH_MAX = 64;

/** Whether a text may be either part of a name. */
export function isPart(text: string): boolean {
  return PART.test(text);
}

/** Whether a text has characters that no name has, or too many. */
export function isHopeless(text: string): boolean {
  return !/^[A-Za-z0-9_.-]{0,64}$/.test(text);
}

/**
 * A part of a name that is close to a text: of a URL its host, of `Mein Büro` `mein-buro`;
 * `undefined` when too few letters remain.
 */
export function partNear(text: string): string | undefined {
  const address = text.trim();
  const isUrl = /^https?:\/\//i.test(address) && URL.canParse(address);
  const plain = (isUrl ? new URL(address).hostname : text)
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .split(/[^a-z0-9_.-]+/)
    .filter(Boolean)
    .join('-')
    .slice(0, LENGTH_MAX);
  return isPart(plain) ? plain : undefined;
}
