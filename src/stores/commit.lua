-- Applies one batch of one writer, once.
--
-- KEYS[1]      the writer's record: "SEQUENCE OUTCOME OUTCOME ...", of its last batch
-- KEYS[2...]   the counters: plain integers, as INCR keeps them; one for each change
-- KEYS[...]    then for each change with a request: the request's key, "TOTAL REQUEST" where it was answered before
-- KEYS[...]    then, if there are such: how many keys were kept yesterday, and today
-- KEYS[last]   the names of all counters: a sorted set, all of the same score, so that it is in the order of the names
-- ARGV[1]      the batch's sequence number
-- ARGV[2]      how long the writer is remembered, in milliseconds
-- ARGV[3]      how many changes there are
-- ARGV[4]      how long a request's key is remembered, in milliseconds
-- ARGV[5]      how many keys may be kept
-- ARGV[6]      how many counters there may be; 0 when a hit makes none
-- ARGV[7]      now, in milliseconds since 1970
-- ARGV[8...]   the changes, in the order of the counters, three for each: "AMOUNT", or "AMOUNT REQUEST" for what counts once, with
--              "~" before it when the change must not make its counter; what came of
--              which kind of visitor, as a letter and an amount each ("p12b1"); the visitors, with blanks between: the letter of the kind, the
--              id, and "*VISITS" where it is not one visit. After "?" they are all of the change's, and the token of the HyperLogLog is wanted; after
--              "=TOKEN " only those that are not in the HyperLogLog of that token (redis-visitors.ts)
--
-- Answers the outcomes as one string: totals, "h" after them when the counter is private, then where it has a window ":" and for each
-- visitor 1 or 0, whether their first visit counted ("57h:101"); or why a change was left out: "r" (out of range), "u" (unreadable), "k" (the key was
-- used for another request), "f" (no more keys may be kept), "m" (there is no such counter, and hits make none, or
-- this change may not), "c" (there are as many counters as may be). Where a token is wanted, "=TOKEN" follows.
-- Fails with SEQUENCE when the record is neither of this batch nor of the one before, and with VISITORS, having written nothing, when visitors were
-- left out that are wanted: their HyperLogLog is not there any more, or the counter has a window.
--
-- Atomic because Redis runs a script alone and writes what it did to the append-only file as one transaction. A script
-- has no rollback, so what was applied is taken back by hand when a later command is refused (but visitors, who are not counted twice).
-- What is kept of a counter beside its total is in keys of its name that are not in KEYS: Redis Cluster, which would want them there, is not
-- supported. They are:
--   seen:counter:NAME   its record; here "made", "rules", "day": the day that seen:visitors:NAME is of, and "sketch": the token of that,
--                       which is gone whenever that is, and names the day: a version before tokens leaves them where they are
--   seen:hours:NAME     a hash from hour and kind ("497821p") to what was added; seen:days:NAME the same by day, for what is older
--   seen:visitors:NAME  a HyperLogLog of the day's visitors; seen:uniques:NAME a hash from days to how many they were besides
--   seen:recent:NAME    with a window: a sorted set of visitors by when a visit of theirs counted last
-- While somebody takes a snapshot there is seen:changed, and the names of the counters that change go there (archive.lua).

local record = redis.call('GET', KEYS[1])
local sequence = tonumber(ARGV[1])
local last, outcomes = 0, nil
if record then
  local number, rest = string.match(record, '^(%d+) (.*)$')
  last, outcomes = tonumber(number), rest
end
if last == sequence then
  return outcomes
end
if last ~= sequence - 1 then
  return redis.error_reply(string.format('SEQUENCE this is batch %d, but the last one kept for this writer is %d', sequence, last))
end

local EXACT = 9007199254740991 -- 2^53 - 1: past it neither this script nor JSON carries a number exactly
local COUNT_MEMORY_MS = 48 * 60 * 60 * 1000 -- of the numbers of keys: as long as today is somebody's yesterday
local CHANGED = 'seen:changed'
local PREFIX, DEFAULT = 'seen:total:', 'hits' -- the default counter's key is its name, and it is always there
local NOW = tonumber(ARGV[7])
local HOUR = math.floor(NOW / 3600000)
local DAY = math.floor(HOUR / 24)
local HOURS_KEPT = 35 * 24

