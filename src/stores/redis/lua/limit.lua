-- Takes one of a quota, for each of many visitors.
--
-- KEYS[1]  a sorted set: of each visitor who has not all of a quota, when all of it is there
--          again, in microseconds since 1970
--
-- ARGV[1], packed:
--   now     in microseconds since 1970
--   most    how many may be in the set
--   wanted  a list, three for each: limit and visitor, which is what stands in the set; after how
--           many microseconds one is there again; and all
--
-- Answers a list, for each: {whether it was given, when all of it is there again}. Who does not
-- fit into the set is given it and not noted down. The arithmetic is that of
-- counter/rate-limit.ts, on whole numbers that are exact in Lua.
--
-- Atomic because Redis runs a script alone. The first write is ZADD, which Redis refuses when its
-- memory is full; then nobody is noted down, and the script fails.

local SET = KEYS[1]
-- More than come in one call, so that forgetting keeps up; about a millisecond.
local FORGET_AT_ONCE = 1000
local DAY_MS = 24 * 60 * 60 * 1000 -- no window is longer

local now, most, wanted = ARGS.now, ARGS.most, ARGS.wanted
local size = redis.pcall('ZCARD', SET)
if type(size) == 'table' then
  -- Somebody else has put something else there.
  redis.call('DEL', SET)
  size = 0
end

local full_at, changed, answer = {}, {}, {}
for at = 1, #wanted, 3 do
  local who, one, all = wanted[at], wanted[at + 1], wanted[at + 2]
  local known = full_at[who] or tonumber(redis.call('ZSCORE', SET, who) or nil)
  local kept = known or now
  local full = math.min(math.max(kept, now), now + all)
  local allowed = full + one <= now + all
  if allowed then full = full + one end
  if (allowed or full < kept) and (known or size < most) then
    if not known then size = size + 1 end
    full_at[who] = full
    changed[who] = full
  end
  answer[#answer + 1] = {allowed, full}
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
-- Forgets who has all again, also when memory is full, and what is farther ahead than a clock that
-- is right notes down.
local ahead = '(' .. whole(now + 2 * DAY_MS * 1000)
for _, between in ipairs({{'-inf', whole(now)}, {ahead, '+inf'}}) do
  local over = redis.call('ZRANGEBYSCORE', SET, between[1], between[2], 'LIMIT', 0, FORGET_AT_ONCE)
  if #over > 0 then redis.call('ZREM', SET, unpack(over)) end
end
redis.call('PEXPIRE', SET, 2 * DAY_MS)
if refused then return redis.error_reply(refused) end
return cmsgpack.pack(answer)
