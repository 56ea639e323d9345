-- Which visitors of a counter with a window have been counted within it.
--
-- seen:recent:NAME is a sorted set of visitors by when a visit of theirs counted last.
-- `counter.recent` is what this batch adds to it: a set of visitors.

local kept_visitors -- looked up where a counter has a window

-- Decides which visits of a change count. Answers the amount that counts; for each visitor,
-- whether their first visit counts; and the visitors whose first visit does. Subtracts the other
-- visits from the change's kinds.
local function within_window(counter, change)
  local amount, kinds, counted, fresh = change.amount, change.kinds, {}, {}
  for at, visitor in ipairs(change.visitors) do
    local visits, counts = change.visits and change.visits[at] or 1, false
    if visits > 0 and not (counter.recent and counter.recent[visitor]) then
      local last = tonumber(read('ZSCORE', RECENT .. counter.name, visitor) or nil)
      -- From farther ahead than the window is a clock that was wrong.
      counts = not last or math.abs(ARGS.now - last) >= counter.window
    end
    if counts then fresh[#fresh + 1] = visitor end
    counted[#counted + 1] = counts
    local kind, dropped = string.sub(visitor, 1, 1), visits - (counts and 1 or 0)
    if dropped > 0 then
      amount = amount - dropped
      if kinds[kind] then kinds[kind] = kinds[kind] - dropped end
    end
  end
  return amount, counted, fresh
end

-- The visitors noted down between two times, up to `most`, which bounds what one batch has to do.
local function visitors_between(counter, from, to, most)
  return read('ZRANGEBYSCORE', RECENT .. counter.name, from, to, 'LIMIT', 0, most) or {}
end

-- Reads how many visitors are noted down, and some whose window is over: more than the batch adds,
-- so that the set does not grow.
local function load_recent(counter)
  local coming = 0
  for _, change in ipairs(ARGS.changes) do
    if change.counter == counter.name then coming = coming + #change.visitors end
  end
  -- Nil where another program keeps something else.
  counter.recent_count = read('ZCARD', RECENT .. counter.name)
  local most = 2 * coming + 10
  local before, after = ARGS.now - counter.window, ARGS.now + counter.window
  counter.over = {
    visitors_between(counter, '-inf', before, most),
    visitors_between(counter, after, '+inf', most)
  }
  if not counter.recent_count then return end
  for _, over in ipairs(counter.over) do counter.recent_count = counter.recent_count - #over end
end

-- Notes down visitors whose visit counted, up to a quarter of all places for one counter. Visitors
-- that are not noted down count again.
local function note_visitors(counter, fresh)
  if #fresh == 0 or not ARGS.room then return end
  if not counter.over then load_recent(counter) end
  if not counter.recent_count then return end
  kept_visitors = kept_visitors or kept_of('seen:kept:visitors')
  local most = ARGS.visitorsMax
  local room = math.min(math.ceil(most / 4) - counter.recent_count, most - kept_visitors.sum)
  local noting = math.max(0, math.min(#fresh, room))
  counter.recent = counter.recent or {}
  for index = 1, noting do counter.recent[fresh[index]] = true end
  counter.recent_count = counter.recent_count + noting
  if noting > 0 then keep_more(kept_visitors, noting, counter.window) end
end

local function write_window(counter)
  if not counter.recent then return end
  local key = RECENT .. counter.name
  for _, over in ipairs(counter.over) do write_each('ZREM', key, over) end
  for visitor in pairs(counter.recent) do write('ZADD', key, ARGS.now, visitor) end
  write('PEXPIRE', key, counter.window)
end
