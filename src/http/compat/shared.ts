/** Shared by the surfaces of other services: reading parts of a request. */

/** A counter, with its name in these services and in Seen. */
export interface NamedCounter {
  readonly namespace: string;
  readonly key: string;
  readonly name: string;
}

/**
 * Decodes a part of a path once, `%41bc` to `Abc`, so that the result is what is validated. A part
 * that cannot be decoded stays as it is, and is not a valid name.
 */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * A whole number, with or without a sign; `undefined` when it is not one, or JSON cannot carry it
 * exactly.
 */
export function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) return undefined;
  // Turns -0 into 0.
  return value + 0;
}

/** The reply where only the installation's owner may create counters. */
export const CLOSED = {
  status: 403,
  body: { error: 'Only the operator of this Seen creates counters. Ask them for one.' },
} as const;
