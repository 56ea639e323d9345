/** Prepares text for pictures: removes characters that XML 1.0 cannot hold, and escapes. */

/** Characters that XML 1.0 cannot hold, even escaped (https://www.w3.org/TR/xml/#charsets). */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Removes characters that XML cannot hold. */
export function xmlText(text: string): string {
  return text.replaceAll(NOT_XML, '');
}

/** Escapes text for use between tags and in quotes. */
export function escaped(text: string): string {
  return xmlText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
