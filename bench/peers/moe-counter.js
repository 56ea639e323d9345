/**
 * A rewrite of what Moe-Counter does for a hit: Express, a number in memory, and SQLite now and
 * then.
 *
 * It answers before anything is stored: the first hit after each minute writes the totals, so up
 * to a minute of visits is lost with the process. There can be only one process, because two would
 * give the same numbers. The original also draws an image and writes a line of log for each hit;
 * this answers with the number alone.
 */
import process from 'node:process';
import Database from 'better-sqlite3';
import express from 'express';

const WRITE_EACH_MS = 60_000;

const database = new Database('count.db');
database.pragma('journal_mode = WAL');
database.exec(
  'CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, total INTEGER NOT NULL)',
);
const read = database.prepare('SELECT total FROM counters WHERE name = ?').pluck();
const write = database.prepare(
  'INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET total = excluded.total',
);
const writeAll = database.transaction((totals) => {
  for (const [name, total] of totals) write.run(name, total);
});

const totals = new Map();
let writtenAt = Date.now();

function hit(name) {
  const total = (totals.get(name) ?? read.get(name) ?? 0) + 1;
  totals.set(name, total);
  if (Date.now() - writtenAt >= WRITE_EACH_MS) {
    writeAll(totals);
    totals.clear();
    writtenAt = Date.now();
  }
  return total;
}

const app = express();
app.get('/record/:name', (request, response) => {
  response.set('Cache-Control', 'no-store');
  response.json({ name: request.params.name, num: hit(request.params.name) });
});
app.listen(Number(process.env.PORT), '127.0.0.1');
