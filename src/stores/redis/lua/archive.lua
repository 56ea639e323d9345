-- Reads counters whole for a snapshot, and which of them have changed since.
--
-- KEYS[1]  the names of the counters that changed since the snapshot began, beside them "=ID":
--          whose snapshot it is. While this key exists, all that changes counters adds their names
--          here. It expires when its exporter is silent.
-- ARGV[1]  what to do: "begin", "read", "take", "last" or "end"
-- ARGV[2]  the snapshot's ID
-- ARGV[3]  after how many milliseconds of silence the snapshot ends (begin, read, take); how many
--          may have changed at the most (last)
-- ARGV[4]  how much is enough to read at one go, in figures of history (read, take)
-- ARGV[5...] names (read); how many names at the most (take)
--
-- Answers what it did, then what was asked for:
--   begin: "ok", or "running" while there is another
--   read:  "ok" and the counters, from the first on as many as are enough
--   take:  "ok", how many are left, and as many counters that changed as are enough; they are
--          taken out of the set
--   last:  "ok" and all that changed, and the snapshot has ended; or "many" when they are too many
--          to be read at one go
--   end:   "ok"
-- All but begin and end answer "lost" when the snapshot is not this one any more: changes may have
-- been missed.
--
-- A counter is its name alone when there is none, or its name, total, "made", "owner", "rules",
-- "day", hours, days, uniques, and how many visitors today has. Atomic because Redis runs a script
-- alone, so each call reads little.

local what, id = ARGV[1], '=' .. ARGV[2]
local PREFIX, DEFAULT = 'seen:total:', 'hits'
local ENOUGH = what == 'last' and math.huge or tonumber(ARGV[4])

if what == 'begin' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return {'running'} end
  redis.call('SADD', KEYS[1], id)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'ok'}
end

local ours = redis.call('SISMEMBER', KEYS[1], id) == 1
if what == 'end' then
  if ours then redis.call('DEL', KEYS[1]) end
  return {'ok'}
end
if not ours then return {'lost'} end

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

-- Reads counters until it is enough.
local function read(names, from, answer, take)
  local size = 0
  for at = from, #names do
    if names[at] ~= id then
      if size >= ENOUGH then break end
      if take then redis.call('SREM', KEYS[1], names[at]) end
      local counter, more = dump(names[at])
      size = size + more
      answer[#answer + 1] = counter
    end
  end
  return answer
end

if what == 'last' then
  if redis.call('SCARD', KEYS[1]) - 1 > tonumber(ARGV[3]) then return {'many'} end
  local answer = read(redis.call('SMEMBERS', KEYS[1]), 1, {'ok'})
  redis.call('DEL', KEYS[1])
  return answer
end

redis.call('PEXPIRE', KEYS[1], ARGV[3])
if what == 'read' then return read(ARGV, 5, {'ok'}) end
local answer = read(redis.call('SRANDMEMBER', KEYS[1], ARGV[5]), 1, {'ok', 0}, true)
answer[2] = redis.call('SCARD', KEYS[1]) - 1
return answer
