--[[
  Says that calls still go on. A call whose process died is not renewed, and its place becomes free.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 lease (ms)   3, 4 delivery id, call id   5, 6 …

  Result   how many were renewed
]]
--- @include "base"

local lease = tonumber(ARGV[2])
local renewed = 0
for at = 3, #ARGV, 2 do
  local calls = key('calls', ARGV[at])
  -- XX: a call that was counted out in between does not come back.
  renewed = renewed + redis.call('ZADD', calls, 'XX', 'CH', now + lease, ARGV[at + 1])
  redis.call('PEXPIRE', calls, lease * 2)
end
return renewed
