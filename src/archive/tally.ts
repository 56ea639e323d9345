/**
 * What becomes of counters that are brought, as it is told: how many of each, and the first few of
 * them.
 */
import type { ImportOutcome } from '../contract/archive.ts';

const EXAMPLES = 3;
const MISTAKES = 20;

/** The words for what will be, and for what was done. */
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

  /** Whether anything was not done that was wanted. */
  get refused(): boolean {
    return REFUSED.some((outcome) => this.#counts.has(outcome));
  }

  /** A line for each that there is. */
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

/** What is wrong with a source, and what whoever imports it should know. */
export class Findings {
  readonly #mistakes: string[] = [];
  readonly #notes: string[] = [];
  #count = 0;
  #noteCount = 0;

  wrong(line: number, what: string): void {
    this.#count++;
    if (this.#count <= MISTAKES)
      this.#mistakes.push(line === 0 ? `  ${what}` : `  line ${line}${startOf(what)}`);
  }

  note(what: string): void {
    this.#noteCount++;
    if (this.#noteCount <= MISTAKES) this.#notes.push(`  ${what}`);
  }

  get mistakes(): number {
    return this.#count;
  }

  /** The mistakes, the first of them if they are many. */
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

/** What is wrong reads on after the number of its line, or stands by itself. */
function startOf(what: string): string {
  return /^(is|has|does|says) /.test(what) ? ` ${what}` : `: ${what}`;
}
