-- Applies one batch of one writer, once.
--
-- KEYS[1]      the writer's record: "SEQUENCE OUTCOME OUTCOME ...", of its last batch
-- KEYS[2...]   the counters: plain integers, as INCR keeps them
-- ARGV[1]      the batch's sequence number
-- ARGV[2]      how long the writer is remembered, in milliseconds
-- ARGV[3...]   the amounts, in the order of the counters
--
-- Answers the outcomes as one string: totals, or "r" (out of range) or "u" (unreadable) where a change was left out.
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

local function add(at, amount)
  return redis.pcall('INCRBY', KEYS[at], amount)
end

local function take_back(at)
  local amount = ARGV[at + 1]
  add(at, string.sub(amount, 1, 1) == '-' and string.sub(amount, 2) or '-' .. amount)
end

local result = {}
for at = 2, #KEYS do
  local total = add(at, ARGV[at + 1])
  if type(total) == 'number' then
    if total > EXACT or total < -EXACT then
      take_back(at)
      result[at - 1] = 'r'
    else
      result[at - 1] = string.format('%.0f', total)
    end
  elseif string.find(total.err, 'would overflow', 1, true) then
    result[at - 1] = 'r'
  elseif string.find(total.err, 'not an integer', 1, true) or string.find(total.err, 'WRONGTYPE', 1, true) then
    result[at - 1] = 'u'
  else
    for back = 2, at - 1 do
      if tonumber(result[back - 1]) then take_back(back) end
    end
    return total
  end
end

outcomes = table.concat(result, ' ')
local kept = redis.pcall('SET', KEYS[1], ARGV[1] .. ' ' .. outcomes, 'PX', ARGV[2])
if kept.err then
  for back = 2, #KEYS do
    if tonumber(result[back - 1]) then take_back(back) end
  end
  return kept
end
return outcomes
