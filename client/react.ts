/**
 * Counters in React: the hook `useSeen` and the component `SeenCounter`.
 *
 * A visit counts once for each time that a component is shown, also under StrictMode, which runs
 * each effect twice. On the server nothing is counted, and a placeholder is rendered. Examples:
 * docs/client.md. Not here: the calls (`client.ts`).
 */
import { createElement, type HTMLAttributes, type ReactNode, useEffect, useState } from 'react';
import { Seen } from './client.ts';

/** What a component shows. */
export interface UseSeenOptions {
  /** `NAMESPACE/KEY`, or `hits`. */
  readonly counter: string;
  /** The address of Seen, or a client. */
  readonly server: string | Seen;
  /** Counts a visit. Otherwise the number is only read. */
  readonly count?: boolean | undefined;
  /** Follows the total while the page is visible. */
  readonly live?: boolean | undefined;
}

/** The state of a counter in a component. */
export interface SeenState {
  /** `undefined` until it is known; `null` for a counter that is private or does not exist. */
  readonly number: number | null | undefined;
  /** Why the last call failed: a `SeenError`. */
  readonly error: unknown;
}

const NOTHING: SeenState = { number: undefined, error: undefined };

/** A client for each address, so that all components of a page share one stream. */
const clients = new Map<string, Seen>();

function clientOf(server: string | Seen): Seen {
  if (typeof server !== 'string') return server;
  const client = clients.get(server) ?? new Seen(server);
  clients.set(server, client);
  return client;
}

/** The number of a counter in a component. */
export function useSeen({ counter, server, count, live }: UseSeenOptions): SeenState {
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    let isShown = true;
    const read = async () => {
      // StrictMode ends the first of two effects before this is reached.
      await Promise.resolve();
      if (!isShown) return;
      const seen = clientOf(server);
      const told = count ? await seen.hit(counter) : (await seen.get(counter)).value;
      // The stream may have told a later total.
      if (isShown) setState(({ number }) => ({ number: number ?? told, error: undefined }));
    };
    const fail = (error: unknown) => {
      if (isShown) setState(({ number }) => ({ number, error }));
    };
    setState(NOTHING);
    read().catch(fail);
    return () => {
      isShown = false;
    };
  }, [counter, server, count]);
  useEffect(() => {
    if (!live) return;
    let stop: (() => void) | undefined;
    // Browsers open few connections to one server, for all pages together.
    const follow = () => {
      stop?.();
      stop = undefined;
      if (document.hidden) return;
      try {
        // A counter without a total may be the reason of the error.
        stop = clientOf(server).watch(counter, (number) =>
          setState(({ error }) => ({ number, error: number === null ? error : undefined })),
        );
      } catch (error) {
        // An error in an effect would end the whole application.
        setState(({ number }) => ({ number, error }));
      }
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      stop?.();
    };
  }, [counter, server, live]);
  return state;
}

/** The properties of `SeenCounter`; others are attributes of its `span`. */
export interface SeenCounterProps extends UseSeenOptions, HTMLAttributes<HTMLSpanElement> {
  /** Shown until the number is known, and when there is none; `…` when not given. */
  readonly placeholder?: string;
}

/** The number of a counter in a `span`, in the format of the page's language. */
export function SeenCounter({
  counter,
  server,
  count,
  live,
  placeholder = '…',
  ...attributes
}: SeenCounterProps): ReactNode {
  const { number } = useSeen({ counter, server, count, live });
  const text = typeof number === 'number' ? formatted(number, attributes.lang) : placeholder;
  return createElement('span', attributes, text);
}

function formatted(number: number, language: string | undefined): string {
  try {
    return number.toLocaleString(language ?? (document.documentElement.lang || undefined));
  } catch {
    // `lang` is not a valid language.
    return number.toLocaleString();
  }
}
