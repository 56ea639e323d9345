/** The progress and the outcome of an import over HTTP, as lines of JSON. */
import type { ImportOutcome } from '../../contract/archive.ts';

/** What the last line says besides the figures. */
export interface ImportSummary {
  /** The kind of file, for people. */
  readonly what: string;
  /** Whether nothing was changed. */
  readonly dryRun: boolean;
  /** A line for each outcome, as `seen import` prints them. */
  readonly summary: string;
  /** Remarks about the file, a line for each. */
  readonly notes: string;
  /** Whether the maximum number of counters was reached, or would be. */
  readonly full: boolean;
}

/** The figures of one import. */
export class ImportProgress {
  #read = 0;
  #counters = 0;
  #imported = 0;
  #skipped = 0;
  #refused = 0;

  /** So many bytes of the file have been read. It is read several times. */
  hasRead(bytes: number): void {
    this.#read = Math.max(this.#read, bytes);
  }

  /** So many counters were found in the file. */
  found(counters: number): void {
    this.#counters = Math.max(this.#counters, counters);
  }

  /** Adds the outcomes of a step. */
  add(outcomes: readonly ImportOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome === 'made' || outcome === 'added' || outcome === 'replaced') this.#imported++;
      else if (outcome === 'kept' || outcome === 'done') this.#skipped++;
      else this.#refused++;
    }
  }

  /** A line while the import goes on. */
  line(): string {
    return `${JSON.stringify(this.#figures())}\n`;
  }

  /** The last line. */
  doneLine(summary: ImportSummary): string {
    return `${JSON.stringify({ done: true, ...this.#figures(), refused: this.#refused, ...summary })}\n`;
  }

  #figures() {
    return {
      read: this.#read,
      counters: this.#counters,
      imported: this.#imported,
      skipped: this.#skipped,
    };
  }
}
