/** Reads the whole source of an import before anything is imported. */
import { Findings } from '../../archive/tally.ts';
import type { Source } from './file-source.ts';

/** Reads the whole source; returns its mistakes and remarks, and the number of its counters. */
export async function check(source: Source): Promise<{ findings: Findings; counters: number }> {
  const findings = new Findings();
  let counters = 0;
  for await (const item of source.read()) {
    if ('wrong' in item) findings.wrong(item.line, item.wrong);
    else if ('note' in item) findings.note(item.note);
    else counters++;
  }
  return { findings, counters };
}
