-- Counts entries that expire, of all counters together: keys of requests, and visitors within
-- windows.
--
-- An account is a hash from quarters of an hour (since 1970) to the number of entries that expire
-- in each. Its field "sum" is the sum over the quarters after the quarter "at", so that it is not
-- computed at each call. Entries that expire in the current quarter already count as gone, so
-- that there is room in time; for up to a quarter of an hour there may be more entries than are
-- allowed. A new entry counts until the next quarter begins, even if it expires sooner, as with a
-- window of a minute.

local QUARTER_MS = 15 * 60 * 1000
local QUARTER = math.floor(ARGS.now / QUARTER_MS)
-- An entry that is kept for a day expires within this many quarters. A later quarter was written
-- by a wrong clock.
local LATER_MAX = 97

-- Reads the account with this key.
local function kept_of(account)
  local kept = {account = account, sum = 0, added = {}, expired = {}}
  local sum, at = unpack(redis.call('HMGET', account, 'sum', 'at'))
  if tonumber(at) == QUARTER then
    kept.sum = tonumber(sum)
    return kept
  end
  local fields = redis.call('HGETALL', account)
  for index = 1, #fields, 2 do
    local quarter = tonumber(fields[index])
    if quarter and quarter > QUARTER and quarter <= QUARTER + LATER_MAX then
      kept.sum = kept.sum + tonumber(fields[index + 1])
    elseif quarter then
      kept.expired[#kept.expired + 1] = fields[index]
    end
  end
  return kept
end

-- Adds `count` entries that expire after `ms`.
local function keep_more(kept, count, ms)
  local quarter = math.floor((ARGS.now + ms) / QUARTER_MS)
  kept.added[quarter] = (kept.added[quarter] or 0) + count
  kept.sum = kept.sum + count
end

local function write_kept(kept)
  if not kept or not next(kept.added) then return end
  local account = kept.account
  write({'HSET', account, 'sum', whole(kept.sum), 'at', whole(QUARTER)})
  for quarter, count in pairs(kept.added) do
    write({'HINCRBY', account, whole(quarter), whole(count)})
  end
  for _, quarter in ipairs(kept.expired) do write({'HDEL', account, quarter}) end
  write({'PEXPIRE', account, whole((LATER_MAX + 1) * QUARTER_MS)})
end
