/** What the surfaces of other services share: how parts of a request are read. */

/** A counter as these services name it and as Seen does. */
export interface NamedCounter {
  readonly namespace: string;
  readonly key: string;
  readonly name: string;
}

/**
 * A part of a path as it was meant, `%41bc` as `Abc`: decoded, and once, so that what comes of it
 * is what is checked. What cannot be decoded stays as it is, and is no name.
 */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * A whole number, with or without a sign; `undefined` when it is none, or one that JSON does not
 * carry exactly.
 */
export function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) return undefined;
  // 0 for -0.
  return value + 0;
}

/** What is answered where only the installation's owner makes counters. */
export const CLOSED = {
  status: 403,
  body: { error: 'Only the operator of this Seen creates counters. Ask them for one.' },
} as const;
