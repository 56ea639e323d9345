-- Makes or changes one counter, or deletes, or reads some.
--
-- KEYS[1]  the names of all counters: a sorted set, all of the same score, so that it is in the
--          order of the names. Other keys are made of the counters' names (commit.lua lists them).
-- ARGV[1]  what to do: "make", "change", "delete" or "read"
-- ARGV[2]  now, or when the counter is made, in milliseconds since 1970
-- make:    ARGV[3] name, ARGV[4] total, ARGV[5] owner (the hash of a token), ARGV[6] how many
--          counters there may be, ARGV[7] rules or ""
-- change:  ARGV[3] name, ARGV[4] condition, ARGV[5] total or "", ARGV[6] owner or "", ARGV[7]
--          rules or "": the words of the rules, "-" for each that stays
-- delete:  ARGV[3] condition, ARGV[4...] names
-- read:    ARGV[3...] names
--
-- A condition is the `Condition` of contract/registry.ts as JSON. A counter is answered as total,
-- "made", "owner", "rules", with "" for what is not known. Answers a list:
--   make:    "ok", "exists" or "full"
--   change:  "ok" and the counter after the change; or "missing", "differs", "unreadable" (its
--            total is no string), having changed nothing
--   delete:  "deleted", "missing" or "differs" for each name
--   read:    a counter for each name, and an empty list where there is none
-- The default counter, whose key is its name, is always there.
--
-- Atomic because Redis runs a script alone. Whatever could be refused is read first. The first
-- write of make and change is one that Redis refuses when its memory is full, and that of delete
-- is one that it never refuses.

local what, NAMES = ARGV[1], KEYS[1]
local DEFAULT = 'hits'

local function total_key(name) return name == DEFAULT and DEFAULT or 'seen:total:' .. name end
local function record_key(name) return 'seen:counter:' .. name end

-- The total as it is kept, false where there is no counter, nil where somebody has put something
-- else.
local function total_of(name)
  local total = redis.pcall('GET', total_key(name))
  if type(total) ~= 'table' then return total end
  if string.find(total.err, 'WRONGTYPE', 1, true) then return nil end
  error(total.err, 0)
end

-- When the counter was made, its owner and its rules, each false where it is not known.
local function record_of(name)
  return unpack(redis.call('HMGET', record_key(name), 'made', 'owner', 'rules'))
end

local function meets(condition, total, made, owner, rules)
  local since, below = condition.madeSince, condition.totalBelow
  total, made = tonumber(total), tonumber(made or '')
  if condition.owner and owner ~= condition.owner then return false end
  if condition.unowned and owner then return false end
  local settable = rules and string.find(rules, ' settable ', 1, true)
  if condition.settable and not settable then return false end
  if since and not (made and made >= since) then return false end
  return not below or (total ~= nil and total < below)
end

-- Words of rules with other words in the place of those that are changed. Rules of an early Seen
-- have no window.
local function change_rules(rules, changes)
  local words, at = {}, 0
  for word in string.gmatch(rules or '0 1 fixed public', '%S+') do words[#words + 1] = word end
  words[5] = words[5] or '0'
  for word in string.gmatch(changes, '%S+') do
    at = at + 1
    if word ~= '-' then words[at] = word end
  end
  return table.concat(words, ' ')
end

local function make(name, total, owner, counters_max, rules)
  if redis.call('EXISTS', total_key(name)) == 1 then
    return {redis.call('HGET', record_key(name), 'owner') == owner and 'ok' or 'exists'}
  end
  if redis.call('ZCARD', NAMES) >= tonumber(counters_max) then return {'full'} end
  redis.call('SET', total_key(name), total)
  redis.call('HSETNX', record_key(name), 'made', ARGV[2])
  redis.call('HSET', record_key(name), 'owner', owner)
  if rules ~= '' then redis.call('HSET', record_key(name), 'rules', rules) end
  redis.call('ZADD', NAMES, 0, name)
  return {'ok'}
end

local function change(name, condition, new_total, new_owner, new_rules)
  local total = total_of(name)
  local made, owner, rules = record_of(name)
  if total == false and name ~= DEFAULT then return {'missing'} end
  if not meets(cjson.decode(condition), total or '0', made, owner, rules) then
    return {'differs'}
  end
  if total == nil and new_total == '' then return {'unreadable'} end
  if new_total ~= '' then total = new_total end
  total, made, owner = total or '0', made or ARGV[2], new_owner ~= '' and new_owner or owner
  if new_rules ~= '' then rules = change_rules(rules, new_rules) end
  redis.call('SET', total_key(name), total)
  if redis.call('HSETNX', record_key(name), 'made', made) == 1 then
    redis.call('ZADD', NAMES, 0, name)
  end
  if owner then redis.call('HSET', record_key(name), 'owner', owner) end
  if rules then redis.call('HSET', record_key(name), 'rules', rules) end
  return {'ok', total, made, owner or '', rules or ''}
end

-- UNLINK frees what is large on a thread of its own.
local function delete(name, condition, conditional)
  local there = redis.call('EXISTS', total_key(name)) == 1
  if there and conditional and not meets(condition, total_of(name), record_of(name)) then
    return 'differs'
  end
  redis.call('UNLINK', total_key(name), record_key(name),
    'seen:hours:' .. name, 'seen:days:' .. name, 'seen:visitors:' .. name,
    'seen:uniques:' .. name, 'seen:recent:' .. name)
  redis.call('ZREM', NAMES, name)
  return there and 'deleted' or 'missing'
end

if what == 'make' then return make(unpack(ARGV, 3)) end
if what == 'change' then return change(unpack(ARGV, 3)) end
local answer = {}
if what == 'delete' then
  local condition = cjson.decode(ARGV[3])
  for at = 4, #ARGV do
    answer[#answer + 1] = delete(ARGV[at], condition, next(condition) ~= nil)
  end
else
  for at = 3, #ARGV do
    local total = total_of(ARGV[at])
    if total then
      local made, owner, rules = record_of(ARGV[at])
      answer[#answer + 1] = {total, made or '', owner or '', rules or ''}
    else
      answer[#answer + 1] = {}
    end
  end
end
return answer
