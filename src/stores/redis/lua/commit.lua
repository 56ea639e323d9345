-- Applies one batch of one writer, once.
--
-- KEYS[1]  the writer's record: {sequence number, outcomes} of its last batch, packed
-- KEYS[2]  the names of all counters: a sorted set, all of the same score, so that it is in the
--          order of the names
-- Other keys are made of the names of counters and requests. In a Redis Cluster all are in the
-- slot of these two, and KEYS[3] never exists (shards.ts).
--
-- ARGV[1], packed:
--   sequence       the batch's sequence number
--   now            milliseconds since 1970
--   hour, day      the same in whole hours and in whole days, as texts
--   clocksDiffer   the most that `now` may differ from Redis' clock, in ms; 0 for any
--   writerMs       how long the writer is remembered
--   keyMs          how long a request's key is remembered
--   keysMax        the most keys of requests that may be kept
--   visitorsMax    the most visitors that may be kept for windows, of all counters together
--   countersMax    the most counters that there may be
--   hitsMake       whether hits create counters
--   space          false when memory is short: then nothing new is stored, no counter, key,
--                  visitor or hour
--   changes        a flat list, which is faster to unpack than a list of maps: of each change
--                  1 its counter's name
--                  2 the amount
--                  3 the amount by kind of visit, as texts
--                  4 the visitors, each a kind's letter and an id
--                  5 false, or a map of what few changes have: `visits`, the number of visits of
--                    each visitor, unless all are 1; `make`, false when the change must not
--                    create its counter; `key` and `request` when the change counts once
--
-- Returns the record, which has one outcome for each change: a total; for a counter that is
-- private or has a window {total, whether it is private, and for each visitor whether their first
-- visit counted, or false without a window}; or the reason why the change was left out, a word of
-- `Outcome` (contract/counting.ts). Fails with SEQUENCE when the record is neither of this batch
-- nor of the one before, with CLOCK when the clocks differ by more than `clocksDiffer`,
-- and with INCOMPLETE (shared.lua).
--
-- Atomic because Redis runs a script alone and writes what it did to the append-only file as one
-- transaction. Everything is decided before the first write (shared.lua).

local NAMES, CHANGES = KEYS[2], ARGS.changes

local writer = redis.call('GET', KEYS[1])
local last = writer and cmsgpack.unpack(writer)[1] or 0
if last == ARGS.sequence then return writer end
if last ~= ARGS.sequence - 1 then
  local message = 'SEQUENCE this is batch %d, but the last one kept for this writer is %d'
  return redis.error_reply(string.format(message, ARGS.sequence, last))
end
if ARGS.clocksDiffer > 0 then
  local ahead = ARGS.now / 1000 - tonumber(redis.call('TIME')[1])
  if math.abs(ahead) > ARGS.clocksDiffer / 1000 then
    return redis.error_reply(string.format('CLOCK %.0f', ahead))
  end
end

-- The counters of the batch by name, each as it is after the changes so far.
local counters = {}
local counters_made = 0

-- Reads a counter: its `total`, which is false when it does not exist, and nil when another
-- program has stored another value under its key; `day` and `old` (history.lua); and its `rules`,
-- if any. `set` is the command that sets the total, or false until a change is applied.
local function counter_of(name)
  if counters[name] then return counters[name] end
  local total = read('GET', total_key(name))
  local record = read('HMGET', 'seen:counter:' .. name, 'day', 'old', 'rules') or {}
  total = total and integer(total)
  local counter = {total = total, day = record[1], old = record[2], set = false}
  local rules = record[3]
  if rules then
    local window = tonumber(string.match(rules, ' (%d+)$')) or 0
    local private = string.find(rules, ' private ', 1, true) ~= nil
    counter.rules = {private = private, window = window}
  end
  counters[name] = counter
  return counter
end

