/** The contents of a Redis by kind of key: this separates planned growth from leaks. */
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

/** What it holds now, what takes most first. */
export async function keptIn(redis: RedisServer): Promise<Kept[]> {
  const told = await redis.cli('EVAL', BY_KIND, '0');
  return told
    .split(';')
    .map((line) => line.trim().split(' '))
    .map(([kind = '', entries, bytes]) => ({
      kind,
      entries: Number(entries),
      bytes: Number(bytes),
    }))
    .toSorted((a, b) => b.bytes - a.bytes);
}
