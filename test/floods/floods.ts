/**
 * Requests that a client without a token may repeat. Each differs from the previous one and leaves
 * as much data as it can.
 */
import { randomBytes } from 'node:crypto';

/** One request. */
export interface FloodRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the answer is a stream, which the client leaves open. */
  readonly stays?: boolean;
}

/**
 * Two counters that their owner made before the flood: one that everybody visits, and one with a
 * window.
 */
export const COUNTERS = { everybody: 'everybody/page', window: 'everybody/window' } as const;

const fresh = () => randomBytes(9).toString('base64url');
const name = () => `${fresh()}${'n'.repeat(40)}/${fresh()}${'k'.repeat(40)}`;
const browser = () => ({
  'User-Agent': `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 ${fresh()}`,
});
const json = { 'Content-Type': 'application/json' };

/** The floods, by what they are meant to fill. */
export const FLOODS: Readonly<Record<string, () => FloodRequest>> = {
  'new counters, by hits': () => ({ path: `/hit/${name()}`, headers: browser() }),
  'new counters, over the API': () => ({
    path: '/api/v1/counters',
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name: name() }),
  }),
  'new counters, as of CountAPI': () => ({
    path: `/countapi/create?namespace=${fresh()}&key=${fresh()}`,
  }),
  'new counters, by badges': () => ({
    path: `/badge/${name()}.svg?label=${fresh()}`,
    headers: browser(),
  }),
  'visitors of a counter': () => ({ path: `/hit/${COUNTERS.everybody}`, headers: browser() }),
  'visitors of a counter with a window': () => ({
    path: `/hit/${COUNTERS.window}`,
    headers: browser(),
  }),
  'keys of requests': () => ({
    path: '/',
    headers: { 'Idempotency-Key': `"${fresh()}${'k'.repeat(40)}"` },
  }),
  'streams of changes': () => ({ path: `/live?counters=${COUNTERS.everybody}`, stays: true }),
  'pages that are not there': () => ({ path: `/${fresh()}/${'x'.repeat(1800)}` }),
  'user agents of 14 kB': () => ({
    path: '/',
    headers: { 'User-Agent': fresh() + 'a'.repeat(14_000) },
  }),
  'bodies of 15 kB': () => ({
    path: `/api/v1/counters/${COUNTERS.everybody}/hit`,
    method: 'POST',
    headers: json,
    body: JSON.stringify({ amount: 1, visitor: fresh().repeat(1200) }),
  }),
  'charts and histories': () => ({
    path: `/chart/${COUNTERS.everybody}.svg?label=${fresh()}&days=30`,
  }),
};
