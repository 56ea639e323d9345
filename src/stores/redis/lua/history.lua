-- What a batch adds to the history of a counter: hours and days by kind of visit, and visitors.
--
-- seen:counter:NAME   "day": the day of the visitors in seen:visitors:NAME; "old": the state of
--                     folding, "DAY DAY CURSOR": the last earlier day with a visit; the day from
--                     which the age of hours is measured; and the cursor of HSCAN, "-" when
--                     folding is finished
-- seen:hours:NAME     a hash from hour and kind ("497821p") to the amount in that hour
-- seen:days:NAME      the same by day, for hours that are older than HOURS_KEPT
-- seen:visitors:NAME  a HyperLogLog of the day's visitors
-- seen:uniques:NAME   a hash from days to their numbers of visitors

local fold_steps = 0

-- Begins a day: replaces the visitors of the day before with their number, and begins to fold old
-- hours into days. The age of hours is measured from the last day with a visit before `day`, not
-- from today, so a clock that is far ahead for a day folds nothing too early.
local function begin_day(name, counter)
  local before, today, visitors = counter.day, tonumber(ARGS.day), 'seen:visitors:' .. name
  -- A day that is one ahead stays, because another replica's clock may be ahead. A day farther
  -- ahead was written by a wrong clock.
  if before and today <= tonumber(before) and today >= tonumber(before) - 1 then return end
  -- An import may have added visitors of that day.
  local count = before and read('PFCOUNT', visitors)
  if count then write({'HINCRBY', 'seen:uniques:' .. name, before, whole(count)}) end
  write({'DEL', visitors})
  local earlier, _, cursor = string.match(counter.old or '', '^(%d+) (%d+) (%S+)$')
  local measured = math.min(tonumber(earlier) or today, today)
  -- Folding that is not finished continues. A new counter has no hours yet.
  if not cursor or cursor == '-' then cursor = before and '0' or '-' end
  counter.day = ARGS.day
  counter.old = table.concat({before or ARGS.day, measured, cursor}, ' ')
end

-- One step of folding: reads some hours, and adds the old ones to their days. Each counter takes
-- one step in a batch, and all together take at most FOLD_STEPS_MAX.
local function fold(name, counter)
  local HOURS_KEPT = 35 * 24
  -- The number of hours that one step of folding reads: some 0.1 ms.
  local FOLD_AT_ONCE = 100
  -- The number of such steps in one batch, so that folding blocks Redis for about a millisecond.
  local FOLD_STEPS_MAX = 10
  local earlier, measured, cursor = string.match(counter.old, '^(%d+) (%d+) (%d+)$')
  if not cursor or fold_steps >= FOLD_STEPS_MAX then return end
  fold_steps = fold_steps + 1
  local hours, first = 'seen:hours:' .. name, tonumber(measured) * 24 - HOURS_KEPT
  local looked = read('HSCAN', hours, cursor, 'COUNT', FOLD_AT_ONCE) or {'0', {}}
  local days, folded = {}, {}
  for index = 1, #looked[2], 2 do
    local field, amount = looked[2][index], integer(looked[2][index + 1])
    local hour, kind = string.match(field, '^(%d+)(%a)$')
    if hour and amount and tonumber(hour) < first then
      local day = math.floor(tonumber(hour) / 24) .. kind
      days[day] = (days[day] or 0) + amount
      folded[#folded + 1] = field
    end
  end
  for day, amount in pairs(days) do
    write({'HINCRBY', 'seen:days:' .. name, day, whole(amount)})
  end
  write_each('HDEL', hours, folded)
  counter.old = table.concat({earlier, measured, looked[1] == '0' and '-' or looked[1]}, ' ')
end

-- Adds the visits of a change to the current hour, and its visitors to the day. Creates no field
-- when memory is short.
local function add_to_history(name, kinds, visitors)
  local hours = 'seen:hours:' .. name
  for kind, amount in pairs(kinds) do
    local field = ARGS.hour .. kind
    if amount ~= '0' and (ARGS.space or read('HGET', hours, field)) then
      write({'HINCRBY', hours, field, amount})
    end
  end
  if ARGS.space then write_each('PFADD', 'seen:visitors:' .. name, visitors) end
end
