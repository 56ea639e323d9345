-- Notes down that a replica is there, and answers which are.
--
-- KEYS[1]  a hash from replicas to when they were heard, in milliseconds since 1970 on Redis'
--          clock, and what they said
-- ARGV[1]  which replica
-- ARGV[2]  what it says, in one line
-- ARGV[3]  for how long silent ones are remembered, in milliseconds
--
-- Answers a line for each: for how many milliseconds it has been silent, and what it said.
--
-- Atomic because Redis runs a script alone. Those that are silent for longer are forgotten by
-- whoever comes next, and all of them when nobody comes.

local seconds, microseconds = unpack(redis.call('TIME'))
local now = tonumber(seconds) * 1000 + math.floor(tonumber(microseconds) / 1000)
local memory = tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now, ARGV[2]))
redis.call('PEXPIRE', KEYS[1], memory)
local heard, lines = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #heard, 2 do
  local time, said = string.match(heard[at + 1], '^(%d+) (.*)$')
  local silent = math.max(0, now - tonumber(time))
  -- From farther ahead is a clock that was set back.
  if silent > memory or tonumber(time) - now > memory then
    redis.call('HDEL', KEYS[1], heard[at])
  else
    lines[#lines + 1] = string.format('%.0f %s', silent, said)
  end
end
return table.concat(lines, '\n')
