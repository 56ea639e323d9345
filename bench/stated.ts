/**
 * Reads the CPU time of a visit that decision 8 states from its text, so that the record and the
 * guard cannot differ.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const RECORD = join(import.meta.dir, '../docs/decisions/0008-where-the-time-goes.md');

/**
 * How many times the minimal program's CPU time a visit of `GET /` takes, as its row says: `| Seen
 * on Redis, one replica | 1.67 |`. Fails when there is no such row.
 */
export function statedRatio(service: string, record = readFileSync(RECORD, 'utf8')): number {
  const cell = record
    .split('\n')
    .map((line) => line.split('|').map((part) => part.trim()))
    .find((cells) => cells.length === 4 && cells[1] === service)?.[2];
  const ratio = Number(cell);
  if (!(ratio > 0))
    throw new Error(`Decision 8 has no row “| ${service} | RATIO |”: the guard compares with it.`);
  return ratio;
}
