/**
 * Judges a recorded history: replays the beginnings and ends of its operations in order of time.
 */
import { type Figures, Tally } from './figures.ts';
import type { History, Operation } from './history.ts';
import { Judge, type StartedOperation } from './judge.ts';
import type { Result } from './run.ts';

/** The findings of a history, and the figures that follow from its operations. */
export function judgeHistory({ operations, ...frame }: History): {
  result: Result;
  figures: Figures;
} {
  const judge = new Judge(frame.before);
  const begun = new Map<Operation, StartedOperation>();
  for (const { ends, operation } of inOrder(operations)) {
    if (!ends) {
      begun.set(operation, judge.begin(operation.type, operation.connection, operation.key));
      continue;
    }
    const beginning = begun.get(operation);
    if (beginning) judge.end(beginning, operation);
    begun.delete(operation);
  }
  return {
    result: { frame, findings: judge.verdict(frame) },
    figures: {
      answered: judge.answered,
      failures: judge.failures,
      tries: judge.tries,
      compared: judge.compared,
      ...figuresOf(operations, frame.sendingMs),
    },
  };
}

/** At the same instant beginnings come first: those operations did not know of the ends. */
function inOrder(operations: readonly Operation[]) {
  return operations
    .flatMap((operation) => [
      { at: operation.start, ends: false, operation },
      { at: operation.end, ends: true, operation },
    ])
    .toSorted((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends));
}

function figuresOf(operations: readonly Operation[], sendingMs: number | undefined) {
  const tally = new Tally();
  let elapsedMs = 0;
  // A visit with a key lasts from its first request to its first answer.
  const since = new Map<string, number | undefined>();
  for (const { type, key, start, end, number, servedBy } of operations) {
    elapsedMs = Math.max(elapsedMs, end);
    const second = Math.floor(end / 1000);
    if (key !== undefined && !since.has(key)) since.set(key, start);
    const from = key === undefined ? start : since.get(key);
    if (number === undefined) tally.failed(second);
    else if (type === 'hit' && from !== undefined) tally.answered(second, end - from, servedBy);
    if (key !== undefined && number !== undefined) since.set(key, undefined);
  }
  const { latencies, servedBy, seconds } = tally;
  return { elapsedMs, sendingMs: sendingMs ?? elapsedMs, latencies, servedBy, seconds };
}
