/**
 * The tokens that were pasted or issued in this tab. They are kept in the tab's session storage,
 * which the browser forgets with the tab, and sent only in the header `Authorization`.
 */

const KEY = 'seen_tokens';
/** The key of the installation's token; no counter has this name. */
const INSTALLATION = '';

/** The tokens of a browser that forbids storage, until the page is left. */
let kept: Readonly<Record<string, string>> = {};

/** The token to use for a counter: its own, or the installation's. */
export function tokenFor(counter: string): string | undefined {
  const tokens = all();
  return tokens[counter] ?? tokens[INSTALLATION];
}

/** The installation's token, if it was pasted in this tab. */
export function installationToken(): string | undefined {
  return all()[INSTALLATION];
}

/** The counters whose own tokens are kept. */
export function ownCounters(): readonly string[] {
  return Object.keys(all()).filter((name) => name !== INSTALLATION);
}

/** Keeps the token of a counter; `undefined` for the installation's. */
export function keepToken(counter: string | undefined, token: string): void {
  write({ ...all(), [counter ?? INSTALLATION]: token });
}

/** Forgets the token of a counter; `undefined` for the installation's. */
export function forgetToken(counter: string | undefined): void {
  const { [counter ?? INSTALLATION]: _, ...others } = all();
  write(others);
}

/**
 * The counter that a token names: `seen_RANDOM~NAMESPACE/KEY`, or `seen_RANDOM~hits`. `undefined`
 * for the installation's token, and for tokens that were issued before they named their counter.
 */
export function counterOf(token: string): string | undefined {
  return /^seen_[\w-]+~(hits|[\w.-]+\/[\w.-]+)$/.exec(token)?.[1];
}

function all(): Readonly<Record<string, string>> {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Record<string, string>;
  } catch {
    return kept;
  }
}

function write(tokens: Readonly<Record<string, string>>): void {
  kept = tokens;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(tokens));
  } catch {
    // This browser forbids storage.
  }
}
