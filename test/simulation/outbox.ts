/**
 * Checks each batch that a replica sends, against the waiting hits and the earlier attempts.
 *
 * These are the invariants of the writer (ARCHITECTURE.md, I2 to I4): one batch in progress, the
 * same batch while it may be stored, and a new writer only when necessary.
 */

import type { Batch, Outcome } from '../../src/contract/counting.ts';
import { isAppError } from '../../src/counter/errors.ts';
import { type SimulatedHit, unanswered } from './hit.ts';
import type { Sender } from './network.ts';
import { type Parcel, parcelOf } from './parcel.ts';
import { type Finding, textOf, Violation } from './violation.ts';
import type { World } from './world.ts';

export class Outbox {
  /** Hits that have no answer and are in no batch yet, in the order of their arrival. */
  readonly waiting: SimulatedHit[] = [];
  /** The batch that was sent last. */
  parcel: Parcel | undefined;
  /** How often the store said that a batch is out of order. */
  mismatches = 0;
  readonly #sender: Sender & { readonly name: string };
  readonly #world: World;
  #underWay = false;
  #names = 0;
  /** How often the writer must take another name and has not yet. */
  #renames = 0;
  /** Batches that may be stored, by writer and number. */
  readonly #uncertain = new Map<string, Parcel>();

  constructor(sender: Sender & { readonly name: string }, world: World) {
    this.#sender = sender;
    this.#world = world;
  }

  /** How many hits have no answer. */
  get open(): number {
    return this.waiting.length + (this.parcel?.hits.filter(unanswered).length ?? 0);
  }

  /** A name for the writer, who may take another only when it must. */
  newWriter(): string {
    if (this.#names++ > 0) {
      const uncertain = (this.parcel?.uncertain ?? 0) > 0 && !this.parcel?.hits.some(unanswered);
      this.#must(this.#renames > 0 || uncertain, `it takes another name without need`);
      if (this.#renames > 0) this.#renames--;
    }
    return `${this.#sender.name}.${this.#names}`;
  }

  /** One attempt. Fails as the store does. */
  async send(batch: Batch): Promise<readonly Outcome[]> {
    const id = `${batch.writer} ${batch.sequence}`;
    this.#must(!this.#underWay, `${id}: it is sent while another attempt is under way`);
    const parcel = this.#identify(batch, id);
    this.#underWay = true;
    parcel.uncertain++;
    this.#uncertain.set(id, parcel);
    try {
      return await this.#world.network.commit(this.#sender, batch, parcel);
    } catch (error) {
      if (isAppError(error, 'store-unavailable', 'sequence-mismatch')) parcel.uncertain--;
      else if (!isAppError(error)) parcel.bug = true;
      if (parcel.uncertain === 0) this.#uncertain.delete(id);
      if (isAppError(error, 'sequence-mismatch')) {
        this.#must(
          this.#world.store.losses > 0,
          `${id}: out of order, though the store lost nothing`,
        );
        this.mismatches++;
      }
      if (!isAppError(error, 'store-unavailable', 'hit-unconfirmed')) this.#renames++;
      throw error;
    } finally {
      this.#underWay = false;
    }
  }

  /** The parcel of a batch: that of the attempt before, or a new one. */
  #identify(batch: Batch, id: string): Parcel {
    const before = this.parcel;
    if (before && batch.changes === before.changes) {
      this.#must(
        JSON.stringify(batch.changes) === before.text,
        `${id}: a batch that is sent again is another one`,
      );
      if (batch.writer !== before.writer || batch.sequence !== before.sequence) {
        this.#must(
          before.uncertain === 0,
          `${id}: a batch that may be stored is sent again as another one`,
        );
      }
      return Object.assign(before, { writer: batch.writer, sequence: batch.sequence });
    }
    this.#must(
      !before?.hits.some(unanswered),
      `${id}: another batch is sent while hits of the one before wait`,
    );
    // An empty batch may take the number of one that was given up: whichever is stored first, the
    // other changes nothing.
    this.#must(
      !this.#uncertain.has(id) || batch.changes.length === 0,
      `${id}: this number was used for another batch, which may be stored`,
    );
    const parcel = parcelOf(batch, this.waiting);
    this.#must(
      parcel !== undefined,
      () => `${id}: the batch is not what waits: ${JSON.stringify(batch.changes)}`,
    );
    this.waiting.splice(0, parcel.hits.length);
    this.parcel = parcel;
    return parcel;
  }

  /** What the counter reports of a batch must be true. */
  committed(hits: number): void {
    const stored = this.parcel?.hits ?? [];
    const expected = stored.filter(({ fate }) => fate && 'number' in fate && fate.counts).length;
    const lost = stored.some((hit) => hit.lost);
    this.#must(
      hits === expected || lost,
      () => `${hits} hits are reported as counted, not ${expected}`,
    );
  }

  #must(holds: boolean, what: Finding): asserts holds {
    if (holds) return;
    const violation = new Violation(`${this.#sender.name}: ${textOf(what)}`);
    this.#world.timeline.fail(violation);
    throw violation;
  }
}
