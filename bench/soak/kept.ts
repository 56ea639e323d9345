/**
 * The contents of a store by kind, of Redis by key and of PostgreSQL by table: this separates
 * planned growth from leaks.
 */
import type { PostgresServer } from '../../test/support/postgres-server.ts';
import type { RedisServer } from '../../test/support/redis-server.ts';

/** The entries of one kind in a store. */
export interface Kept {
  readonly kind: string;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * KEYS, ARGV: none. Returns for each kind its name, the number of keys and their bytes. A kind is
 * the first two words of a key, `seen:writer` of `seen:writer:ID`. A run has some hundred keys, so
 * this blocks Redis for some milliseconds.
 */
const BY_KIND = `
local entries, bytes, cursor = {}, {}, '0'
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local kind = string.match(key, '^[^:]+:[^:]+') or key
    entries[kind] = (entries[kind] or 0) + 1
    bytes[kind] = (bytes[kind] or 0) + redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
  end
until cursor == '0'
local kinds = {}
for kind, count in pairs(entries) do
  kinds[#kinds + 1] = kind .. ' ' .. count .. ' ' .. bytes[kind]
end
return table.concat(kinds, ';')`;

/** The contents of Redis now, the largest kind first. */
export async function keptInRedis(redis: RedisServer): Promise<Kept[]> {
  const kinds = await redis.cli('EVAL', BY_KIND, '0');
  return readKept(kinds.split(';'));
}

/** Each table with its rows and bytes: dead rows and indexes have bytes, too. */
const BY_TABLE = `
SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables`;

/** The contents of PostgreSQL now, the largest table first. */
export async function keptInPostgres(postgres: PostgresServer): Promise<Kept[]> {
  const tables = await postgres.sql(BY_TABLE);
  return readKept(tables.split('\n').map((line) => line.replaceAll('|', ' ')));
}

/** Reads lines of a kind, its entries and its bytes. */
function readKept(lines: readonly string[]): Kept[] {
  return lines
    .map((line) => line.trim().split(' '))
    .map(([kind = '', entries, bytes]) => ({
      kind,
      entries: Number(entries),
      bytes: Number(bytes),
    }))
    .toSorted((a, b) => b.bytes - a.bytes);
}
