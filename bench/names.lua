-- A script of wrk: visits many counters, each equally often.
--
-- Arguments: the path, in which % stands for the number of a counter; the number of counters; and
-- the number of the step to begin with. A step adds a prime that divides no round number, so that
-- counters that are visited one after the other are far apart in a database.

local STRIDE = 7919
local requests, count, step = {}, 1, 0

function init(args)
  count, step = tonumber(args[2]), tonumber(args[3])
  for index = 0, count - 1 do
    requests[index] = wrk.format("GET", (args[1]:gsub("%%", tostring(index))))
  end
end

function request()
  step = step + 1
  return requests[(step * STRIDE) % count]
end
