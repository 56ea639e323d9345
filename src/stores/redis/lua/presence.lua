-- Stores a replica's report, and returns the last reports of all replicas.
--
-- KEYS[1]  a hash from the replicas' ids to "TIME REPORT", with the time in milliseconds since
--          1970 on Redis' clock
--
-- ARGV[1], packed:
--   replica   its id
--   report    a text
--   memoryMs  how long silent replicas are remembered, in milliseconds
--
-- Returns a list, for each replica: {the milliseconds since its last report, the report}.
--
-- Atomic because Redis runs a script alone. The next report of any replica deletes those that are
-- silent for longer. Without any report the whole hash expires.

local seconds, microseconds = unpack(redis.call('TIME'))
local now = tonumber(seconds) * 1000 + math.floor(tonumber(microseconds) / 1000)
local memory = ARGS.memoryMs
redis.call('HSET', KEYS[1], ARGS.replica, whole(now) .. ' ' .. ARGS.report)
redis.call('PEXPIRE', KEYS[1], memory)
local heard, answer = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #heard, 2 do
  local time, report = string.match(heard[at + 1], '^(%d+) (.*)$')
  local silent = math.max(0, now - tonumber(time))
  -- A time farther ahead than that was written before the clock was set back.
  if silent > memory or tonumber(time) - now > memory then
    redis.call('HDEL', KEYS[1], heard[at])
  else
    answer[#answer + 1] = {silent, report}
  end
end
return cmsgpack.pack(answer)
