/**
 * A part of a path as it was meant: decoded, and once, so that what comes of it is what is
 * checked.
 */

/** `%41bc` as `Abc`; `undefined` for what is no encoding. */
export function decodedPart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
