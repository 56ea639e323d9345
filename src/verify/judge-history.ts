/** Judges a history that was written down, as if it happened now: beginnings and ends in the order of time. */
import type { History, Operation } from './history.ts';
import { type Begun, Judge } from './judge.ts';
import { Latencies } from './latencies.ts';
import type { Figures, Result, Second } from './run.ts';

/** The verdict, and the figures that the operations give. */
export function judgeHistory({ operations, ...frame }: History): { result: Result; figures: Figures } {
  const judge = new Judge(frame.before);
  const begun = new Map<Operation, Begun>();
  for (const { ends, operation } of inOrder(operations)) {
    if (!ends) {
      begun.set(operation, judge.begin(operation.type, operation.connection));
      continue;
    }
    const beginning = begun.get(operation);
    if (beginning) judge.end(beginning, operation);
    begun.delete(operation);
  }
  return {
    result: { frame, findings: judge.verdict(frame) },
    figures: { answered: judge.answered, failures: judge.failures, ...figuresOf(operations) },
  };
}

/** At one instant what begins comes first: it knew nothing of what ended then. */
function inOrder(operations: readonly Operation[]) {
  return operations
    .flatMap((operation) => [
      { at: operation.start, ends: false, operation },
      { at: operation.end, ends: true, operation },
    ])
    .toSorted((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends));
}

function figuresOf(operations: readonly Operation[]) {
  const latencies = new Latencies();
  const servedBy = new Map<string, number>();
  const seconds: Second[] = [];
  let elapsedMs = 0;
  for (const { type, start, end, number, servedBy: name } of operations) {
    elapsedMs = Math.max(elapsedMs, end);
    if (type !== 'hit' || number === undefined) continue;
    latencies.add(end - start);
    if (name !== undefined) servedBy.set(name, (servedBy.get(name) ?? 0) + 1);
  }
  return { elapsedMs, latencies, servedBy, seconds };
}
