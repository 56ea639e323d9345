/**
 * One replica as its parent sees it: a process with a channel, that listens some time after its start and ends some day.
 */
import type { Report, ToParent, ToReplica } from './channel.ts';

/** How long a report may take: long enough for a store that is slow, too short for a scrape to fail. */
const REPORT_MS = 3000;

export class ReplicaProcess {
  readonly startedAt = performance.now();
  /** Resolves with whether the process came to listen (`false`: it ended before). */
  readonly listening: Promise<boolean>;
  /** Resolves with the exit status when the process has ended, 128 + N for signal N. */
  readonly ended: Promise<number>;
  readonly #process: Bun.Subprocess;
  readonly #reports = new Map<number, (report: Report | undefined) => void>();
  #nextReport = 1;

  constructor(command: readonly string[]) {
    const listening = Promise.withResolvers<boolean>();
    this.listening = listening.promise;
    this.#process = Bun.spawn([...command], {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      ipc: (message: ToParent) => {
        if (message.say === 'listening') listening.resolve(true);
        else this.#reports.get(message.id)?.(message);
      },
    });
    this.ended = this.#process.exited.then((status) => {
      listening.resolve(false);
      for (const answer of this.#reports.values()) answer(undefined);
      return status;
    });
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Has the replica stop in order. Safe to call on one that has ended. */
  stop(): void {
    this.#send({ say: 'stop' });
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** How the replica is; `undefined` when it does not say. */
  report(): Promise<Report | undefined> {
    const id = this.#nextReport++;
    return new Promise((resolve) => {
      const answer = (report: Report | undefined) => {
        clearTimeout(timer);
        this.#reports.delete(id);
        resolve(report);
      };
      const timer = setTimeout(answer, REPORT_MS, undefined);
      this.#reports.set(id, answer);
      if (!this.#send({ say: 'report', id })) answer(undefined);
    });
  }

  #send(message: ToReplica): boolean {
    if (!this.isAlive) return false;
    try {
      this.#process.send(message);
      return true;
    } catch {
      // It ended just now.
      return false;
    }
  }
}
