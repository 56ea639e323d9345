-- Takes one of a quota, for each of many visitors.
--
-- KEYS     one for each: when all of the visitor's quota is there again, in microseconds since 1970; none where it is
-- ARGV[1]  now, in microseconds since 1970
-- ARGV[2...]  two for each: after how many microseconds one is there again, and all of it
--
-- Answers two words for each: "1" when it was given and "0" when not, and what is kept then.
--
-- Atomic because Redis runs a script alone. A key ends when all is there again. The arithmetic is that of counter/limiter.ts, on whole
-- numbers that are exact in Lua.

local now = tonumber(ARGV[1])
local answer = {}
for at, key in ipairs(KEYS) do
  local one, all = tonumber(ARGV[at * 2]), tonumber(ARGV[at * 2 + 1])
  local kept = redis.pcall('GET', key)
  -- What somebody else has put there is written over.
  kept = type(kept) == 'string' and tonumber(kept) or now
  local full = math.min(math.max(kept, now), now + all)
  local allowed = full + one <= now + all
  if allowed then full = full + one end
  if allowed or full < kept then
    redis.call('SET', key, string.format('%.0f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000)))
  end
  answer[#answer + 1] = (allowed and '1 ' or '0 ') .. string.format('%.0f', full)
end
return table.concat(answer, ' ')
