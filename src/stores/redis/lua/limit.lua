-- Takes requests from quotas, for many visitors.
--
-- KEYS[1]  a sorted set of the visitors who have used part of a quota, by the time when it is full
--          again, in microseconds since 1970
--
-- ARGV[1], packed:
--   now     microseconds since 1970
--   most    the most visitors that the set may have
--   wanted  a flat list, four entries for each: "LIMIT:VISITOR", the member of the set; the
--           microseconds until one more is allowed; those until an empty quota is full; and how
--           many requests are taken
--
-- Returns a list, for each: {whether all of them are allowed, when the quota is full again}. If
-- fewer remain, those are taken. A visitor who does not fit into the set is not stored. The
-- arithmetic is that of counter/limits/rate-limit.ts, on whole numbers that are exact in Lua.
--
-- Atomic because Redis runs a script alone. The first write is ZADD, which Redis refuses when its
-- memory is full; then nothing is stored, and the script fails.

local SET = KEYS[1]
-- More than one call adds, so that deleting keeps up. It takes about a millisecond.
local FORGET_AT_ONCE = 1000
local DAY_MS = 24 * 60 * 60 * 1000 -- no window is longer

local now, most, wanted = ARGS.now, ARGS.most, ARGS.wanted
local size = redis.pcall('ZCARD', SET)
if type(size) == 'table' then
  -- Another program has stored another type under this key.
  redis.call('DEL', SET)
  size = 0
end

local full_at, changed, answer = {}, {}, {}
for at = 1, #wanted, 4 do
  local who, one, all, count = wanted[at], wanted[at + 1], wanted[at + 2], wanted[at + 3]
  local known = full_at[who] or tonumber(redis.call('ZSCORE', SET, who) or nil)
  local kept = known or now
  local full = math.min(math.max(kept, now), now + all)
  local taken = math.min(count, math.floor((now + all - full) / one))
  full = full + taken * one
  if (taken > 0 or full < kept) and (known or size < most) then
    if not known then size = size + 1 end
    full_at[who] = full
    changed[who] = full
  end
  answer[#answer + 1] = {taken == count, full}
end
if next(changed) == nil then return cmsgpack.pack(answer) end

local refused
for who, full in pairs(changed) do
  local added = redis.pcall('ZADD', SET, whole(full), who)
  if type(added) == 'table' then
    refused = added.err
    break
  end
end
-- Deletes quotas that are full again, also when memory is full, and times so far ahead that a
-- wrong clock has written them.
local ahead = '(' .. whole(now + 2 * DAY_MS * 1000)
for _, between in ipairs({{'-inf', whole(now)}, {ahead, '+inf'}}) do
  local over = redis.call('ZRANGEBYSCORE', SET, between[1], between[2], 'LIMIT', 0, FORGET_AT_ONCE)
  if #over > 0 then redis.call('ZREM', SET, unpack(over)) end
end
redis.call('PEXPIRE', SET, 2 * DAY_MS)
if refused then return redis.error_reply(refused) end
return cmsgpack.pack(answer)