local changes, counters_max = tonumber(ARGV[3]), tonumber(ARGV[6])
local YESTERDAY, TODAY, NAMES = KEYS[#KEYS - 2], KEYS[#KEYS - 1], KEYS[#KEYS]
local keys = #KEYS > changes + 2 -- whether any change counts once
local kept = keys and tonumber(redis.call('GET', YESTERDAY) or 0) + tonumber(redis.call('GET', TODAY) or 0)

local applied, noted, remembered, recent = {}, {}, {}, {}

local function name_of(at)
  return KEYS[at] == DEFAULT and DEFAULT or string.sub(KEYS[at], #PREFIX + 1)
end

local function take_back(at, amount)
  redis.pcall('INCRBY', KEYS[at], string.sub(amount, 1, 1) == '-' and string.sub(amount, 2) or '-' .. amount)
end

-- Calls a command on a key of ours; one that somebody has put something else into is left alone.
local function keep(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then
    if string.find(answer.err, 'WRONGTYPE', 1, true) then return nil end
    error(answer.err, 0)
  end
  return answer
end

-- Notes down a counter that is new. Answers whether it may be: if it is one too many, it is unmade.
local function note(at, name)
  local record = 'seen:counter:' .. name
  if keep('HSETNX', record, 'made', ARGV[7]) ~= 1 then return true end
  redis.call('ZADD', NAMES, 0, name)
  if name == DEFAULT or redis.call('ZCARD', NAMES) <= counters_max then return true end
  redis.call('DEL', KEYS[at], record)
  redis.call('ZREM', NAMES, name)
  return false
end

-- Adds to a figure of the history, which stays where it is when it would go farther than a number carries: it must not keep anybody from
-- counting. What is no number is left alone.
local function add_to(key, field, amount)
  local sum = redis.pcall('HINCRBY', key, field, amount)
  local far = type(sum) == 'number' and (sum > EXACT or sum < -EXACT)
  if type(sum) == 'table' then
    if string.find(sum.err, 'would overflow', 1, true) then
      far = true
    elseif not string.find(sum.err, 'WRONGTYPE', 1, true) and not string.find(sum.err, 'not an integer', 1, true) then
      error(sum.err, 0)
    end
  end
  if far then redis.call('HSET', key, field, string.format('%.0f', tonumber(amount) < 0 and -EXACT or EXACT)) end
end

-- Once a day: yesterday's visitors become a number, and hours that are old become days.
local function fold(name, before)
  local visitors = 'seen:visitors:' .. name
  -- Added to what was brought of that day from elsewhere.
  if before then keep('HINCRBY', 'seen:uniques:' .. name, before, keep('PFCOUNT', visitors) or 0) end
  redis.call('DEL', visitors)
  keep('HSET', 'seen:counter:' .. name, 'day', DAY)
  keep('HDEL', 'seen:counter:' .. name, 'sketch')
  local hours = 'seen:hours:' .. name
  for _, field in ipairs(keep('HKEYS', hours) or {}) do
    local hour, kind = string.match(field, '^(%d+)(%a)$')
    if hour and tonumber(hour) < HOUR - HOURS_KEPT then
      add_to('seen:days:' .. name, math.floor(tonumber(hour) / 24) .. kind, redis.call('HGET', hours, field))
      redis.call('HDEL', hours, field)
    end
  end
end

-- Adds to the hour what came of which kind of visitor, of the change `at`; with `sign` -1 takes that back.
local function add_kinds(at, name, kinds, sign)
  for kind, amount in string.gmatch(kinds, '(%a)(%-?%d+)') do
    if amount ~= '0' then
      if sign == -1 then amount = string.sub(amount, 1, 1) == '-' and string.sub(amount, 2) or '-' .. amount end
      add_to('seen:hours:' .. name, HOUR .. kind, amount)
      if sign == 1 then noted[at] = (noted[at] or '') .. kind .. amount end
    end
  end
end

-- Whether the visitors kept are of a day that is over. Not a day back: a replica's clock may be behind another's. From farther ahead, where a clock
-- was wrong, yes.
local function is_over(day)
  return not day or DAY > tonumber(day) or DAY < tonumber(day) - 1
end

local function window_of(rules)
  return rules and tonumber(string.match(rules, ' (%d+)$')) or 0
end

-- Whether a token is of the day that the visitors kept are of.
local function is_of(day, token)
  return token and string.match(token, '^%d+') == day
end

-- Whether a change leaves out visitors that are wanted.
local function misses_visitors(at)
  local token = string.match(ARGV[at * 3 + 4], '^=(%S+)')
  if not token then return false end
  local name = name_of(at)
  local day, rules, sketch = unpack(keep('HMGET', 'seen:counter:' .. name, 'day', 'rules', 'sketch') or {})
  return sketch ~= token or not is_of(day, token) or is_over(day) or window_of(rules) > 0 or redis.call('EXISTS', 'seen:visitors:' .. name) == 0
end

-- Remembers who it was that added something. `before` is the day that the visitors kept are of, `sketch` the token of those.
local function remember(at, kinds, before, sketch)
  local name, visitors = name_of(at), ARGV[at * 3 + 4]
  if is_over(before) then
    -- The default counter may have been begun by another program: the guide's application.
    if name == DEFAULT then note(at, name) end
    fold(name, before)
  end
  add_kinds(at, name, kinds, 1)
  if visitors == '' then return end
  local first = string.sub(visitors, 1, 1)
  -- Somebody has deleted them, or Redis has for want of memory: who is left out by the old token would be missing in the new ones.
  if sketch and first ~= '=' and redis.call('EXISTS', 'seen:visitors:' .. name) == 0 then
    keep('HDEL', 'seen:counter:' .. name, 'sketch')
  end
  if first == '=' or first == '?' then visitors = string.match(visitors, '^=%S+(.*)$') or string.sub(visitors, 2) end
  local ids = {}
  local function add_visitors()
    keep('PFADD', 'seen:visitors:' .. name, unpack(ids))
    ids = {}
  end
  for visitor in string.gmatch(visitors, '([^ *]+)[*%d]*') do
    ids[#ids + 1] = visitor
    if #ids == 1000 then add_visitors() end -- Lua passes some 8,000 arguments at the most
  end
  if #ids > 0 then add_visitors() end
end

-- With a window: notes down which of the visitors have not been counted within it. Answers what is left of the amount and of the kinds, and a
-- digit for each visitor.
local function within_window(at, amount, kinds, window)
  local key, digits, dropped = 'seen:recent:' .. name_of(at), {}, {}
  keep('ZREMRANGEBYSCORE', key, '-inf', NOW - window)
  keep('ZREMRANGEBYSCORE', key, NOW + window, '+inf') -- of a clock that was far ahead
  for kind, id, visits in string.gmatch(ARGV[at * 3 + 4], '(%a)([^ *]+)%*?(%d*)') do
    visits = tonumber(visits) or 1
    local first = visits > 0 and (keep('ZADD', key, 'NX', NOW, kind .. id) or 1) or 0
    if first == 1 then recent[#recent + 1] = {key, kind .. id} end
    digits[#digits + 1] = first
    dropped[kind] = (dropped[kind] or 0) + visits - first
  end
  redis.call('PEXPIRE', key, window)
  for kind, count in pairs(dropped) do
    if count > 0 then
      amount = amount - count
      kinds = string.gsub(kinds, kind .. '(%-?%d+)', function(all) return string.format('%s%.0f', kind, all - count) end)
    end
  end
  return string.format('%.0f', amount), kinds, ':' .. table.concat(digits)
end

-- Forgets again who was noted down after the first `count`.
local function forget_recent(count)
  for _ = count + 1, #recent do
    local visit = table.remove(recent)
    redis.pcall('ZREM', visit[1], visit[2])
  end
end

-- What is said after a total: whether it is private.
local function privacy_of(rules)
  return rules and string.match(rules, ' private ') and 'h' or ''
end

-- "=" and the token of the HyperLogLog of a change's counter: of its day, and one that nothing else has or had, not even an attempt before at this batch.
local function token_of(at)
  local record = 'seen:counter:' .. name_of(at)
  local day, token = unpack(keep('HMGET', record, 'day', 'sketch') or {})
  if day and not is_of(day, token) then
    token = table.concat({day, ARGV[7], ARGV[1], KEYS[1]}, '@')
    redis.call('HSET', record, 'sketch', token)
  end
  return day and '=' .. token or ''
end

-- The outcome of a change as a string.
local function apply(at, amount)
  local barred = string.byte(amount) == 126
  if barred then amount = string.sub(amount, 2) end
  local before, rules, sketch = unpack(keep('HMGET', 'seen:counter:' .. name_of(at), 'day', 'rules', 'sketch') or {})
  -- A counter with a day has had visits, so it exists: a hit on it needs no EXISTS.
  local makes_none = counters_max == 0 or barred and not before
  if makes_none and KEYS[at] ~= DEFAULT and redis.call('EXISTS', KEYS[at]) == 0 then return 'm' end
  local kinds, said, noted_before = ARGV[at * 3 + 3], privacy_of(rules), #recent
  local window = window_of(rules)
  if window > 0 then
    local digits
    amount, kinds, digits = within_window(at, amount, kinds, window)
    said = said .. digits
  end
  local total = redis.pcall('INCRBY', KEYS[at], amount)
  if type(total) == 'number' then
    if total > EXACT or total < -EXACT then
      take_back(at, amount)
      forget_recent(noted_before)
      return 'r'
    end
    if total == tonumber(amount) and not note(at, name_of(at)) then return 'c' end
    applied[at] = amount
    remember(at, kinds, before, sketch)
    if window == 0 and string.sub(ARGV[at * 3 + 4], 1, 1) == '?' then said = said .. token_of(at) end
    return string.format('%.0f', total) .. said
  end
  forget_recent(noted_before)
  if string.find(total.err, 'would overflow', 1, true) then return 'r' end
  if string.find(total.err, 'not an integer', 1, true) or string.find(total.err, 'WRONGTYPE', 1, true) then return 'u' end
  error(total.err, 0)
end

-- The same for a change that counts once.
local function apply_once(at, amount, request, key)
  local before = redis.pcall('GET', key)
  if type(before) == 'table' then return 'u' end
  local total, same = string.match(before or '', '^(%S+) (.*)$')
  if total and same ~= request then return 'k' end
  if total then return total .. privacy_of(keep('HGET', 'seen:counter:' .. name_of(at), 'rules')) end
  if kept >= tonumber(ARGV[5]) then return 'f' end
  local outcome = apply(at, amount)
  if applied[at] then
    redis.call('SET', key, string.match(outcome, '^-?%d+') .. ' ' .. request, 'PX', ARGV[4])
    kept = kept + 1
    remembered[#remembered + 1] = key
  end
  return outcome
end

for at = 2, changes + 1 do
  if string.byte(ARGV[at * 3 + 4]) == 61 and misses_visitors(at) then
    return redis.error_reply('VISITORS that were left out are wanted')
  end
end

local function apply_all()
  local result = {}
  local key_at = changes + 1
  for at = 2, changes + 1 do
    local amount, request = ARGV[at * 3 + 2], ''
    if keys then amount, request = string.match(amount, '^(%S+) ?(.*)$') end
    if request == '' then
      result[at - 1] = apply(at, amount)
    else
      key_at = key_at + 1
      result[at - 1] = apply_once(at, amount, request, KEYS[key_at])
    end
  end
  if #remembered > 0 then
    local today = tonumber(redis.call('GET', TODAY) or 0) + #remembered
    redis.call('SET', TODAY, string.format('%d', today), 'PX', COUNT_MEMORY_MS)
  end
  if redis.call('EXISTS', CHANGED) == 1 then
    for at in pairs(applied) do redis.call('SADD', CHANGED, name_of(at)) end
  end
  outcomes = table.concat(result, ' ')
  redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. outcomes, 'PX', ARGV[2])
end

local done, refused = pcall(apply_all)
if done then
  return outcomes
end
for at, amount in pairs(applied) do
  take_back(at, amount)
  if noted[at] then pcall(add_kinds, at, name_of(at), noted[at], -1) end
end
forget_recent(0)
for _, key in ipairs(remembered) do redis.pcall('SET', key, '', 'PX', 1) end
-- Redis 7 raises a table, Redis 6 a string.
return redis.error_reply(type(refused) == 'table' and refused.err or refused)
