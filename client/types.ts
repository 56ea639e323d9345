/**
 * What the API takes and returns, as types. `test/unit/client/types.test.ts` compares them with
 * `/openapi.json`. Not here: the calls (`client.ts`).
 */

/** A counter. */
export interface Counter {
  /** `NAMESPACE/KEY`, or `hits`, the counter behind `GET /`. */
  readonly name: string;
  readonly value: number;
  /** When it was created (ISO 8601); `null` when another program created it. */
  readonly created: string | null;
  /** Only its owner may read it. Everybody counts, without getting the number. */
  readonly private: boolean;
  /** Seconds in which the visits of one visitor count once; 0 counts each visit. */
  readonly window: number;
  /** What pages show instead of the name. */
  readonly title: string | null;
  /** The URL to which pages link. */
  readonly link: string | null;
}

/** A new counter, with its owner's token, which is not shown again. */
export interface CreatedCounter extends Counter {
  readonly token: string;
}

/** A counter in a list. */
export interface ListedCounter extends Counter {
  /** Its visits today (UTC), with `days` or `sort: 'today'`. */
  readonly today?: number;
  /** Its visits on each of the last days (UTC), the last one today, with `days`. */
  readonly days?: readonly number[];
}

/** What `create` takes. */
export interface NewCounter {
  readonly name: string;
  /** The initial total; 0 when not given. */
  readonly value?: number;
  readonly private?: boolean;
  readonly window?: number;
  readonly title?: string | null;
  readonly link?: string | null;
}

/** What `update` changes: at least one field. */
export interface CounterChanges {
  readonly value?: number;
  readonly private?: boolean;
  readonly window?: number;
  readonly title?: string | null;
  readonly link?: string | null;
}

/** A hit that needs the owner's token. */
export interface HitBody {
  /** What the hit adds; 1 when not given, and never 0. */
  readonly amount?: number;
  /** The visitor, for programs that report the visits of others. */
  readonly visitor?: string;
}

/** The visits of an hour, a day or a month by their kind. */
export interface Period {
  /** When it began in the zone: `2026-11-22T13`, `2026-11-22` or `2026-11`. */
  readonly time: string;
  readonly person: number;
  readonly program: number;
  readonly proxy: number;
  readonly bot: number;
  /** Only for days (in UTC) and months. */
  readonly visitors?: number;
}

/** The visits of a counter, the earliest period first, without empty periods. */
export interface History {
  readonly name: string;
  readonly by: 'hour' | 'day' | 'month';
  readonly zone: string;
  readonly periods: readonly Period[];
}

/** What `history` takes. */
export interface HistoryQuery {
  /** `day` when not given. */
  readonly by?: 'hour' | 'day' | 'month';
  /** A time zone of the IANA database; `UTC` when not given. */
  readonly zone?: string;
  /** The first period, or the beginning of its name: `2026`, `2026-11`. */
  readonly from?: string;
  /** The last period, or the beginning of its name. */
  readonly to?: string;
}

/** Visits by their kind. */
export interface Kinds {
  readonly person: number;
  readonly program: number;
  readonly proxy: number;
  readonly bot: number;
}

/** The visitors of a counter, and its visits by kind. */
export interface Visitors {
  readonly name: string;
  /** Visitors of this day, in UTC. */
  readonly today: number;
  /** The sum of the visitors of all days. */
  readonly total: number;
  /** The relative standard error of the visitors of a day. */
  readonly error: number;
  readonly visits: Kinds;
}

/** What `list` takes. */
export interface ListQuery {
  /** A part of the name, in the same case. */
  readonly search?: string;
  /** The beginning of the name. */
  readonly prefix?: string;
  /** `name` when not given. */
  readonly sort?: 'name' | 'total' | 'today' | 'created';
  /** `asc` for names and `desc` otherwise, when not given. */
  readonly order?: 'asc' | 'desc';
  /** The number of last days (UTC) whose visits each counter gets, at most 90. */
  readonly days?: number;
  /** Counters in one request, at most 100. */
  readonly limit?: number;
}

/** The answer to a hit. */
export interface Value {
  readonly name: string;
  /** `null` where the counter is private and the token is not its owner's. */
  readonly value: number | null;
}

/** The totals of several counters; `null` for a missing or private one. */
export interface Values {
  readonly values: Record<string, number | null>;
}

/** Some of all counters. Without `next` they are the last ones. */
export interface Page {
  readonly counters: readonly ListedCounter[];
  /** The number of all counters. */
  readonly size: number;
  readonly next?: string;
}

/** The answer to a request for a new token. */
export interface Token {
  readonly name: string;
  readonly token: string;
}

/** The answer to a request that deletes many counters. */
export interface Deleted {
  readonly deleted: number;
  /** Whether others are left. */
  readonly more: boolean;
}
