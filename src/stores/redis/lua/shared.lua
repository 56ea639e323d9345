-- Functions that all scripts share. script.ts puts this file in front of each script.
--
-- ARGV[1]  the script's arguments, packed with MessagePack (https://msgpack.org); each script's
--          result is packed, too
--
-- A script that uses `write` reads and decides first, and only then writes. From a script's
-- second write on, Redis refuses none for lack of memory, disk or replicas, or because it is a
-- replica itself (https://redis.io/docs/latest/develop/programmability/eval-intro/). The other
-- reasons to refuse a write are checked before: types of keys, the range of numbers, and the
-- user's rights. So either everything is written or nothing, and no script undoes a write.

-- 2^53 - 1: the largest number up to which Lua and JSON carry whole numbers exactly.
local EXACT = 9007199254740991
local ARGS = cmsgpack.unpack(ARGV[1])
-- In a Redis Cluster the hash tag of the shard (shards.ts), which names of counters begin with.
local TAG = ARGS.tag or ''
-- The default counter always exists. Without a tag its key is its name.
local DEFAULT = TAG .. 'hits'

local function total_key(name) return name == 'hits' and name or 'seen:total:' .. name end

-- Fails if a counter without a total may have one on another node. A replica that takes over does
-- not know that a slot was being moved, so keys may be missing (decision 42).
local function check_missing(name)
  if TAG == '' then return end
  local divided = redis.call('EXISTS', 'seen:' .. TAG .. 'shards') == 1
  if divided and not redis.pcall('ZSCORE', 'seen:' .. TAG .. 'names', name) then return end
  error({err = 'INCOMPLETE keys of the shard ' .. TAG .. ' are missing'}, 0)
end

-- A whole number as text, without an exponent. Redis 7.2.0 to 7.2.4 would write the argument
-- 100000000 as 1e+8.
local function whole(number)
  return string.format('%d', number)
end

-- Parses a whole number; nil for any other value.
local function integer(value)
  return value and string.find(value, '^%-?%d+$') and tonumber(value) or nil
end

local function out_of_range(number)
  return number > EXACT or number < -EXACT
end

-- Runs a command that reads. Returns nil when another program has stored another type there.
local function read(...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if string.find(reply.err, 'WRONGTYPE', 1, true) then return nil end
  error(reply, 0)
end

local writes = {}

-- Adds a command to `writes`, as a list: its name, its only key, and the rest, with numbers as
-- texts (`whole`). Fails when the user may not run that command on that key.
local function write(command)
  if not redis.acl_check_cmd(command[1], command[2]) then
    local message = 'NOPERM this user has no permissions for %s %s'
    error({err = string.format(message, command[1], command[2])}, 0)
  end
  writes[#writes + 1] = command
end

-- Adds one command for many fields or members, in pieces: Lua passes at most some 8,000 arguments.
local function write_each(command, key, words)
  for from = 1, #words, 1000 do
    write({command, key, unpack(words, from, math.min(from + 999, #words))})
  end
end

-- Sets a field that HINCRBY took past 2^53 - 1 or its negative back to that limit.
local function set_back(command, sum)
  local overflows = type(sum) == 'table' and string.find(sum.err, 'would overflow', 1, true)
  if overflows or type(sum) == 'number' and out_of_range(sum) then
    local limit = tonumber(command[4]) < 0 and -EXACT or EXACT
    redis.call('HSET', command[2], command[3], whole(limit))
  end
end

-- Runs the commands in `writes`. When Redis refuses the first, nothing is written and the script
-- fails. So the first must be one that a full Redis refuses, unless the script only deletes.
-- Errors of later commands are ignored: another program has stored another type there.
local function write_all()
  local run, unpack = redis.call, unpack
  for at = 1, #writes do
    local command = writes[at]
    local reply = run(unpack(command))
    if command[1] == 'HINCRBY' then set_back(command, reply) end
    run = redis.pcall
  end
end
