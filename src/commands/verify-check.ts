/** `seen verify --check FILE`: judges a recorded history, without visits. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { AppError } from '../counter/errors.ts';
import { type Frame, type Operation, readHistoryLine } from '../verify/history.ts';
import { judgeHistory } from '../verify/judge-history.ts';
import { passed, report } from '../verify/report.ts';
import type { Context } from './command.ts';

/**
 * Judges the history in the file at `path`. With `alone` it is judged as if nobody else had
 * visited, even if the history does not say so. Returns the exit status. Fails with
 * `usage-invalid` when the file cannot be read.
 */
export async function checkFile(
  path: string,
  alone: boolean,
  print: Context['print'],
): Promise<number> {
  const operations: Operation[] = [];
  let frame: Frame | undefined;
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      number++;
      if (line.trim() === '') continue;
      const entry = readHistoryLine(line, `${path}, line ${number},`);
      if (entry.type === 'frame') frame = entry;
      else operations.push(entry);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('usage-invalid', `${path} cannot be read: ${String(cause)}.`, { cause });
  }
  if (!frame) {
    throw new AppError(
      'usage-invalid',
      `${path} has no line with "type":"frame", which has the counter's values before and after.`,
    );
  }
  const { result, figures } = judgeHistory({ ...frame, alone: alone || frame.alone, operations });
  print(report(path, result, figures));
  return passed(result, figures) ? 0 : 1;
}
