-- Counters with a window, the time in which the visits of one visitor count once.
--
-- seen:recent:NAME  a sorted set of visitors by the time when a visit of theirs last counted
--
-- `counter.recent` is the state of this set after the changes so far: its `size`, and the visitors
-- that the batch adds (`added`).

local kept_visitors -- read when the first visitor is added

-- Decides which visits of a change count. Returns the amount that counts; for each visitor,
-- whether their first visit counts; and the visitors whose first visit counts. Subtracts the other
-- visits from `kinds`.
local function within_window(name, counter, amount, kinds, visitors, visits_of)
  local counted, fresh = {}, {}
  for at, visitor in ipairs(visitors) do
    local visits, counts = visits_of and visits_of[at] or 1, false
    if visits > 0 and not (counter.recent and counter.recent.added[visitor]) then
      local before = tonumber(read('ZSCORE', 'seen:recent:' .. name, visitor) or nil)
      -- A time farther ahead than the window was written by a wrong clock.
      counts = not before or math.abs(ARGS.now - before) >= counter.rules.window
    end
    if counts then fresh[#fresh + 1] = visitor end
    counted[#counted + 1] = counts
    local kind, dropped = string.sub(visitor, 1, 1), visits - (counts and 1 or 0)
    if dropped > 0 then
      amount = amount - dropped
      if kinds[kind] then kinds[kind] = whole(kinds[kind] - dropped) end
    end
  end
  return amount, counted, fresh
end

-- Reads the number of stored visitors, and deletes some whose window is over: more than the batch
-- adds, so that the set does not grow, but not all, so that one batch does not take long.
local function begin_recent(name, counter)
  local key, most = 'seen:recent:' .. name, 10
  for at = 1, #ARGS.changes, 5 do
    if ARGS.changes[at] == name then most = most + 2 * #ARGS.changes[at + 3] end
  end
  local size, window = read('ZCARD', key), counter.rules.window
  counter.recent = {size = size, added = {}}
  -- Another program has stored another type under this key.
  if not size then return end
  for _, range in ipairs({{'-inf', ARGS.now - window}, {ARGS.now + window, '+inf'}}) do
    local over = read('ZRANGEBYSCORE', key, range[1], range[2], 'LIMIT', 0, most)
    write_each('ZREM', key, over)
    counter.recent.size = counter.recent.size - #over
  end
end

-- Stores the visitors whose visit counted; for one counter at most a quarter of `visitorsMax`.
-- Visitors that are not stored count again.
local function note_visitors(name, counter, fresh)
  if #fresh == 0 or not ARGS.space then return end
  if not counter.recent then begin_recent(name, counter) end
  local recent, key, most = counter.recent, 'seen:recent:' .. name, ARGS.visitorsMax
  if not recent.size then return end
  kept_visitors = kept_visitors or kept_of('seen:kept:' .. TAG .. 'visitors')
  local room = math.min(math.ceil(most / 4) - recent.size, most - kept_visitors.sum)
  local noting = math.max(0, math.min(#fresh, room))
  for index = 1, noting do
    recent.added[fresh[index]] = true
    write({'ZADD', key, whole(ARGS.now), fresh[index]})
  end
  recent.size = recent.size + noting
  if noting > 0 then keep_more(kept_visitors, noting, counter.rules.window) end
  write({'PEXPIRE', key, whole(counter.rules.window)})
end
