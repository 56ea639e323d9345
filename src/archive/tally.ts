/**
 * The summary of an import: the number of counters with each outcome, with a few examples.
 */
import type { ImportOutcome } from '../contract/archive.ts';
import { mistakeAt } from './item.ts';

/** The number of counters to name for each outcome. */
const EXAMPLES = 3;
/** The number of mistakes, and of remarks, to show. */
const MISTAKES = 20;

/** For each outcome the words before and after the import, and an explanation. */
const WORDS: Readonly<Record<ImportOutcome, readonly [string, string, string]>> = {
  made: ['new', 'made', ''],
  kept: ['kept', 'kept', 'exist already; use --existing add or replace to change them'],
  added: ['added to', 'added to', 'there already'],
  replaced: ['replaced', 'replaced', 'there already'],
  done: ['done', 'done', 'imported from this source before'],
  'out-of-range': [
    'refused',
    'refused',
    'a sum would be larger than 9007199254740991; nothing was changed',
  ],
  unreadable: ['refused', 'refused', 'the store has other data under these names'],
  'counters-full': [
    'refused',
    'refused',
    'the maximum number of counters is reached: raise SEEN_COUNTERS_MAX',
  ],
};
const REFUSED: readonly ImportOutcome[] = ['out-of-range', 'unreadable', 'counters-full'];

/** The outcomes of an import, or of its preview. */
export class Tally {
  readonly #counts = new Map<ImportOutcome, { count: number; examples: string[] }>();

  add(counter: string, total: number, outcome: ImportOutcome): void {
    const found = this.#counts.get(outcome) ?? { count: 0, examples: [] };
    this.#counts.set(outcome, found);
    found.count++;
    if (found.examples.length < EXAMPLES) found.examples.push(`${counter} ${total}`);
  }

  count(outcome: ImportOutcome): number {
    return this.#counts.get(outcome)?.count ?? 0;
  }

  /** Whether a counter was refused. */
  get refused(): boolean {
    return REFUSED.some((outcome) => this.#counts.has(outcome));
  }

  /** One line for each outcome that occurred; `done` is false for a preview. */
  lines(done: boolean): string[] {
    return (Object.keys(WORDS) as ImportOutcome[]).flatMap((outcome) => {
      const found = this.#counts.get(outcome);
      if (!found) return [];
      const [before, after, why] = WORDS[outcome];
      const { count, examples } = found;
      const many = count.toLocaleString('en').padStart(11);
      const some = `${examples.join(', ')}${count > examples.length ? ', …' : ''}`;
      return `${many} ${(done ? after : before).padEnd(9)} ${some}${why === '' ? '' : ` (${why})`}`;
    });
  }
}

/** The mistakes and remarks about a source. */
export class Findings {
  readonly #mistakes: string[] = [];
  readonly #notes: string[] = [];
  #count = 0;
  #noteCount = 0;

  wrong(line: number, what: string): void {
    this.#count++;
    if (this.#count <= MISTAKES)
      this.#mistakes.push(`  ${line === 0 ? what : mistakeAt(`line ${line}`, what)}`);
  }

  note(what: string): void {
    this.#noteCount++;
    if (this.#noteCount <= MISTAKES) this.#notes.push(`  ${what}`);
  }

  get mistakes(): number {
    return this.#count;
  }

  /** The mistakes; only the first if there are many. */
  mistakeLines(): string[] {
    return this.#count > MISTAKES
      ? [...this.#mistakes, `  and ${(this.#count - MISTAKES).toLocaleString('en')} more`]
      : this.#mistakes;
  }

  noteLines(): string[] {
    return this.#noteCount > MISTAKES
      ? [
          ...this.#notes,
          `  and ${(this.#noteCount - MISTAKES).toLocaleString('en')} more of this kind`,
        ]
      : this.#notes;
  }
}
