-- Counts what is kept of all counters together: keys of requests, and visitors within windows.
--
-- `account` is a hash from quarters of an hour (since 1970) to how many of them end in each. "sum"
-- is the sum of those that end later than the quarter "at", so that it is not added up anew each
-- time. What ends in this quarter already counts as gone, so room is free in time; for up to a
-- quarter of an hour more may be kept than is allowed. What is added counts until the next quarter
-- begins, even if it ends sooner, as with a window of a minute.

local QUARTER_MS = 15 * 60 * 1000
local QUARTER = math.floor(ARGS.now / QUARTER_MS)
-- What lives for a day ends within so many quarters. A later end was written by a wrong clock.
local LATER_MAX = 97

local function kept_of(account)
  local kept = {account = account, sum = 0, added = {}, over = {}}
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
      kept.over[#kept.over + 1] = fields[index]
    end
  end
  return kept
end

-- Adds `count` that end after `ms`.
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
  for _, quarter in ipairs(kept.over) do write({'HDEL', account, quarter}) end
  write({'PEXPIRE', account, whole((LATER_MAX + 1) * QUARTER_MS)})
end
