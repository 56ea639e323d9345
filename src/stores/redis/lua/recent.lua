-- Reads the visits of counters by day, of all kinds.
--
-- KEYS     none: the keys of a counter are made of its name
--
-- ARGV[1], packed:
--   counters  names
--   firstDay  days since 1970: the first
--   lastDay   and the last
--
-- Returns for each counter a list: a day and its visits, and so on. Days without visits are left
-- out. A sum stops at the largest exact number.
--
-- Atomic because Redis runs a script alone, so each call reads few counters. It writes nothing.

-- So many fields of a hash are faster to read one by one than the whole hash.
local FIELDS_MAX = 1000

-- The fields of a hash that are wanted: hours (24 of a day) or days (1), each of four kinds; nil
-- when they are too many.
local function fields_of(units)
  local fields = {}
  for at = ARGS.firstDay * units, (ARGS.lastDay + 1) * units - 1 do
    for _, kind in ipairs({'p', 'g', 'x', 'b'}) do fields[#fields + 1] = whole(at) .. kind end
    if #fields > FIELDS_MAX then return nil end
  end
  return fields
end

local FIELDS = {[24] = fields_of(24), [1] = fields_of(1)}

local function add_to(sums, day, amount)
  local sum = (sums[day] or 0) + amount
  sums[day] = math.max(math.min(sum, EXACT), -EXACT)
end

local function add_fields(sums, all, units)
  for index = 1, #all, 2 do
    local at, amount = string.match(all[index], '^(%d+)%a$'), integer(all[index + 1])
    local day = at and math.floor(tonumber(at) / units)
    if day and amount and day >= ARGS.firstDay and day <= ARGS.lastDay then
      add_to(sums, day, amount)
    end
  end
end

-- Adds the amounts of a hash to `sums`. A small hash comes whole from the first step of a scan.
local function add_hash(sums, key, units)
  local looked = read('HSCAN', key, '0', 'COUNT', '1')
  if not looked then return end
  if looked[1] == '0' then return add_fields(sums, looked[2], units) end
  local fields = FIELDS[units]
  if not fields then return add_fields(sums, read('HGETALL', key), units) end
  for index, value in ipairs(read('HMGET', key, unpack(fields))) do
    local amount = integer(value)
    local day = math.floor(tonumber(string.sub(fields[index], 1, -2)) / units)
    if amount then add_to(sums, day, amount) end
  end
end

local answer = {}
for _, name in ipairs(ARGS.counters) do
  local sums, days = {}, {}
  add_hash(sums, 'seen:hours:' .. name, 24)
  add_hash(sums, 'seen:days:' .. name, 1)
  for day, visits in pairs(sums) do
    days[#days + 1] = day
    days[#days + 1] = visits
  end
  answer[#answer + 1] = days
end
return cmsgpack.pack(answer)
