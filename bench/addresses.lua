-- A script of wrk: sends visits from many addresses, each equally often, as a proxy forwards them.
--
-- Arguments: the number of addresses, and the number of the step to begin with. A step adds a
-- prime that divides no round number.

local STRIDE = 7919
local before, after, count, step

function init(args)
  count, step = tonumber(args[1]), tonumber(args[2])
  wrk.headers["X-Forwarded-For"] = "ADDRESS"
  before, after = wrk.format("GET"):match("^(.*)ADDRESS(.*)$")
end

function request()
  step = step + 1
  local n = (step * STRIDE) % count
  local high = math.floor(n / 65536)
  local middle = math.floor(n / 256) % 256
  return before .. "20." .. high .. "." .. middle .. "." .. n % 256 .. after
end
