/**
 * An invented history for pictures: a year of visits, written into the database before the program
 * starts. Always the same.
 */
import { Database } from 'bun:sqlite';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS } from '../../src/contract/history.ts';

/** How many visits of each kind there are for a hundred. */
const KINDS = { person: 71, program: 14, proxy: 9, bot: 6 } as const;
const DAYS = 330;

/**
 * Fills the default counter's past up to `now` (milliseconds since 1970). The tables must be
 * there.
 */
export function makeUpPast(database: string, now: number): void {
  using db = new Database(database);
  db.run('PRAGMA busy_timeout = 5000');
  const addHour = db.prepare('INSERT INTO hours VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const addDay = db.prepare('INSERT INTO days VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const addVisitors = db.prepare('INSERT INTO uniques VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const hour = Math.floor(now / HOUR_MS);
  const today = Math.floor(now / DAY_MS);
  let all = 0;
  db.transaction(() => {
    for (let day = today - DAYS; day <= today; day++) {
      const busy =
        (40 + (day - today + DAYS) / 3) * (day % 7 < 2 ? 0.55 : 1) * (0.8 + 0.4 * chance(day));
      for (const [kind, part] of Object.entries(KINDS)) {
        let left = 0;
        for (let at = day * 24; at < Math.min(day * 24 + 24, hour); at++) {
          const light = 0.25 + Math.max(0, Math.sin(((at % 24) - 5) / 6)) ** 1.5;
          const amount = Math.round(
            (busy / 12) * (part / 100) * light * (0.6 + 0.8 * chance(at * 7 + part)),
          );
          if (amount > 0 && day > today - HOURS_KEPT_DAYS) addHour.run('hits', at, kind, amount);
          else left += amount;
          all += amount;
        }
        if (left > 0) addDay.run('hits', day, kind, left);
      }
      addVisitors.run('hits', day, Math.round(busy * 0.62));
    }
    db.run(
      'INSERT INTO counters (name, total) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET total = total + excluded.total',
      ['hits', all],
    );
  })();
}

/** A number from 0 to 1 that is the same for the same seed. */
function chance(seed: number): number {
  const wave = Math.sin(seed * 12.9898) * 43758.5453;
  return wave - Math.floor(wave);
}
