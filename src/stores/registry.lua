-- Makes, sets, gives away, rules or deletes one counter.
--
-- KEYS[1]  its total: a plain integer
-- KEYS[2]  its record: a hash of "made" (milliseconds since 1970), "owner" (the hash of a token) and "rules"
-- KEYS[3]  the names of all counters: a sorted set, all of the same score, so that it is in the order of the names
-- ARGV[1]  what to do: "make", "set", "give", "rule" or "delete"
-- ARGV[2]  the counter's name
-- ARGV[3]  now, or when it is made, in milliseconds since 1970
-- ARGV[4]  the total (make, set), the owner (give), or the rules (rule)
-- ARGV[5]  the owner (make)
-- ARGV[6]  how many counters may be (make)
-- ARGV[7]  its rules, or nothing (make)
--
-- Answers "ok", "exists" (make), "full" (make) or "missing" (set, give, rule). The default counter, whose key is its name, is always there.
--
-- Atomic because Redis runs a script alone. Each is the same when it is done again.

local what, name = ARGV[1], ARGV[2]
local there = redis.call('EXISTS', KEYS[1]) == 1

-- Noted down for whoever takes a snapshot (archive.lua).
if redis.call('EXISTS', 'seen:changed') == 1 then redis.call('SADD', 'seen:changed', name) end

local function begin(total)
  redis.call('SET', KEYS[1], total)
  redis.call('HSETNX', KEYS[2], 'made', ARGV[3])
  redis.call('ZADD', KEYS[3], 0, name)
end

if what == 'delete' then
  redis.call('DEL', KEYS[1], KEYS[2])
  for _, what_else in ipairs({'hours', 'days', 'visitors', 'uniques', 'recent'}) do redis.call('DEL', 'seen:' .. what_else .. ':' .. name) end
  redis.call('ZREM', KEYS[3], name)
  return 'ok'
end

if what == 'make' then
  if there then return redis.call('HGET', KEYS[2], 'owner') == ARGV[5] and 'ok' or 'exists' end
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[6]) then return 'full' end
  begin(ARGV[4])
  redis.call('HSET', KEYS[2], 'owner', ARGV[5])
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], 'rules', ARGV[7]) end
  return 'ok'
end

if not there then
  if KEYS[1] ~= name then return 'missing' end
  begin('0')
end
if what == 'set' then
  redis.call('SET', KEYS[1], ARGV[4])
else
  redis.call('HSET', KEYS[2], what == 'give' and 'owner' or 'rules', ARGV[4])
end
return 'ok'
