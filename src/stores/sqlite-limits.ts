/** What a transaction does with visitors' quotas. Not here: the transaction. */
import { type Take, takeOne, type Verdict, verdictOf } from '../counter/limiter.ts';
import type { Done } from './sqlite-database.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Takes one of each and forgets who has all again. `at` is now, in milliseconds since 1970. To be called in a transaction. */
export function takeAll(file: SqliteFile, wanted: readonly Take[], at: number): Done<readonly Verdict[]> {
  const nowUs = at * 1000;
  let changed = false;
  const answer = wanted.map(({ who, limit }) => {
    const kept = file.limit.get(limit.name, who)?.fullAtUs;
    const taken = takeOne(limit, kept, nowUs);
    if (taken.fullAtUs !== kept) {
      file.keepLimit.run(limit.name, who, taken.fullAtUs);
      changed = true;
    }
    return verdictOf(limit, taken, nowUs);
  });
  if (changed) file.forgetLimits.run(nowUs);
  return { answer, changed };
}
