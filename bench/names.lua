-- For wrk: requests that walk through counters, each as often as the others.
--
-- Arguments: the path with % where the number of the counter goes, how many counters there are,
-- and the number of the step to begin with. The steps are as long as a prime that divides no round
-- number, so that neighbours in the walk are no neighbours in a database.

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
