/**
 * A counter's title and link: what is valid, and how a link is stored. Pages show both, so a title
 * is one line of text, and a link leads to a site and nowhere else.
 */
import type { CounterChanges, Label } from '../contract/registry.ts';

/** The most characters of a title. */
export const TITLE_LENGTH_MAX = 100;
/** The most characters of a link. */
export const LINK_LENGTH_MAX = 500;

/**
 * Characters other than controls, line separators and halves of surrogate pairs. With the flag `u`
 * a character is a code point.
 */
const TITLE = new RegExp(String.raw`^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,${TITLE_LENGTH_MAX}}$`, 'u');

/** Whether a text is a valid title. */
export function isTitle(text: string): boolean {
  return TITLE.test(text);
}

/**
 * A link as it is stored: normalised. Undefined for text that is no http or https URL, or that is
 * too long before or after that.
 */
export function normalLink(text: string): string | undefined {
  // Parsing a host takes time with the square of its length.
  if (text.length > LINK_LENGTH_MAX || !/^https?:/i.test(text)) return undefined;
  const href = URL.parse(text)?.href;
  return href !== undefined && href.length <= LINK_LENGTH_MAX ? href : undefined;
}

/** The title and the link after a change. */
export function changedLabel(
  { title, link }: Label,
  changes: Pick<CounterChanges, 'title' | 'link'>,
): Label {
  return {
    title: changes.title === undefined ? title : (changes.title ?? undefined),
    link: changes.link === undefined ? link : (changes.link ?? undefined),
  };
}

/** Whether a change adds a title or a link. */
export function addsLabel({ title, link }: Pick<CounterChanges, 'title' | 'link'>): boolean {
  return typeof title === 'string' || typeof link === 'string';
}
