/**
 * The visits of a soak run: a fixed mix of kinds on a fixed set of counters by a fixed set of
 * visitors. So the stored data stops growing, and what still grows is a leak.
 *
 * No visit has an `Idempotency-Key`, because each key is kept for 24 h by design. Not here: their
 * times and answers (`load.ts`).
 */
import type { Random } from '../../test/faults/random.ts';

/** A visit to send. */
export interface Visit {
  /** The counter's name. */
  readonly counter: string;
  /** The bytes of the request. */
  readonly request: string;
  /** Whether it has a connection of its own. */
  readonly alone: boolean;
  /** The number in the body of an answer; `undefined` where there is none. */
  readonly numberIn: (body: string) => number | undefined;
}

const COUNTERS = 100;
/** Few enough that each counter has met nearly all of them after some minutes. */
const VISITORS = 400;
/** Half of a counter's hits go to a tenth of the counters. */
const SKEW = 3.32;
/** A twentieth of the visits opens a connection of its own. */
const ALONE = 0.05;

interface KindOfVisit {
  /** In percent of all visits. */
  readonly share: number;
  readonly accept: string;
  readonly agent: string;
  readonly path: (counter: string) => string;
  readonly number: RegExp;
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const DEFAULT = 'hits';

const KINDS: readonly KindOfVisit[] = [
  {
    share: 30,
    accept: '*/*',
    agent: 'curl/8.5.0',
    path: () => '/',
    number: /seen (\d+) times/,
  },
  {
    share: 10,
    accept: 'text/html,application/xhtml+xml',
    agent: FIREFOX,
    path: () => '/',
    number: /id="number"[^>]*>(\d+)</,
  },
  {
    share: 42,
    accept: 'application/json',
    agent: FIREFOX,
    path: (counter) => `/hit/${counter}`,
    number: /"value":(\d+)/,
  },
  {
    share: 15,
    accept: 'image/svg+xml',
    agent: FIREFOX,
    path: (counter) => `/badge/${counter}.svg`,
    number: /aria-label="visits: (\d+)"/,
  },
  {
    share: 3,
    accept: '*/*',
    agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)',
    path: (counter) => `/hit/${counter}`,
    number: /"value":(\d+)/,
  },
];

/** All counters, and a path that hits each. */
export function counters(): Map<string, string> {
  const names = Array.from(
    { length: COUNTERS },
    (_, index) => `soak/page-${String(index).padStart(3, '0')}`,
  );
  return new Map([[DEFAULT, '/'], ...names.map((name) => [name, `/hit/${name}`] as const)]);
}

/** A random visit. */
export function visitOf(random: Random, host: string): Visit {
  const kind = kindOf(random.next() * 100);
  const index = Math.floor(COUNTERS * random.next() ** SKEW);
  const path = kind.path(`soak/page-${String(index).padStart(3, '0')}`);
  const alone = random.next() < ALONE;
  const visitor = Math.floor(random.next() * VISITORS);
  return {
    counter: path === '/' ? DEFAULT : `soak/page-${String(index).padStart(3, '0')}`,
    alone,
    request: `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: ${kind.accept}\r\nUser-Agent: ${kind.agent}\r\nX-Forwarded-For: 10.0.${visitor >> 8}.${visitor & 255}\r\n${alone ? 'Connection: close\r\n' : ''}\r\n`,
    numberIn: (body) => {
      const digits = kind.number.exec(body)?.[1];
      return digits === undefined ? undefined : Number(digits);
    },
  };
}

function kindOf(at: number): KindOfVisit {
  let left = at;
  for (const kind of KINDS) {
    left -= kind.share;
    if (left < 0) return kind;
  }
  throw new Error('The shares of the kinds of visits do not add up to 100.');
}
