-- Which visitors of a counter with a window have been counted within it.
--
-- seen:recent:NAME is a sorted set of visitors by when a visit of theirs counted last.
-- `counter.recent` is what this batch adds to it: a set of visitors.

local kept_visitors -- looked up where a counter has a window

-- Which of the visitors of a change have not been counted within the window. Answers what is left
-- of its amount, for each visitor whether their first visit counts, and those whose does. Takes
-- the visits that do not count off the change's kinds.
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

-- The visitors noted down between two times, so many at the most that a hit never pays for many.
local function visitors_between(counter, from, to, most)
  return read('ZRANGEBYSCORE', RECENT .. counter.name, from, to, 'LIMIT', 0, most) or {}
end

-- Looks up how many visitors are noted down, and which are over: more of them than come, so that
-- forgetting keeps up.
local function load_recent(counter, coming)
  -- Nil where somebody has put something else there.
  counter.recent_count = read('ZCARD', RECENT .. counter.name)
  -- Lua passes some 8,000 arguments at the most.
  local most = math.min(2 * coming + 10, 4000)
  local before, after = ARGS.now - counter.window, ARGS.now + counter.window
  counter.over = {
    visitors_between(counter, '-inf', before, most),
    visitors_between(counter, after, '+inf', most)
  }
  if not counter.recent_count then return end
  for _, over in ipairs(counter.over) do counter.recent_count = counter.recent_count - #over end
end

-- Notes down that these visitors have been counted, as many as may be: of one counter at most a
-- quarter of all. Who is not noted down counts again.
local function note_visitors(counter, fresh)
  if #fresh == 0 or not ARGS.room then return end
  if not counter.over then load_recent(counter, #fresh) end
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
  for _, over in ipairs(counter.over) do
    if #over > 0 then write('ZREM', key, unpack(over)) end
  end
  for visitor in pairs(counter.recent) do write('ZADD', key, ARGS.now, visitor) end
  write('PEXPIRE', key, counter.window)
end
