/** Ctrl-C and SIGTERM for a command that cleans up before it ends. */

/** The exit status of what Ctrl-C has ended, as shells have it. */
export const INTERRUPTED = 130;

/**
 * Aborts its signal at the first Ctrl-C or SIGTERM, which then does not end the process; a second
 * one does. Until it is disposed of.
 */
export function interruption(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
