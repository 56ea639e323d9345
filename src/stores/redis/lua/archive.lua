-- Reads counters whole, for an export.
--
-- KEYS     none: the keys of a counter are made of its name
-- ARGV[1]  how much is enough to read at one go, in figures of history
-- ARGV[2...] names
--
-- Answers the counters, from the first name on, until they are enough; one at least. A counter is
-- its name, total, "made", "owner", "rules", "day", hours, days, uniques, and how many visitors
-- today has; or its name alone when there is none.
--
-- Atomic because Redis runs a script alone, so each call reads little. It writes nothing.

local PREFIX, DEFAULT = 'seen:total:', 'hits'
local ENOUGH = tonumber(ARGV[1])

-- What stands under a key of ours; nothing where somebody has put something else.
local function look(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then
    if string.find(answer.err, 'WRONGTYPE', 1, true) then return {} end
    error(answer.err, 0)
  end
  return answer
end

-- The counter, and how much it is.
local function dump(name)
  local total = redis.pcall('GET', name == DEFAULT and DEFAULT or PREFIX .. name)
  if type(total) == 'table' and total.err then
    if not string.find(total.err, 'WRONGTYPE', 1, true) then error(total.err, 0) end
    total = 'something else'
  end
  if not total then return {name}, 1 end
  local record = look('HMGET', 'seen:counter:' .. name, 'made', 'owner', 'rules', 'day')
  local hours, days = look('HGETALL', 'seen:hours:' .. name), look('HGETALL', 'seen:days:' .. name)
  local uniques = look('HGETALL', 'seen:uniques:' .. name)
  local today = look('PFCOUNT', 'seen:visitors:' .. name)
  local size = 1 + (#hours + #days + #uniques) / 2
  return {
    name, total, record[1] or '', record[2] or '', record[3] or '', record[4] or '',
    hours, days, uniques, type(today) == 'number' and today or 0
  }, size
end

local answer, size = {}, 0
for at = 2, #ARGV do
  if size >= ENOUGH then break end
  local counter, more = dump(ARGV[at])
  size = size + more
  answer[#answer + 1] = counter
end
return answer
