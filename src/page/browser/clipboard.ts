/** The clipboard, to which browsers let a page write only on HTTPS and on the same machine. */

/** Copies a text to the clipboard; returns whether the browser allowed it. Never fails. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Also where there is no clipboard.
    return false;
  }
}
