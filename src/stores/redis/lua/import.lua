-- Imports one counter with its history, once from each source.
--
-- KEYS[1]  the names of all counters
--
-- ARGV[1], packed:
--   what         "import", or "preview", which changes nothing and returns what "import" would
--   counter      its name
--   source       the origin of the data; the counter's record then has a field "from:SOURCE"
--   existing     what to do with a counter that exists: "keep", "add" or "replace"
--   countersMax  the most counters that there may be
--   total        a number
--   record       a list of fields and values: "made" (milliseconds since 1970, "" when unknown),
--                and "owner", "rules", "title" and "link" if there are any
--   figures      three lists of fields and amounts, as in their hashes: hours, days, visitors by
--                day
--
-- Returns the outcome, as `ImportOutcome` (contract/archive.ts). Fails with INCOMPLETE
-- (shared.lua).
--
-- Atomic because Redis runs a script alone. Everything is decided before the first write
-- (shared.lua).

local NAMES, name, mark = KEYS[1], ARGS.counter, 'from:' .. ARGS.source
local HASHES = {'seen:hours:' .. name, 'seen:days:' .. name, 'seen:uniques:' .. name}

-- The amounts that a hash has for the given figures, in their order; nil when one is no number.
local function figures_before(index)
  local before = {}
  for at = 1, #ARGS.figures[index], 2 do
    local amount = read('HGET', HASHES[index], ARGS.figures[index][at])
    local known = amount ~= nil and integer(amount or '0')
    if not known then return nil end
    before[#before + 1] = known
  end
  return before
end

-- The day whose visitors are kept one by one, and their number.
local function visitors_one_by_one()
  local day = read('HGET', 'seen:counter:' .. name, 'day')
  return day, day and read('PFCOUNT', 'seen:visitors:' .. name) or 0
end

local sums = {}

-- Fills `sums` for "add" and returns "added", or returns the reason why nothing can be added.
local function plan_add()
  local total = integer(read('GET', total_key(name)))
  if not total then return 'unreadable' end
  sums.total = total + ARGS.total
  if out_of_range(sums.total) then return 'out-of-range' end
  local day, visitors = visitors_one_by_one()
  for index, figures in ipairs(ARGS.figures) do
    local before = figures_before(index)
    if not before then return 'unreadable' end
    sums[index] = {}
    for at = 1, #figures, 2 do
      local sum = before[(at + 1) / 2] + figures[at + 1]
      local kept = index == 3 and figures[at] == day and visitors or 0
      if out_of_range(sum + kept) then return 'out-of-range' end
      sums[index][at], sums[index][at + 1] = figures[at], sum
    end
  end
  return 'added'
end

-- Decides what the import does, and returns it as the outcome.
local function plan()
  if redis.call('EXISTS', total_key(name)) == 0 then
    check_missing(name)
    local full = name ~= DEFAULT and redis.call('ZCARD', NAMES) >= ARGS.countersMax
    return full and 'counters-full' or 'made'
  end
  local known = read('HGET', 'seen:counter:' .. name, mark)
  if known == nil then return 'unreadable' end
  if known then return 'done' end
  if ARGS.existing == 'keep' then return 'kept' end
  if ARGS.existing == 'replace' then return 'replaced' end
  return plan_add()
end

local function write_figures(index, figures)
  for at = 1, #figures, 2 do
    write({'HSET', HASHES[index], figures[at], whole(figures[at + 1])})
  end
end

local outcome = plan()
if ARGS.what == 'preview' then return cmsgpack.pack(outcome) end
if outcome == 'added' then
  write({'SET', total_key(name), whole(sums.total), 'KEEPTTL'})
  for index, figures in ipairs(sums) do write_figures(index, figures) end
elseif outcome == 'made' or outcome == 'replaced' then
  write({'SET', total_key(name), whole(ARGS.total)})
  for _, key in ipairs({
    'seen:counter:' .. name, 'seen:visitors:' .. name, 'seen:recent:' .. name, unpack(HASHES)
  }) do write({'DEL', key}) end
  -- "made" is set even if it is unknown: otherwise the next hit would take this for a new counter.
  write({'HSET', 'seen:counter:' .. name, unpack(ARGS.record)})
  for index, figures in ipairs(ARGS.figures) do write_figures(index, figures) end
else
  return cmsgpack.pack(outcome)
end
write({'HSET', 'seen:counter:' .. name, mark, '1'})
write({'ZADD', NAMES, '0', name})
write_all()
return cmsgpack.pack(outcome)
