/**
 * The contents of a store by kind, of Redis by key and of PostgreSQL by table: this separates
 * planned growth from leaks.
 */
import type { PostgresServer } from '../../test/support/postgres-server.ts';
import type { RedisServer } from '../../test/support/redis-server.ts';

/** What a store holds, of one kind: how many and how much. */
export interface Kept {
  readonly kind: string;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * KEYS, ARGV: none. Answers, for each kind, its name, how many keys and how many bytes: a few
 * hundred keys here, so that Redis stands still for some milliseconds. A kind is the first two
 * words of a key, `seen:writer` of `seen:writer:ID`.
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
local told = {}
for kind, count in pairs(entries) do told[#told + 1] = kind .. ' ' .. count .. ' ' .. bytes[kind] end
return table.concat(told, ';')`;

/** What Redis holds now, what takes most first. */
export async function keptInRedis(redis: RedisServer): Promise<Kept[]> {
  const told = await redis.cli('EVAL', BY_KIND, '0');
  return readKept(told.split(';'));
}

/** Each table with its rows and bytes: dead rows and indexes have bytes, too. */
const BY_TABLE = `
SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables`;

/** What PostgreSQL holds now, what takes most first. */
export async function keptInPostgres(postgres: PostgresServer): Promise<Kept[]> {
  const told = await postgres.sql(BY_TABLE);
  return readKept(told.split('\n').map((line) => line.replaceAll('|', ' ')));
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
