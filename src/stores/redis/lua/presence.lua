-- Notes down that a replica is there, and answers which are.
--
-- KEYS[1]  a hash from replicas to when they were heard, in milliseconds since 1970 on Redis'
--          clock, and what they said
--
-- ARGV[1], packed:
--   replica   which one
--   says      what it says, a text
--   memoryMs  for how long silent ones are remembered, in milliseconds
--
-- Answers a list, for each: {for how many milliseconds it has been silent, what it said}.
--
-- Atomic because Redis runs a script alone. Those that are silent for longer are forgotten by
-- whoever comes next, and all of them when nobody comes.

local seconds, microseconds = unpack(redis.call('TIME'))
local now = tonumber(seconds) * 1000 + math.floor(tonumber(microseconds) / 1000)
local memory = ARGS.memoryMs
redis.call('HSET', KEYS[1], ARGS.replica, whole(now) .. ' ' .. ARGS.says)
redis.call('PEXPIRE', KEYS[1], memory)
local heard, answer = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #heard, 2 do
  local time, said = string.match(heard[at + 1], '^(%d+) (.*)$')
  local silent = math.max(0, now - tonumber(time))
  -- From farther ahead is a clock that was set back.
  if silent > memory or tonumber(time) - now > memory then
    redis.call('HDEL', KEYS[1], heard[at])
  else
    answer[#answer + 1] = {silent, said}
  end
end
return cmsgpack.pack(answer)
