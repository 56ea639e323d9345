-- What all scripts share. It stands in front of each of them.
--
-- ARGV[1]  the script's arguments, packed with MessagePack (https://msgpack.org); each script
--          answers packed, too
--
-- A script reads and decides first, and only then writes. From a script's second write on, Redis
-- refuses nothing for want of memory, a disk or replicas, or because it is a replica itself
-- (https://redis.io/docs/latest/develop/programmability/eval-intro/). What else could be refused
-- is looked at before: types of keys, the range of numbers, and the user's rights. So all is
-- written or nothing, and no script takes anything back.

-- 2^53 - 1: past it neither Lua nor JSON carries a number exactly.
local EXACT = 9007199254740991
-- The default counter's key is its name, and it is always there.
local DEFAULT = 'hits'
local ARGS = cmsgpack.unpack(ARGV[1])

local function total_key(name) return name == DEFAULT and DEFAULT or 'seen:total:' .. name end
-- What keys of one counter begin with; its name follows.
local RECORD, HOURS, DAYS = 'seen:counter:', 'seen:hours:', 'seen:days:'
local UNIQUES, VISITORS, RECENT = 'seen:uniques:', 'seen:visitors:', 'seen:recent:'

-- A whole number as text, without an exponent. Redis makes one of a number that is an argument.
local function whole(number)
  return string.format('%.0f', number)
end

-- The whole number that a value of Redis is; nil where it is something else.
local function integer(value)
  return type(value) == 'string' and string.match(value, '^%-?%d+$') and tonumber(value) or nil
end

local function out_of_range(number)
  return number > EXACT or number < -EXACT
end

-- Reads. Answers nil where somebody has put something else under a key of ours.
local function read(...)
  local answer = redis.pcall(...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if string.find(answer.err, 'WRONGTYPE', 1, true) then return nil end
  error(answer, 0)
end

local writes = {}

-- Notes down a command that writes.
local function write(...)
  writes[#writes + 1] = {...}
end

-- A command noted down that the user has no right to. Asked once for each command and kind of key,
-- which the first letters tell: "seen:hou", "hits".
local function find_forbidden()
  local asked = {}
  for _, command in ipairs(writes) do
    local kinds = asked[command[1]] or {}
    local kind = string.sub(command[2], 1, 8)
    if not kinds[kind] and not redis.acl_check_cmd(unpack(command)) then return command[1] end
    asked[command[1]], kinds[kind] = kinds, true
  end
  return nil
end

-- A figure of a hash that went farther than a number carries is set back to where that ends.
local function set_back(key, field, amount, sum)
  local overflows = type(sum) == 'table' and string.find(sum.err, 'would overflow', 1, true)
  if overflows or type(sum) == 'number' and out_of_range(sum) then
    redis.call('HSET', key, field, amount < 0 and -EXACT or EXACT)
  end
end

-- Runs the commands noted down. Answers the error when Redis refuses, and nothing is written then.
-- The first command must be one that Redis refuses when its memory is full. A later one does
-- nothing where somebody has put something else under its key.
local function write_all()
  local forbidden = find_forbidden()
  if forbidden then return {err = 'NOPERM this user has no permissions to run ' .. forbidden} end
  for at, command in ipairs(writes) do
    local answer = redis.pcall(unpack(command))
    if at == 1 and type(answer) == 'table' and answer.err then return answer end
    if command[1] == 'HINCRBY' then set_back(command[2], command[3], command[4], answer) end
  end
  return nil
end
