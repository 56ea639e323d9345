/**
 * Counters that go out of Redis, all as of one moment.
 *
 * As a running machine is moved from one host to another: all counters are read in small pieces
 * while counting goes on, and whatever counts notes down which of them it changes; those are read
 * again, and those that change meanwhile, until so few are left that one script reads them at one
 * go. That is the moment. Redis holds no copy, only names. The idea is pre-copy migration (Clark
 * et al., "Live Migration of Virtual Machines", 2005). Not here: counters that come in
 * (`bring.ts`).
 */
import { randomUUID } from 'node:crypto';
import type { Piece } from '../../counter/archive.ts';
import { AppError } from '../../counter/errors.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { readRules } from '../../counter/registry.ts';
import type { RedisConnection } from './connection.ts';
import { added, visitorsOf } from './history.ts';
import { CHANGED, NAMES, totalOf } from './keys.ts';
import archiveScript from './lua/archive.lua' with { type: 'text' };
import { Script } from './script.ts';

const ARCHIVE = new Script(archiveScript);

/**
 * An exporter that is silent for so long has lost its snapshot: longer than any answer is waited
 * for, short enough that the next may begin.
 */
const SILENT_MS = 120_000;
/**
 * So many names are asked for at once, and so many figures of history: about a millisecond of
 * Redis.
 */
const NAMES_AT_ONCE = 200;
const FIGURES_AT_ONCE = 2000;
/** So few that changed are read at one go, which is the moment. */
const FEW = 50;
/**
 * So many are read at one go when they do not get fewer: some ten milliseconds, of counters
 * without much history.
 */
const FEW_ENOUGH = 1000;
/**
 * After so many looks at no fewer changes than before they count as many that do not get fewer.
 */
const PATIENCE = 100;

/** A counter as `lua/archive.lua` answers it. */
type Dump =
  | readonly [name: string]
  | readonly [
      name: string,
      total: string,
      made: string,
      owner: string,
      rules: string,
      day: string,
      hours: readonly string[],
      days: readonly string[],
      uniques: readonly string[],
      today: number,
    ];

export class RedisArchive {
  readonly #connection: RedisConnection;
  readonly #now: () => number;

  constructor(connection: RedisConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  async *snapshot(): AsyncGenerator<Piece> {
    const id = randomUUID();
    await this.#ask('begin', id, SILENT_MS);
    let ended = false;
    try {
      yield* this.#readAll(id);
      yield* this.#readChanged(id);
      const rest = await this.#ask('last', id, FEW_ENOUGH);
      ended = true;
      yield* rest.map((dump) => piece(dump as Dump));
      yield { moment: this.#now() };
    } finally {
      // Nobody else can begin, and all that counts goes on noting down, until it has ended or
      // expires.
      if (!ended) await this.#ask('end', id).catch(() => undefined);
    }
  }

  /**
   * Every counter once, in the order of the names; the default counter at last where nobody has
   * noted it down yet.
   */
  async *#readAll(id: string): AsyncGenerator<Piece> {
    let from = '-';
    let defaultSeen = false;
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- each look begins where the one before ended
      const names = await this.#connection.ask(
        (client) =>
          client.zRangeByLex(NAMES, from, '+', { LIMIT: { offset: 0, count: NAMES_AT_ONCE } }),
        'store-unavailable',
      );
      defaultSeen ||= names.includes(DEFAULT_COUNTER);
      if (names.length === 0) break;
      yield* this.#read(id, names);
      from = `(${names.at(-1) ?? ''}`;
    }
    if (!defaultSeen) yield* this.#read(id, [DEFAULT_COUNTER]);
  }

  async *#read(id: string, names: readonly string[]): AsyncGenerator<Piece> {
    for (let at = 0; at < names.length; ) {
      // eslint-disable-next-line no-await-in-loop -- a little at a time
      const dumps = await this.#ask('read', id, SILENT_MS, FIGURES_AT_ONCE, ...names.slice(at));
      yield* dumps.map((dump) => piece(dump as Dump));
      at += dumps.length;
    }
  }

  /** Those that changed, again and again, until few are left or they do not get fewer. */
  async *#readChanged(id: string): AsyncGenerator<Piece> {
    let least = Number.POSITIVE_INFINITY;
    let vain = 0;
    while (least > FEW) {
      // eslint-disable-next-line no-await-in-loop -- a little at a time
      const [left = 0, ...dumps] = await this.#ask(
        'take',
        id,
        SILENT_MS,
        FIGURES_AT_ONCE,
        NAMES_AT_ONCE,
      );
      yield* dumps.map((dump) => piece(dump as Dump));
      vain = Number(left) < least ? 0 : vain + 1;
      least = Math.min(least, Number(left));
      if (vain >= PATIENCE && Number(left) <= FEW_ENOUGH) return;
      if (vain >= 10 * PATIENCE) throw manyChanges();
    }
  }

  async #ask(
    what: string,
    id: string,
    ...args: (string | number)[]
  ): Promise<readonly (Dump | number)[]> {
    const [said, ...rest] = await this.#connection.ask(
      (client) =>
        ARCHIVE.run<readonly [string, ...(Dump | number)[]]>(
          client,
          [CHANGED],
          [what, id, ...args.map(String)],
        ),
      'store-unavailable',
    );
    if (said === 'ok') return rest;
    if (said === 'running') {
      throw new AppError(
        'export-running',
        'Another export reads this Redis. Wait until it has ended; one that was killed is over after two minutes.',
      );
    }
    if (said === 'many') throw manyChanges();
    throw new AppError(
      'export-lost',
      `This export was silent for more than ${SILENT_MS / 1000} s, or Redis was emptied: changes may have been missed. Nothing was written: begin again.`,
    );
  }
}

function manyChanges(): AppError {
  return new AppError(
    'export-lost',
    'Counters change faster than they can be read. Nothing was written: export when there are fewer visits, or from a machine nearer to Redis.',
  );
}

/** Fails with `counter-unreadable`. */
function piece(dump: Dump): Piece {
  const [counter] = dump;
  if (dump.length === 1) return { gone: counter };
  const [, total, made, owner, rules, day, hours, days, uniques, today] = dump;
  return {
    archived: {
      counter,
      total: totalOf(total, counter),
      madeAt: made === '' ? undefined : Number(made),
      owner: owner === '' ? undefined : owner,
      rules: readRules(rules === '' ? undefined : rules),
      past: {
        hours: added(Object.entries(pairs(hours))),
        days: added(Object.entries(pairs(days))),
        visitors: visitorsOf(pairs(uniques), day, today),
      },
    },
  };
}

function pairs(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
  return fields;
}
