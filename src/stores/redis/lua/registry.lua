-- Creates or changes one counter, or deletes, or reads some.
--
-- KEYS[1]  the names of all counters: a sorted set, all of the same score, so that it is in the
--          order of the names. Other keys are made of the counters' names (shared.lua).
--
-- ARGV[1], packed: `what` to do, and
--   create   `counter`, `total`, `owner` (the hash of a token) or nothing, `rules` or nothing,
--            `title` or nothing, `link` or nothing, `madeAt` (milliseconds since 1970),
--            `countersMax`
--   change   `counter`, `condition`, `madeAt` for a counter that has none; and what changes of
--            `total`, `owner`, `rules` (the words of the rules, "-" for each that stays), `title`
--            and `link` ("" removes them)
--   delete   `counters`, `condition`
--   read     `counters`
-- A condition is the `Condition` of contract/registry.ts.
--
-- Returns the following, where a counter is {total, "made", owner, rules, title, link}, each a
-- string, and "" when unknown:
--   create   "ok" (also for a counter that the same owner has), "exists" or "full"
--   change   the counter after the change; or "missing", "differs" or "unreadable" (its total is
--            no string), when nothing was changed
--   delete   "deleted", "missing" or "differs" for each name
--   read     a counter for each name, or an empty list for a missing one
-- The default counter always exists. All but "read" fail with INCOMPLETE (shared.lua).
--
-- Atomic because Redis runs a script alone. Everything is decided before the first write
-- (shared.lua).

local NAMES = KEYS[1]

-- The time of creation, the owner, the rules, the title and the link of a counter, each false when
-- unknown.
local function record_of(name)
  local fields = {'made', 'owner', 'rules', 'title', 'link'}
  return unpack(redis.call('HMGET', 'seen:counter:' .. name, unpack(fields)))
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

-- The rules after a change: each word of `changes` replaces the word at its place; "-" keeps it.
-- Rules of an early Seen have no window.
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

local function write_record(name, made, owner, rules)
  write({'HSET', 'seen:counter:' .. name, 'made', made})
  if owner then write({'HSET', 'seen:counter:' .. name, 'owner', owner}) end
  if rules then write({'HSET', 'seen:counter:' .. name, 'rules', rules}) end
  for _, field in ipairs({'title', 'link'}) do
    local text = ARGS[field]
    if text == '' then
      write({'HDEL', 'seen:counter:' .. name, field})
    elseif text then
      write({'HSET', 'seen:counter:' .. name, field, text})
    end
  end
  write({'ZADD', NAMES, '0', name})
end

local function create()
  local name, owner = ARGS.counter, ARGS.owner
  local _, before = record_of(name)
  local there = redis.call('EXISTS', total_key(name)) == 1
  if there then return before == owner and 'ok' or 'exists' end
  check_missing(name)
  if redis.call('ZCARD', NAMES) >= ARGS.countersMax then return 'full' end
  write({'SET', total_key(name), whole(ARGS.total)})
  write_record(name, whole(ARGS.madeAt), owner, ARGS.rules)
  return 'ok'
end

local function change()
  local name = ARGS.counter
  local total = read('GET', total_key(name))
  if total == false then check_missing(name) end
  local made, owner, rules, title, link = record_of(name)
  if total == false and name ~= DEFAULT then return 'missing' end
  local repeated = owner and owner == ARGS.owner
  if not repeated and not meets(ARGS.condition, total or '0', made, owner, rules) then
    return 'differs'
  end
  if total == nil and not ARGS.total then return 'unreadable' end
  if ARGS.total then total = whole(ARGS.total) end
  total, made, owner = total or '0', made or whole(ARGS.madeAt), ARGS.owner or owner
  if ARGS.rules then rules = change_rules(rules, ARGS.rules) end
  write({'SET', total_key(name), total})
  write_record(name, made, owner, rules)
  title, link = ARGS.title or title, ARGS.link or link
  return {total, made, owner or '', rules or '', title or '', link or ''}
end

local deleted = {}

-- Deletes a counter and its data. UNLINK frees large values on another thread.
local function delete(name)
  local there = not deleted[name] and redis.call('EXISTS', total_key(name)) == 1
  if not there and not deleted[name] then check_missing(name) end
  if there and next(ARGS.condition) then
    local total = read('GET', total_key(name))
    if not meets(ARGS.condition, total, record_of(name)) then return 'differs' end
  end
  for _, key in ipairs({
    total_key(name), 'seen:counter:' .. name, 'seen:hours:' .. name, 'seen:days:' .. name,
    'seen:visitors:' .. name, 'seen:uniques:' .. name, 'seen:recent:' .. name
  }) do write({'UNLINK', key}) end
  write({'ZREM', NAMES, name})
  deleted[name] = true
  return there and 'deleted' or 'missing'
end

-- Returns {} also when another program has stored another type under the counter's key.
local function describe(name)
  local total = read('GET', total_key(name))
  if not total then return {} end
  local made, owner, rules, title, link = record_of(name)
  return {total, made or '', owner or '', rules or '', title or '', link or ''}
end

local function each(act)
  local answers = {}
  for at, name in ipairs(ARGS.counters) do answers[at] = act(name) end
  return answers
end

local answer
if ARGS.what == 'create' then
  answer = create()
elseif ARGS.what == 'change' then
  answer = change()
else
  answer = each(ARGS.what == 'delete' and delete or describe)
end
write_all()
return cmsgpack.pack(answer)
