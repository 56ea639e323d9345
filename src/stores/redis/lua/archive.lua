-- Reads counters whole, for an export or for the history of one counter.
--
-- KEYS     none: the keys of a counter are made of its name
--
-- ARGV[1], packed:
--   enough    the number of figures of history after which no further counter is read
--   counters  names
--
-- Returns the counters from the first name on, until they have `enough` figures; at least one. A
-- counter is a list: its name, total, "made", "owner", "rules", "day"; its hours, days and
-- uniques, each a list of fields and amounts; today's number of visitors; "title" and "link".
-- Unknown values are "". A missing counter is a list of its name alone.
--
-- Atomic because Redis runs a script alone, so each call reads little. It writes nothing.

-- Returns the counter, and its number of figures.
local function dump(name)
  local total = read('GET', total_key(name))
  if total == false then return {name}, 1 end
  local fields = {'made', 'owner', 'rules', 'day', 'title', 'link'}
  local record = read('HMGET', 'seen:counter:' .. name, unpack(fields)) or {}
  local hours, days = read('HGETALL', 'seen:hours:' .. name), read('HGETALL', 'seen:days:' .. name)
  local uniques = read('HGETALL', 'seen:uniques:' .. name)
  local today = read('PFCOUNT', 'seen:visitors:' .. name)
  hours, days, uniques = hours or {}, days or {}, uniques or {}
  local size = 1 + (#hours + #days + #uniques) / 2
  return {
    name, total or 'something else',
    record[1] or '', record[2] or '', record[3] or '', record[4] or '',
    hours, days, uniques, today or 0, record[5] or '', record[6] or ''
  }, size
end

local answer, size = {}, 0
for _, name in ipairs(ARGS.counters) do
  if size >= ARGS.enough then break end
  local counter, more = dump(name)
  size = size + more
  answer[#answer + 1] = counter
end
return cmsgpack.pack(answer)
