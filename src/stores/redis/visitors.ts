/**
 * Whom a writer need not send: visitors of whom Redis' HyperLogLog of the day would not notice anything.
 *
 * A copy of its registers is kept here for counters that many visit: what this writer has sent and Redis has acknowledged, so never more than
 * Redis has. Redis gives each HyperLogLog a token, and refuses a batch that relies on one which is not there any more (deleted, replaced, of
 * yesterday): then all are sent. It is the script that checks this (`lua/commit.lua`). Not here: the hash (`hyperloglog.ts`).
 */
import type { Caller, Change } from '../../counter/store.ts';
import { cellOf, REGISTERS } from './hyperloglog.ts';
import { KIND_LETTERS } from './keys.ts';

/** Fewer visitors than this in a change are sent as they are: a copy takes room. */
const MANY = 8;
/** So many counters have a copy, of 16 KiB each: 2 MiB. Those that were used last. */
const COPIES_MAX = 128;

interface Copy {
  readonly token: string;
  readonly registers: Uint8Array;
}

/** What is sent of a change's visitors, and what is known once that is acknowledged. */
export interface Picked {
  /** As the script reads it. */
  readonly text: string;
  /** The cells that are in Redis then. */
  readonly cells?: readonly number[];
}

export class KnownVisitors {
  #writer: string | undefined;
  readonly #copies = new Map<string, Copy>();

  /** What another writer sent is not this one's: a store that was set back tells the writer, and it takes a new name. */
  beginBatchOf(writer: string): void {
    if (writer !== this.#writer) this.forgetAll();
    this.#writer = writer;
  }

  /** Nothing is known any more. */
  forgetAll(): void {
    this.#copies.clear();
  }

  /** Picks who is sent of a change. */
  pick({ counter, once, visitors = [] }: Change): Picked {
    const copy = once ? undefined : this.#copies.get(counter);
    if (copy) return pickNew(copy, visitors);
    const all = pickAll({ visitors });
    if (once || visitors.length < MANY) return all;
    return { text: `?${all.text}`, cells: visitors.map(nameOf).filter(isAscii).map(cellOf) };
  }

  /** Redis has what was picked of this counter; `token` is what it calls its HyperLogLog, when it was asked. */
  acknowledge(counter: string, { cells }: Picked, token: string | undefined): void {
    if (!cells) return;
    const copy =
      token === undefined ? this.#copies.get(counter) : { token, registers: new Uint8Array(REGISTERS) };
    if (!copy) return;
    for (const cell of cells) {
      const register = cell >>> 6;
      copy.registers[register] = Math.max(copy.registers[register] ?? 0, cell & 63);
    }
    // The one that was used last is the last.
    this.#copies.delete(counter);
    this.#copies.set(counter, copy);
    if (this.#copies.size <= COPIES_MAX) return;
    for (const oldest of this.#copies.keys()) {
      this.#copies.delete(oldest);
      return;
    }
  }
}

/** All visitors of a change, of whom nothing is known afterwards. */
export function pickAll({ visitors = [] }: Pick<Change, 'visitors'>): Picked {
  return { text: visitors.map(textOf).join(' ') };
}

function pickNew({ token, registers }: Copy, visitors: readonly Caller[]): Picked {
  let text = `=${token}`;
  const cells: number[] = [];
  for (const visitor of visitors) {
    const name = nameOf(visitor);
    if (isAscii(name)) {
      const cell = cellOf(name);
      if ((registers[cell >>> 6] ?? 0) >= (cell & 63)) continue;
      cells.push(cell);
    }
    text += ` ${name}`;
  }
  return { text, cells };
}

/** A visitor as the HyperLogLog has them: kind and id. */
function nameOf({ id, kind }: Caller): string {
  return KIND_LETTERS[kind] + id;
}

/** A visitor as the script reads it: with their visits if there is not just one. */
function textOf(caller: Caller): string {
  return caller.visits === 1 ? nameOf(caller) : `${nameOf(caller)}*${caller.visits}`;
}

/** Of other characters Redis hashes the bytes, not the characters. */
function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false;
  return true;
}
