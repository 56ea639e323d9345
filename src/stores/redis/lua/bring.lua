-- Brings one counter with its history, once from each source.
--
-- KEYS[1]  its total
-- KEYS[2]  its record; here "from:SOURCE" besides, for each source that it was brought from
-- KEYS[3]  the names of all counters
-- ARGV[1]  "bring", or "foresee", which changes nothing and answers what "bring" would
-- ARGV[2]  the counter's name
-- ARGV[3]  the source
-- ARGV[4]  what to do with a counter that is there: "keep", "add" or "replace"
-- ARGV[5]  how many counters there may be
-- ARGV[6]  the total
-- ARGV[7]  when it was made, its owner and its rules, each or nothing: "made" (milliseconds since
--          1970), ARGV[8] "owner", ARGV[9] "rules"
-- ARGV[10] its hours, ARGV[11] its days, ARGV[12] its visitors by day: "FIELD AMOUNT FIELD AMOUNT
-- ...", as they stand in their hashes
--
-- Answers "made", "kept", "added", "replaced", "done", "out-of-range", "unreadable" or
-- "counters-full".
--
-- Atomic because Redis runs a script alone. It has no rollback, so all that could be refused is
-- looked at before anything is written.

local bring, name, source, existing = ARGV[1] == 'bring', ARGV[2], 'from:' .. ARGV[3], ARGV[4]
local EXACT = 9007199254740991
local DEFAULT = 'hits'
local HASHES = {'seen:hours:' .. name, 'seen:days:' .. name, 'seen:uniques:' .. name}

local function figures(text)
  return string.gmatch(text, '(%S+) (%S+) ?')
end

-- What "add" comes to: "added", or why nothing can be added.
local function adding()
  local total = redis.pcall('GET', KEYS[1])
  if type(total) ~= 'string' or not string.match(total, '^%-?%d+$') then return 'unreadable' end
  if math.abs(tonumber(total) + tonumber(ARGV[6])) > EXACT then return 'out-of-range' end
  for index, key in ipairs(HASHES) do
    for field, amount in figures(ARGV[9 + index]) do
      local before = redis.pcall('HGET', key, field)
      if type(before) == 'table' then return 'unreadable' end
      if math.abs(tonumber(before or 0) + tonumber(amount)) > EXACT then return 'out-of-range' end
    end
  end
  return 'added'
end

local function foresee()
  if redis.call('EXISTS', KEYS[1]) == 0 then
    local full = name ~= DEFAULT and redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5])
    return full and 'counters-full' or 'made'
  end
  local mark = redis.pcall('HGET', KEYS[2], source)
  if type(mark) == 'table' then return 'unreadable' end
  if mark then return 'done' end
  if existing == 'keep' then return 'kept' end
  if existing == 'replace' then return 'replaced' end
  return adding()
end

local outcome = foresee()
local writes = outcome == 'made' or outcome == 'added' or outcome == 'replaced'
if not bring or not writes then return outcome end

if outcome == 'added' then
  redis.call('INCRBY', KEYS[1], ARGV[6])
else
  -- SET first: Redis refuses it when memory is full, and nothing that a script writes after its
  -- first command.
  redis.call('SET', KEYS[1], ARGV[6])
  redis.call('DEL', KEYS[2], 'seen:visitors:' .. name, 'seen:recent:' .. name, unpack(HASHES))
  -- Also where it is not known, or the next hit would take it for a new counter.
  redis.call('HSET', KEYS[2], 'made', ARGV[7])
  if ARGV[8] ~= '' then redis.call('HSET', KEYS[2], 'owner', ARGV[8]) end
  if ARGV[9] ~= '' then redis.call('HSET', KEYS[2], 'rules', ARGV[9]) end
end
redis.call('ZADD', KEYS[3], 0, name)
for index, key in ipairs(HASHES) do
  for field, amount in figures(ARGV[9 + index]) do redis.call('HINCRBY', key, field, amount) end
end
redis.call('HSET', KEYS[2], source, '1')
return outcome
