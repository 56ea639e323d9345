/**
 * Addresses of websites in texts that clients send.
 *
 * A parser takes time with the square of the length of a label of a host, when that has to be
 * encoded (https://www.rfc-editor.org/rfc/rfc3492#section-6). So the length is checked before.
 */

/**
 * The longest name of a host with a dot at its end, and a port
 * (https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4).
 */
export const HOST_LENGTH_MAX = 254 + ':65535'.length;

/** The URL of a website; `undefined` for any other text, and when its host is too long for one. */
export function webAddress(text: string): URL | undefined {
  const [, host] = /^https?:[/\\]*([^/\\?#]*)/i.exec(text) ?? [];
  if (host === undefined || host.length > HOST_LENGTH_MAX) return undefined;
  return URL.parse(text) ?? undefined;
}
