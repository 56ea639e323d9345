-- Applies one batch of one writer, once.
--
-- KEYS[1]  the writer's record: {sequence number, outcomes} of its last batch, packed
-- KEYS[2]  the names of all counters: a sorted set, all of the same score, so that it is in the
--          order of the names
-- Other keys are made of the names of counters and requests; Redis Cluster, which would want them
-- in KEYS, is not supported.
--
-- ARGV[1], packed:
--   sequence       the batch's sequence number
--   now            milliseconds since 1970
--   clocksDiffer   how far that may be from Redis' clock, in ms; 0 when it does not matter
--   writerMs       how long the writer is remembered
--   keyMs          how long a request's key is remembered
--   keysMax        how many of these may be kept
--   visitorsMax    how many visitors may be kept for windows, of all counters together
--   countersMax    how many counters there may be; 0 when a hit makes none
--   room           false when memory is short: then nothing new is stored, no counter, key,
--                  visitor or hour
--   changes        a list: `counter`, `amount`; `make`, false when it must not create its
--                  counter; `key` and `request` when it counts once; `kinds`, the amount by kind
--                  of visit; `visitors`, each a kind's letter and an id; `visits`, the number of
--                  visits of each visitor, left out when each has one
--
-- Answers the record: its outcomes are a list with one for each change. A total, or where the
-- counter is private or has a window {total, whether it is private, for each visitor whether their
-- first visit counted, or false}; or why the change was left out, as a word of `Outcome`
-- (contract/counting.ts). Fails with SEQUENCE when the record is neither of this batch nor of the
-- one before, and with CLOCK when the clocks differ by more than they may.
--
-- Atomic because Redis runs a script alone and writes what it did to the append-only file as one
-- transaction. All is decided before the first write (shared.lua).

local NAMES = KEYS[2]

local writer = redis.call('GET', KEYS[1])
local last = writer and cmsgpack.unpack(writer)[1] or 0
if last == ARGS.sequence then return writer end
if last ~= ARGS.sequence - 1 then
  local said = 'SEQUENCE this is batch %d, but the last one kept for this writer is %d'
  return redis.error_reply(string.format(said, ARGS.sequence, last))
end
if ARGS.clocksDiffer > 0 then
  local ahead = ARGS.now / 1000 - tonumber(redis.call('TIME')[1])
  if math.abs(ahead) > ARGS.clocksDiffer / 1000 then
    return redis.error_reply(string.format('CLOCK %.0f', ahead))
  end
end

-- The counters of the batch, each as it will be, in the order of their first change.
local counters, by_name = {}, {}
local counters_made = 0

-- Reads a counter. Its total is false when it does not exist, and nil when another program keeps
-- something else under its key.
local function counter_of(name)
  if by_name[name] then return by_name[name] end
  local total = read('GET', total_key(name))
  if total then total = integer(total) end
  local record = read('HMGET', RECORD .. name, 'day', 'old', 'rules') or {}
  local counter = {name = name, total = total, day = record[1], old = record[2], changes = {}}
  local rules = record[3]
  counter.private = rules and string.find(rules, ' private ', 1, true) ~= nil
  counter.window = rules and tonumber(string.match(rules, ' (%d+)$')) or 0
  by_name[name] = counter
  return counter
end

-- The reason why a change may not create its counter, which does not exist; nil when it may.
local function refuse_making(change)
  if change.counter == DEFAULT then return nil end
  if change.make == false or ARGS.countersMax == 0 then return 'missing' end
  if not ARGS.room then return 'counters-full' end
  local there = redis.call('ZCARD', NAMES) + counters_made
  return there >= ARGS.countersMax and 'counters-full' or nil
end

local function outcome_of(counter, total, counted)
  if not counter.private and not counted then return total end
  return {total, counter.private or false, counted or false}
end

-- Whether the counter's record does not say yet when it was created. The guide's application may
-- have begun the default counter.
local function is_new(counter)
  local may_be = not counter.total or counter.total == 0 or counter.name == DEFAULT
  return may_be and not counter.day and not read('HGET', RECORD .. counter.name, 'made')
end

-- Decides what a change does, and answers its outcome.
local function apply(change)
  local counter = counter_of(change.counter)
  if counter.total == nil then return 'unreadable' end
  local refusal = counter.total == false and refuse_making(change)
  if refusal then return refusal end
  local amount, counted, fresh = change.amount, nil, {}
  if counter.window > 0 then amount, counted, fresh = within_window(counter, change) end
  local before = counter.total or 0
  if out_of_range(before + amount) then return 'out-of-range' end
  if #counter.changes == 0 then
    counters[#counters + 1] = counter
    counter.is_new = is_new(counter)
    if counter.is_new then counters_made = counters_made + 1 end
  end
  counter.total = before + amount
  counter.changes[#counter.changes + 1] = change
  note_visitors(counter, fresh)
  return outcome_of(counter, counter.total, counted)
end

-- The keys of requests that the batch adds, with their values: "TOTAL REQUEST".
local added_keys, kept_keys = {}, nil

-- Applies a change that counts once, and answers its outcome.
local function apply_once(change)
  local key = 'seen:once:' .. change.key
  local before = added_keys[key] or read('GET', key)
  if before == nil then return 'unreadable' end
  local total, request = string.match(before or '', '^(%-?%d+) (.*)$')
  if total and request ~= change.request then return 'key-reused' end
  if total then return outcome_of(counter_of(change.counter), tonumber(total)) end
  kept_keys = kept_keys or kept_of('seen:kept:keys')
  if not ARGS.room or kept_keys.sum >= ARGS.keysMax then return 'keys-full' end
  local outcome = apply(change)
  if type(outcome) ~= 'string' then
    added_keys[key] = whole(by_name[change.counter].total) .. ' ' .. change.request
    keep_more(kept_keys, 1, ARGS.keyMs)
  end
  return outcome
end

local function write_counter(counter)
  if counter.is_new then
    write('HSET', RECORD .. counter.name, 'made', ARGS.now)
    write('ZADD', NAMES, 0, counter.name)
  end
  write_window(counter)
  write_history(counter)
end

local outcomes = {}
for at, change in ipairs(ARGS.changes) do
  local act = change.key and apply_once or apply
  outcomes[at] = act(change)
end
writer = cmsgpack.pack({ARGS.sequence, outcomes})
write('SET', KEYS[1], writer, 'PX', ARGS.writerMs)
for _, counter in ipairs(counters) do
  write('SET', total_key(counter.name), counter.total, 'KEEPTTL')
end
for key, said in pairs(added_keys) do write('SET', key, said, 'PX', ARGS.keyMs) end
for _, counter in ipairs(counters) do write_counter(counter) end
write_kept(kept_keys)
write_kept(kept_visitors)
return write_all() or writer
