-- Imports one counter with its history, once from each source.
--
-- KEYS[1]  the names of all counters
--
-- ARGV[1], packed:
--   what         "import", or "preview", which changes nothing and answers what "import" would
--   counter      its name
--   source       where it comes from; its record has "from:SOURCE" then
--   existing     what to do with a counter that is there: "keep", "add" or "replace"
--   countersMax  how many counters there may be
--   total        a number
--   record       a list of fields and values: "made" (milliseconds since 1970, "" for not known),
--                and "owner" and "rules" where there are any
--   figures      lists of its hours, its days, and its visitors by day: fields and amounts, as
--                they stand in their hashes
--
-- Answers "made", "kept", "added", "replaced", "done", "out-of-range", "unreadable" or
-- "counters-full".
--
-- Atomic because Redis runs a script alone. All is decided before the first write (shared.lua).

local NAMES, name, mark = KEYS[1], ARGS.counter, 'from:' .. ARGS.source
local HASHES = {'seen:hours:' .. name, 'seen:days:' .. name, 'seen:uniques:' .. name}

-- What stands in a hash already, in the order of the figures; nil where it cannot be added to.
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

local sums = {}

-- What "add" comes to: "added", or why nothing can be added.
local function adding()
  local total = integer(read('GET', total_key(name)))
  if not total then return 'unreadable' end
  sums.total = total + ARGS.total
  if out_of_range(sums.total) then return 'out-of-range' end
  for index, figures in ipairs(ARGS.figures) do
    local before = figures_before(index)
    if not before then return 'unreadable' end
    sums[index] = {}
    for at = 1, #figures, 2 do
      local sum = before[(at + 1) / 2] + figures[at + 1]
      if out_of_range(sum) then return 'out-of-range' end
      sums[index][at], sums[index][at + 1] = figures[at], sum
    end
  end
  return 'added'
end

-- What the import does, as it is answered.
local function plan()
  if redis.call('EXISTS', total_key(name)) == 0 then
    local full = name ~= DEFAULT and redis.call('ZCARD', NAMES) >= ARGS.countersMax
    return full and 'counters-full' or 'made'
  end
  local known = read('HGET', 'seen:counter:' .. name, mark)
  if known == nil then return 'unreadable' end
  if known then return 'done' end
  if ARGS.existing == 'keep' then return 'kept' end
  if ARGS.existing == 'replace' then return 'replaced' end
  return adding()
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
  -- With "made" also where it is not known, or the next hit would take it for a new counter.
  write({'HSET', 'seen:counter:' .. name, unpack(ARGS.record)})
  for index, figures in ipairs(ARGS.figures) do write_figures(index, figures) end
else
  return cmsgpack.pack(outcome)
end
write({'HSET', 'seen:counter:' .. name, mark, '1'})
write({'ZADD', NAMES, '0', name})
write_all()
return cmsgpack.pack(outcome)
