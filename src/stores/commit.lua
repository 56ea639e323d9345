-- Applies one batch of one writer, once.
--
-- KEYS[1]      the writer's record: "SEQUENCE OUTCOME OUTCOME ...", of its last batch
-- KEYS[2...]   the counters: plain integers, as INCR keeps them; one for each change
-- KEYS[...]    then for each change with a request: the request's key, "TOTAL REQUEST" where it was answered before
-- KEYS[...]    then, if there are such: how many keys were kept yesterday, and today
-- ARGV[1]      the batch's sequence number
-- ARGV[2]      how long the writer is remembered, in milliseconds
-- ARGV[3]      how many changes there are
-- ARGV[4]      how long a request's key is remembered, in milliseconds
-- ARGV[5]      how many keys may be kept
-- ARGV[6...]   the changes, in the order of the counters: "AMOUNT", or "AMOUNT REQUEST" for what counts once
--
-- Answers the outcomes as one string: totals, or why a change was left out: "r" (out of range), "u" (unreadable), "k" (the key was
-- used for another request), "f" (no more keys may be kept).
-- Fails with SEQUENCE when the record is neither of this batch nor of the one before.
--
-- Atomic because Redis runs a script alone and writes what it did to the append-only file as one transaction. A script
-- has no rollback, so what was applied is taken back by hand when a later command is refused.

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

local changes = tonumber(ARGV[3])
local keys = #KEYS > changes + 1 -- whether any change counts once
local kept = 0
if keys then
  kept = tonumber(redis.call('GET', KEYS[#KEYS - 1]) or 0) + tonumber(redis.call('GET', KEYS[#KEYS]) or 0)
end

local applied, remembered = {}, {}

local function add(at, amount)
  return redis.pcall('INCRBY', KEYS[at], amount)
end

local function take_back(at, amount)
  add(at, string.sub(amount, 1, 1) == '-' and string.sub(amount, 2) or '-' .. amount)
end

-- Leaves nothing behind, and answers why.
local function undo(refused)
  for at, amount in pairs(applied) do take_back(at, amount) end
  for _, key in ipairs(remembered) do redis.pcall('SET', key, '', 'PX', 1) end
  return refused
end

-- The outcome of a change as a string, or the error of Redis that the whole batch fails with.
local function apply(at, amount)
  local total = add(at, amount)
  if type(total) == 'number' then
    if total > EXACT or total < -EXACT then
      take_back(at, amount)
      return 'r'
    end
    applied[at] = amount
    return string.format('%.0f', total)
  end
  if string.find(total.err, 'would overflow', 1, true) then return 'r' end
  if string.find(total.err, 'not an integer', 1, true) or string.find(total.err, 'WRONGTYPE', 1, true) then return 'u' end
  return total
end

-- The same for a change that counts once.
local function apply_once(at, amount, request, key)
  local before = redis.call('GET', key)
  if before then
    local total, same = string.match(before, '^(%S+) (.*)$')
    return same == request and total or 'k'
  end
  if kept >= tonumber(ARGV[5]) then return 'f' end
  local outcome = apply(at, amount)
  if not applied[at] then return outcome end
  local set = redis.pcall('SET', key, outcome .. ' ' .. request, 'PX', ARGV[4])
  if set.err then return set end
  kept = kept + 1
  remembered[#remembered + 1] = key
  return outcome
end

local result = {}
local key_at = changes + 1
for at = 2, changes + 1 do
  local amount, request = ARGV[at + 4], nil
  if keys then amount, request = string.match(amount, '^(%S+) ?(.*)$') end
  local outcome
  if request and request ~= '' then
    key_at = key_at + 1
    outcome = apply_once(at, amount, request, KEYS[key_at])
  else
    outcome = apply(at, amount)
  end
  if type(outcome) == 'table' then return undo(outcome) end
  result[at - 1] = outcome
end

if #remembered > 0 then
  local today = tonumber(redis.call('GET', KEYS[#KEYS]) or 0) + #remembered
  local set = redis.pcall('SET', KEYS[#KEYS], string.format('%d', today), 'PX', COUNT_MEMORY_MS)
  if set.err then return undo(set) end
end

outcomes = table.concat(result, ' ')
local set = redis.pcall('SET', KEYS[1], ARGV[1] .. ' ' .. outcomes, 'PX', ARGV[2])
if set.err then return undo(set) end
return outcomes
