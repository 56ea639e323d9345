/**
 * Who visits while a machine is lost: `seen verify --retry` on one node, whose every visit must be
 * counted, even if that node replaces its tasks meanwhile; and plain visitors on all nodes that
 * can be reached, who try nothing twice.
 */
import { join } from 'node:path';
import type { Finding } from '../../src/verify/finding.ts';
import { ROOT } from '../support/program.ts';

/** Longer than a visit may wait (`SEEN_WAIT_MS` in deploy/high-availability.yml). */
const GIVE_UP_MS = 40_000;
const EACH_NODE = 4;
const PAUSE_MS = 20;

/** What a run has shown. */
export interface Evidence {
  /** Sentences about what is wrong; empty when every promise held. */
  readonly wrong: readonly string[];
  readonly answered: number;
  readonly unanswered: number;
  /** The longest time in which no plain visitor was answered on any node. */
  readonly silentMs: number;
}

/** Starts the plain visitors of a counter. */
export class PlainVisitors {
  readonly #counter: string;
  readonly #numbers: number[] = [];
  #unanswered = 0;
  #answeredAt = performance.now();
  #silentMs = 0;
  #over = false;
  readonly #running: Promise<void>[] = [];

  constructor(counter: string, urls: readonly string[]) {
    this.#counter = counter;
    for (const url of urls)
      for (let n = 0; n < EACH_NODE; n++) this.#running.push(this.#visit(url));
  }

  async #visit(url: string): Promise<void> {
    while (!this.#over) {
      const number = await hit(`${url}/hit/${this.#counter}`);
      if (number === undefined) this.#unanswered++;
      else {
        this.#numbers.push(number);
        this.#note();
      }
      await Bun.sleep(PAUSE_MS);
    }
  }

  #note(): void {
    const now = performance.now();
    this.#silentMs = Math.max(this.#silentMs, now - this.#answeredAt);
    this.#answeredAt = now;
  }

  /** Forgets the silence so far: the machine is about to be lost. */
  begin(): void {
    this.#silentMs = 0;
    this.#answeredAt = performance.now();
  }

  /** Ends the visits, and compares the answers with the total at `url`. */
  async end(url: string): Promise<Evidence> {
    this.#over = true;
    await Promise.all(this.#running);
    const total = await hit(`${url}/get/${this.#counter}`);
    const wrong = total === undefined ? ['the total cannot be read'] : this.#wrongIn(total);
    const answered = this.#numbers.length;
    return { wrong, answered, unanswered: this.#unanswered, silentMs: this.#silentMs };
  }

  #wrongIn(total: number): string[] {
    const answered = this.#numbers.length;
    const twice = answered - new Set(this.#numbers).size;
    const largest = this.#numbers.reduce((most, number) => Math.max(most, number), 0);
    return [
      ...(twice > 0 ? [`${twice} numbers were given twice`] : []),
      ...(total < answered ? [`${answered - total} answered visits are lost`] : []),
      ...(largest > total ? [`number ${largest} was given, but the total is ${total}`] : []),
      ...(total > answered + this.#unanswered ? [`${total} were counted, more than came`] : []),
    ];
  }
}

/**
 * The number that a visit gets, or that a total is; undefined without an answer. On a connection
 * of its own: those to a machine that was switched off stay silent for minutes.
 */
export async function hit(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      keepalive: false,
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    if (!response.ok) return undefined;
    return ((await response.json()) as { value: number }).value;
  } catch {
    return undefined;
  }
}

/** Starts `seen verify --retry` on a counter; the result ends it and answers what is wrong. */
export function verifyAt(
  url: string,
  counter: string,
  file: string,
): () => Promise<readonly string[]> {
  const words = `--counter ${counter} --rate 60 --clients 8 --retry --timeout 2m --for 1h --json ${file}`;
  const running = Bun.spawn(
    [process.execPath, join(ROOT, 'src/main.ts'), 'verify', url, ...words.split(' ')],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  const said = Promise.all([
    new Response(running.stdout).text(),
    new Response(running.stderr).text(),
  ]);
  return async () => {
    running.kill('SIGINT');
    const status = await running.exited;
    if (status > 1) return [`seen verify ended with ${status}: ${(await said).join('')}`];
    const { findings } = (await Bun.file(file).json()) as { findings: readonly Finding[] };
    return findings
      .filter(({ status: found }) => found !== 'held')
      .map((finding) => JSON.stringify(finding));
  };
}