-- The reason why a change may not create its counter, which does not exist; nil when it may.
local function refuse_making(name, more)
  check_missing(name)
  if name == DEFAULT then return nil end
  if more and more.make == false or not ARGS.hitsMake then return 'missing' end
  if not ARGS.space then return 'counters-full' end
  local there = redis.call('ZCARD', NAMES) + counters_made
  return there >= ARGS.countersMax and 'counters-full' or nil
end

local function outcome_of(counter, total, counted)
  local private = counter.rules and counter.rules.private or false
  if not private and not counted then return total end
  return {total, private, counted or false}
end

-- Writes what a counter's first change in the batch needs: the record of a new counter, the
-- beginning of a day, and folding.
local function begin(name, counter)
  local day, old = counter.day, counter.old
  counter.set = {'SET', total_key(name), '', 'KEEPTTL'}
  write(counter.set)
  -- The stack guide's application (docs/import.md) may have made the default counter's total.
  local may_be_new = not day and (not counter.total or counter.total == 0 or name == DEFAULT)
  if may_be_new and not read('HGET', 'seen:counter:' .. name, 'made') then
    counters_made = counters_made + 1
    write({'HSET', 'seen:counter:' .. name, 'made', whole(ARGS.now)})
    write({'ZADD', NAMES, '0', name})
  end
  if day ~= ARGS.day then begin_day(name, counter) end
  if counter.old and string.sub(counter.old, -1) ~= '-' then fold(name, counter) end
  if counter.day ~= day or counter.old ~= old then
    write({'HSET', 'seen:counter:' .. name, 'day', counter.day, 'old', counter.old})
  end
end

-- Applies a change, and returns its outcome.
local function apply(at)
  local name, amount, kinds, visitors, more = unpack(CHANGES, at, at + 4)
  local counter = counter_of(name)
  if counter.total == nil then return 'unreadable' end
  local refusal = not counter.total and refuse_making(name, more)
  if refusal then return refusal end
  local counted, fresh
  if counter.rules and counter.rules.window > 0 then
    local visits = more and more.visits
    amount, counted, fresh = within_window(name, counter, amount, kinds, visitors, visits)
  end
  local total = (counter.total or 0) + amount
  if out_of_range(total) then return 'out-of-range' end
  if not counter.set then begin(name, counter) end
  counter.total, counter.set[3] = total, whole(total)
  if counted then note_visitors(name, counter, fresh) end
  add_to_history(name, kinds, visitors)
  return outcome_of(counter, total, counted)
end

-- The keys of requests that the batch adds, with their values: "TOTAL REQUEST".
local added_keys, kept_keys = {}, nil

-- Applies a change that counts once, and returns its outcome.
local function apply_once(at)
  local name, more = CHANGES[at], CHANGES[at + 4]
  local key = 'seen:once:' .. more.key
  local before = added_keys[key] or read('GET', key)
  if before == nil then return 'unreadable' end
  local total, request = string.match(before or '', '^(%-?%d+) (.*)$')
  if total and request ~= more.request then return 'key-reused' end
  if total then return outcome_of(counter_of(name), tonumber(total)) end
  kept_keys = kept_keys or kept_of('seen:kept:' .. TAG .. 'keys')
  if not ARGS.space or kept_keys.sum >= ARGS.keysMax then return 'keys-full' end
  local outcome = apply(at)
  if type(outcome) ~= 'string' then
    added_keys[key] = counters[name].set[3] .. ' ' .. more.request
    write({'SET', key, added_keys[key], 'PX', whole(ARGS.keyMs)})
    keep_more(kept_keys, 1, ARGS.keyMs)
  end
  return outcome
end

-- This must be the first write, because a full Redis refuses it. Its value is set at the end.
local record, outcomes = {'SET', KEYS[1], '', 'PX', whole(ARGS.writerMs)}, {}
write(record)
for at = 1, #CHANGES, 5 do
  local more = CHANGES[at + 4]
  local act = more and more.key and apply_once or apply
  outcomes[#outcomes + 1] = act(at)
end
record[3] = cmsgpack.pack({ARGS.sequence, outcomes})
write_kept(kept_keys)
write_kept(kept_visitors)
write_all()
return record[3]
