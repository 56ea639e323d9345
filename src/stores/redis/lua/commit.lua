-- Applies one batch of one writer, once.
--
-- KEYS[1]      the writer's record: "SEQUENCE OUTCOME OUTCOME ...", of its last batch
-- KEYS[2...]   the counters: plain integers, as INCR keeps them; one for each change
-- KEYS[...]    then for each change with a request: the request's key, "TOTAL REQUEST" where it
--              was answered before
-- KEYS[last]   the names of all counters: a sorted set, all of the same score, so that it is in
--              the order of the names
-- ARGV[1]      the batch's sequence number
-- ARGV[2]      how long the writer is remembered, in milliseconds
-- ARGV[3]      how many changes there are
-- ARGV[4]      how long a request's key is remembered, in milliseconds
-- ARGV[5]      how many keys may be kept
-- ARGV[6]      how many counters there may be; 0 when a hit makes none
-- ARGV[7]      now, in milliseconds since 1970
-- ARGV[8]      how many visitors may be kept for windows, of all counters together
-- ARGV[9]      "1", or "0" when memory is so short that only what is there may change: no new
--              counter, key, visitor or hour
-- ARGV[10]     how far now may be from this Redis' clock, in milliseconds; 0 when it does not
--              matter
-- ARGV[11...]  three strings for each change, in the order of the counters:
--              1  "AMOUNT", or "AMOUNT REQUEST" when it counts once; "~" in front: this change
--                 must not make the counter
--              2  the amount by kind of visitor, a letter and a number each: "p12b1"
--              3  the visitors, separated by blanks, each a kind's letter and an id, with
--                 "*VISITS" unless it is one visit
--
-- Answers the outcomes as one string: totals, "h" after them when the counter is private, then
-- where it has a window ":" and for each visitor 1 or 0, whether their first visit counted
-- ("57h:101"); or why a change was left out: "r" (out of range), "u" (unreadable), "k" (the key
-- was used for another request), "f" (no more keys may be kept), "m" (there is no such counter,
-- and hits make none, or this change may not), "c" (there are as many counters as may be). Fails
-- with SEQUENCE when the record is neither of this batch nor of the one before, and with CLOCK
-- when the clocks differ by more than they may.
--
-- Atomic because Redis runs a script alone and writes what it did to the append-only file as one
-- transaction. A script has no rollback, so what was applied is taken back by hand when a later
-- command is refused (but for visitors: adding one to the HyperLogLog again changes nothing). The
-- first command that writes is always INCRBY or SET. Redis refuses these when its memory is full,
-- and nothing that a script writes after its first command
-- (https://redis.io/docs/latest/develop/programmability/eval-intro/). What is kept of a counter
-- beside its total is in keys of its name that are not in KEYS: Redis Cluster, which would want
-- them there, is not supported. They are:
--   seen:counter:NAME   its record; here "made", "rules", "day": the day that seen:visitors:NAME
--                       is of, and "old": "DAY DAY CURSOR": the last day before that with a visit;
--                       the day by which hours are old now; and how far HSCAN has come in looking
--                       for these ("-": to the end)
--   seen:hours:NAME     a hash from hour and kind ("497821p") to what was added; seen:days:NAME
--                       the same by day, for what is older
--   seen:visitors:NAME  a HyperLogLog of the day's visitors; seen:uniques:NAME a hash from days to
--                       how many they were besides
--   seen:recent:NAME    with a window: a sorted set of visitors by when a visit of theirs counted
--                       last
-- And of all counters together: seen:kept:keys and seen:kept:visitors, how many keys and visitors
-- of windows are kept (see kept_of).

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
  local said = 'SEQUENCE this is batch %d, but the last one kept for this writer is %d'
  return redis.error_reply(string.format(said, sequence, last))
end

-- 2^53 - 1: past it neither this script nor JSON carries a number exactly
local EXACT = 9007199254740991
local FIXED = 10 -- arguments before those of the changes
-- The default counter's key is its name, and it is always there.
local PREFIX, DEFAULT = 'seen:total:', 'hits'
local NOW = tonumber(ARGV[7])
local HOUR = math.floor(NOW / 3600000)
local DAY = math.floor(HOUR / 24)
local HOURS_KEPT = 35 * 24
-- How many fields of a counter's hours are looked at in one step of folding: some 0.1 ms.
local FOLD_AT_ONCE = 100
-- How many such steps one batch takes, so that it holds Redis up for about a millisecond.
local FOLD_STEPS_MAX = 10
local ROOM = ARGV[9] == '1'

local changes, counters_max = tonumber(ARGV[3]), tonumber(ARGV[6])
local NAMES = KEYS[#KEYS]
local keys = #KEYS > changes + 2 -- whether any change counts once

local clocks_differ_max = tonumber(ARGV[10])
if clocks_differ_max > 0 then
  local seconds = tonumber(redis.call('TIME')[1])
  if math.abs(NOW / 1000 - seconds) > clocks_differ_max / 1000 then
    return redis.error_reply(string.format('CLOCK %.0f', NOW / 1000 - seconds))
  end
end

local applied, noted, remembered, recent = {}, {}, {}, {}
-- Changes that found their counter at nothing, and those of them that have made it.
local begun, made = {}, {}
local fold_steps = 0

local function name_of(at)
  return KEYS[at] == DEFAULT and DEFAULT or string.sub(KEYS[at], #PREFIX + 1)
end

-- A number as Redis takes it, without an exponent.
local function whole(number)
  return string.format('%.0f', number)
end

-- The arguments of the change of KEYS[at]: 1 the amount, 2 the kinds, 3 the visitors.
local function word(at, which)
  return ARGV[FIXED + (at - 2) * 3 + which]
end

-- How many keys of requests, or visitors of windows, are kept. `account` is a hash from quarters
-- of an hour (since 1970) to how many of them end in each. "sum" is the sum of those that end
-- later than the quarter "at", so that it is not added up anew each time. What ends in this
-- quarter counts as gone already: what is full has room again when it should, and for less than a
-- quarter of an hour there may be more. What is added counts until the next quarter begins, even
-- if it ends sooner, as with a window of a minute.
local QUARTER_MS = 15 * 60 * 1000
local QUARTER = math.floor(NOW / QUARTER_MS)
-- Quarters from now to the end of what lives for a day; what ends later still is of a clock that
-- was wrong.
local LATER_MAX = 97
local function kept_of(account)
  local kept = {account = account, sum = 0, added = {}, over = {}}
  local sum, at = unpack(redis.call('HMGET', account, 'sum', 'at'))
  if tonumber(at) == QUARTER then
    kept.sum = tonumber(sum)
    return kept
  end
  local fields = redis.call('HGETALL', account)
  for index = 1, #fields, 2 do
    local quarter = tonumber(fields[index])
    if quarter and quarter > QUARTER and quarter <= QUARTER + LATER_MAX then
      kept.sum = kept.sum + tonumber(fields[index + 1])
    elseif quarter then
      kept.over[#kept.over + 1] = fields[index]
    end
  end
  return kept
end

-- Adds `count` that end after `ms`.
local function keep_more(kept, count, ms)
  local quarter = math.floor((NOW + ms) / QUARTER_MS)
  kept.added[quarter] = (kept.added[quarter] or 0) + count
  kept.sum = kept.sum + count
end

-- Writes down what was added.
local function write_kept(kept)
  if not next(kept.added) then return end
  redis.call('HSET', kept.account, 'sum', whole(kept.sum), 'at', whole(QUARTER))
  for quarter, count in pairs(kept.added) do
    redis.call('HINCRBY', kept.account, whole(quarter), whole(count))
  end
  for _, quarter in ipairs(kept.over) do redis.call('HDEL', kept.account, quarter) end
  redis.call('PEXPIRE', kept.account, (LATER_MAX + 1) * QUARTER_MS)
end

local kept_keys = keys and kept_of('seen:kept:keys')
local kept_visitors -- looked up where a counter has a window
local visitors_max = tonumber(ARGV[8])

local function negative(amount)
  return string.sub(amount, 1, 1) == '-' and string.sub(amount, 2) or '-' .. amount
end

-- Takes back what a change has added, by `call`: redis.call, or redis.pcall when nothing more can
-- be done if it is refused.
local function take_back(at, amount, call)
  call('INCRBY', KEYS[at], negative(amount))
  applied[at] = nil
end

-- Whether an error says that a key holds something else than a number of ours.
local function is_unreadable(said)
  return string.find(said, 'WRONGTYPE', 1, true) or string.find(said, 'not an integer', 1, true)
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

-- Notes down a counter that is new. Answers whether it may be: if it is one too many, it is
-- unmade.
local function note(at, name)
  local record = 'seen:counter:' .. name
  if keep('HSETNX', record, 'made', ARGV[7]) ~= 1 then return true end
  made[at] = true
  redis.call('ZADD', NAMES, 0, name)
  if name == DEFAULT or redis.call('ZCARD', NAMES) <= counters_max then return true end
  redis.call('ZREM', NAMES, name)
  -- The last of it at one go: whatever is refused before is taken back in another way.
  redis.call('DEL', KEYS[at], record)
  applied[at], begun[at], made[at] = nil, nil, nil
  return false
end

-- Unmakes the counter of a change that is taken back, if the change has made it.
local function unmake(at, name)
  local record = 'seen:counter:' .. name
  if made[at] then
    redis.pcall('HDEL', record, 'made', 'day', 'old')
    redis.pcall('ZREM', NAMES, name)
  end
  if redis.pcall('HGET', record, 'made') == false and redis.pcall('GET', KEYS[at]) == '0' then
    redis.pcall('DEL', KEYS[at], 'seen:hours:' .. name, 'seen:visitors:' .. name)
  end
end

-- Adds to a figure of the history, which stays where it is when it would go farther than a number
-- carries: it must not keep anybody from counting. What is no number is left alone.
local function add_to(key, field, amount)
  local sum = redis.pcall('HINCRBY', key, field, amount)
  local far = type(sum) == 'number' and (sum > EXACT or sum < -EXACT)
  if type(sum) == 'table' then
    if string.find(sum.err, 'would overflow', 1, true) then
      far = true
    elseif not is_unreadable(sum.err) then
      error(sum.err, 0)
    end
  end
  if far then redis.call('HSET', key, field, whole(tonumber(amount) < 0 and -EXACT or EXACT)) end
end

-- Calls a command that belongs to an earlier one; if it is refused, `undo` takes that back.
local function call_or(undo, ...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then
    undo()
    error(answer.err, 0)
  end
end

-- Once a day: the visitors of the day before become a number, and hours that are old begin to
-- become days. What is old is told by the day of a visit before the day before, so a clock that is
-- far ahead for a day folds nothing that it should not.
local function begin_day(name, before, old)
  local visitors, uniques = 'seen:visitors:' .. name, 'seen:uniques:' .. name
  local count = before and keep('PFCOUNT', visitors) or 0
  -- Added to what was brought of that day from elsewhere.
  if before then keep('HINCRBY', uniques, before, count) end
  local function undo()
    if before then redis.pcall('HINCRBY', uniques, before, -count) end
  end
  call_or(undo, 'DEL', visitors)
  local earlier, _, cursor = string.match(old or '', '^(%d+) (%d+) (%S+)$')
  local today = math.min(tonumber(earlier) or DAY, DAY)
  -- What is not finished goes on where it was. A new counter has no hours yet.
  if not cursor or cursor == '-' then cursor = before and '0' or '-' end
  local folding = table.concat({before or DAY, today, cursor}, ' ')
  keep('HSET', 'seen:counter:' .. name, 'day', DAY, 'old', folding)
end

-- One step of folding: looks at some hours, and adds those that are old to their days. A batch
-- takes a few steps; the next hits take the others.
local function fold(name, old)
  local earlier, today, cursor = string.match(old, '^(%d+) (%d+) (%d+)$')
  if not cursor or fold_steps >= FOLD_STEPS_MAX then return end
  fold_steps = fold_steps + 1
  local hours, days = 'seen:hours:' .. name, 'seen:days:' .. name
  local first = tonumber(today) * 24 - HOURS_KEPT
  local looked = keep('HSCAN', hours, cursor, 'COUNT', FOLD_AT_ONCE) or {'0', {}}
  for index = 1, #looked[2], 2 do
    local field, amount = looked[2][index], looked[2][index + 1]
    local hour, kind = string.match(field, '^(%d+)(%a)$')
    if hour and tonumber(hour) < first then
      local day = math.floor(tonumber(hour) / 24) .. kind
      add_to(days, day, amount)
      local function undo() redis.pcall('HINCRBY', days, day, negative(amount)) end
      call_or(undo, 'HDEL', hours, field)
    end
  end
  cursor = looked[1] == '0' and '-' or looked[1]
  keep('HSET', 'seen:counter:' .. name, 'old', table.concat({earlier, today, cursor}, ' '))
end

-- Adds to the hour what came of which kind of visitor, of the change `at`; with `sign` -1 takes
-- that back.
local function add_kinds(at, name, kinds, sign)
  for kind, amount in string.gmatch(kinds, '(%a)(%-?%d+)') do
    if amount ~= '0' then
      if sign == -1 then amount = negative(amount) end
      local hours, field = 'seen:hours:' .. name, HOUR .. kind
      if ROOM or keep('HGET', hours, field) then
        add_to(hours, field, amount)
        if sign == 1 then noted[at] = (noted[at] or '') .. kind .. amount end
      end
    end
  end
end

-- Whether the visitors kept are of a day that is over. Not a day back: a replica's clock may be
-- behind another's. From farther ahead, where a clock was wrong, yes.
local function is_over(day)
  return not day or DAY > tonumber(day) or DAY < tonumber(day) - 1
end

local function window_of(rules)
  return rules and tonumber(string.match(rules, ' (%d+)$')) or 0
end

-- Remembers who it was that added something. `before` is the day that the visitors kept are of,
-- `old` says which hours wait to become days.
local function remember(at, kinds, before, old)
  local name, visitors = name_of(at), word(at, 3)
  if is_over(before) then
    -- The default counter may have been begun by another program: the guide's application.
    if name == DEFAULT then note(at, name) end
    begin_day(name, before, old)
  end
  if old then fold(name, old) end
  add_kinds(at, name, kinds, 1)
  if visitors == '' or not ROOM then return end
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

-- With a window: finds out which of the visitors have not been counted within it. Answers what is
-- left of the amount and of the kinds, a digit for each visitor, and those who count. Only reads.
local function within_window(at, amount, kinds, window)
  local key, digits, dropped, fresh = 'seen:recent:' .. name_of(at), {}, {}, {}
  for kind, id, visits in string.gmatch(word(at, 3), '(%a)([^ *]+)%*?(%d*)') do
    visits = tonumber(visits) or 1
    local first = 0
    if visits > 0 then
      local counted_at = tonumber(keep('ZSCORE', key, kind .. id) or nil)
      -- From farther ahead than the window is a clock that was wrong.
      if not counted_at or math.abs(NOW - counted_at) >= window then first = 1 end
    end
    if first == 1 then fresh[#fresh + 1] = kind .. id end
    digits[#digits + 1] = first
    dropped[kind] = (dropped[kind] or 0) + visits - first
  end
  for kind, count in pairs(dropped) do
    if count > 0 then
      amount = amount - count
      local function less(all) return kind .. whole(all - count) end
      kinds = string.gsub(kinds, kind .. '(%-?%d+)', less)
    end
  end
  return string.format('%.0f', amount), kinds, ':' .. table.concat(digits), fresh
end

-- Forgets visitors between two times, `count` at the most: so that a hit never pays for many at
-- once.
local function forget_visitors(key, from, to, count)
  local over = keep('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, count) or {}
  if #over > 0 then redis.call('ZREM', key, unpack(over)) end
end

-- Notes down that these visitors have been counted, as many as may be: of one counter at most a
-- quarter of all. Who is not noted counts again.
local function note_visitors(name, window, fresh)
  if #fresh == 0 or not ROOM then return end
  local key = 'seen:recent:' .. name
  -- Forgetting is faster than noting down. Lua passes some 8,000 arguments at the most.
  local at_once = math.min(2 * #fresh + 10, 4000)
  forget_visitors(key, '-inf', NOW - window, at_once)
  forget_visitors(key, NOW + window, '+inf', at_once)
  kept_visitors = kept_visitors or kept_of('seen:kept:visitors')
  local kept = keep('ZCARD', key)
  if not kept then return end -- it holds something else
  local room = math.min(math.ceil(visitors_max / 4) - kept, visitors_max - kept_visitors.sum)
  local noting = math.max(0, math.min(#fresh, room))
  for index = 1, noting do
    redis.call('ZADD', key, NOW, fresh[index])
    recent[#recent + 1] = {key, fresh[index]}
  end
  if noting > 0 then keep_more(kept_visitors, noting, window) end
  redis.call('PEXPIRE', key, window)
end

-- Forgets again who was noted down.
local function forget_recent()
  for _, visit in ipairs(recent) do redis.pcall('ZREM', visit[1], visit[2]) end
end

-- What is said after a total: whether it is private.
local function privacy_of(rules)
  return rules and string.match(rules, ' private ') and 'h' or ''
end

-- The outcome of a change as a string.
local function apply(at, amount)
  local barred = string.byte(amount) == 126
  if barred then amount = string.sub(amount, 2) end
  local name = name_of(at)
  local record = keep('HMGET', 'seen:counter:' .. name, 'day', 'rules', 'old') or {}
  local before, rules, old = unpack(record)
  -- A counter with a day has had visits, so it exists: a hit on it needs no EXISTS.
  local may_make = counters_max > 0 and ROOM and not barred
  local looks = not may_make and not before and KEYS[at] ~= DEFAULT
  if looks and redis.call('EXISTS', KEYS[at]) == 0 then
    return (barred or counters_max == 0) and 'm' or 'c'
  end
  local kinds, said, fresh = word(at, 2), privacy_of(rules), {}
  local window = window_of(rules)
  if window > 0 then
    local digits
    amount, kinds, digits, fresh = within_window(at, amount, kinds, window)
    said = said .. digits
  end
  local total = redis.pcall('INCRBY', KEYS[at], amount)
  if type(total) == 'number' then
    -- Before anything else is called, which may be refused: then this is taken back.
    applied[at] = amount
    if total > EXACT or total < -EXACT then
      take_back(at, amount, redis.call)
      return 'r'
    end
    begun[at] = total == tonumber(amount)
    if begun[at] and not note(at, name) then return 'c' end
    note_visitors(name, window, fresh)
    remember(at, kinds, before, old)
    return string.format('%.0f', total) .. said
  end
  if string.find(total.err, 'would overflow', 1, true) then return 'r' end
  if is_unreadable(total.err) then return 'u' end
  error(total.err, 0)
end

-- The same for a change that counts once.
local function apply_once(at, amount, request, key)
  local before = redis.pcall('GET', key)
  if type(before) == 'table' then
    if string.find(before.err, 'WRONGTYPE', 1, true) then return 'u' end
    error(before.err, 0)
  end
  local total, same = string.match(before or '', '^(%S+) (.*)$')
  if total and same ~= request then return 'k' end
  if total then
    return total .. privacy_of(keep('HGET', 'seen:counter:' .. name_of(at), 'rules'))
  end
  if not ROOM or kept_keys.sum >= tonumber(ARGV[5]) then return 'f' end
  local outcome = apply(at, amount)
  if applied[at] then
    redis.call('SET', key, string.match(outcome, '^-?%d+') .. ' ' .. request, 'PX', ARGV[4])
    keep_more(kept_keys, 1, tonumber(ARGV[4]))
    remembered[#remembered + 1] = key
  end
  return outcome
end

local function apply_all()
  local result = {}
  local key_at = changes + 1
  for at = 2, changes + 1 do
    local amount, request = word(at, 1), ''
    if keys then amount, request = string.match(amount, '^(%S+) ?(.*)$') end
    if request == '' then
      result[at - 1] = apply(at, amount)
    else
      key_at = key_at + 1
      result[at - 1] = apply_once(at, amount, request, KEYS[key_at])
    end
  end
  outcomes = table.concat(result, ' ')
  redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. outcomes, 'PX', ARGV[2])
end

local done, refused = pcall(apply_all)
if done then
  -- The batch is noted down and stays. An account that cannot be written is too small, which only
  -- makes its bound wider.
  if kept_keys then pcall(write_kept, kept_keys) end
  if kept_visitors then pcall(write_kept, kept_visitors) end
  return outcomes
end
for at, amount in pairs(applied) do
  take_back(at, amount, redis.pcall)
  if noted[at] then pcall(add_kinds, at, name_of(at), noted[at], -1) end
end
for at, is_begun in pairs(begun) do
  if is_begun then unmake(at, name_of(at)) end
end
forget_recent()
for _, key in ipairs(remembered) do redis.pcall('SET', key, '', 'PX', 1) end
-- Redis 7 raises a table, Redis 6 a string.
return redis.error_reply(type(refused) == 'table' and refused.err or refused)
