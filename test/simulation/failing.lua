-- Put before the scripts by the simulation: lets the Nth command that a script calls, or the Nth
-- right that it asks for, fail, as Redis would.
--
-- The key simulation:failing holds "N MESSAGE", and is taken at the first call. Nothing of the
-- script is replaced: its own `redis` is another one, which counts. What failed is counted by
-- command in the hash simulation:failed. After the first write nothing fails: Redis refuses
-- nothing then for want of memory, a disk, replicas or its role, and the scripts have asked for
-- their rights. test/unit/stores/redis/rights.test.ts takes each right away on a real Redis.
local redis = (function(real)
  local failing = real.call('GETDEL', 'simulation:failing')
  if not failing then return real end
  local left, message = string.match(failing, '^(%d+) (.*)$')
  left = tonumber(left)
  local reads = {}
  for command in string.gmatch(
    'GET HGET HMGET HGETALL HSCAN EXISTS ZCARD ZSCORE ZRANGEBYSCORE PFCOUNT TIME', '%S+'
  ) do reads[command] = true end
  local function fails(command)
    left = left - 1
    if left ~= 0 then return false end
    real.call('HINCRBY', 'simulation:failed', string.upper(command), 1)
    return true
  end
  local function written(command)
    if not reads[command] then left = 0 end
  end
  local counting = {
    call = function(...)
      if fails((...)) then error({err = message}, 0) end
      written((...))
      return real.call(...)
    end,
    pcall = function(...)
      if fails((...)) then return {err = message} end
      written((...))
      return real.pcall(...)
    end,
    acl_check_cmd = function(...)
      return not fails((...)) and real.acl_check_cmd(...)
    end
  }
  return setmetatable(counting, {__index = real})
end)(redis)

