-- Put before commit.lua by the simulation: lets the Nth command that the script calls fail, as
-- Redis would.
--
-- The key simulation:failing holds "N MESSAGE", and is taken at the first call. Nothing of the
-- script is replaced: its own `redis` is another one, which counts. What failed is counted by
-- command in the hash simulation:failed.
local redis = (function(real)
  local failing = real.call('GETDEL', 'simulation:failing')
  if not failing then return real end
  local left, message = string.match(failing, '^(%d+) (.*)$')
  left = tonumber(left)
  local function fails(command)
    left = left - 1
    if left ~= 0 then return false end
    real.call('HINCRBY', 'simulation:failed', string.upper(command), 1)
    return true
  end
  local counting = {
    call = function(...)
      if fails((...)) then error({err = message}, 0) end
      return real.call(...)
    end,
    pcall = function(...)
      if fails((...)) then return {err = message} end
      return real.pcall(...)
    end
  }
  return setmetatable(counting, {__index = real})
end)(redis)

