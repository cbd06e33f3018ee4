--[[
  Says that calls still go on. A call whose process died is not renewed, and its place becomes free.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 lease (ms)   3, 4, 5 delivery id ('' for none), shop, call id   6, 7, 8 …

  Result   how many were renewed
]]
--- @include "usage"

local lease = tonumber(ARGV[2])

-- XX: a call that was counted out in between does not come back.
local function renew(calls, id)
  local renewed = redis.call('ZADD', calls, 'XX', 'CH', now + lease, id)
  redis.call('PEXPIRE', calls, lease * 2)
  return renewed
end

local renewed = 0
for at = 3, #ARGV, 3 do
  local of_shop = renew(key('shop', ARGV[at + 1]), ARGV[at + 2])
  for _, one in pairs(ends_of(ARGV[at + 2])) do renew(one[1], ARGV[at + 2]) end
  redis.call('PEXPIRE', key('ends', ARGV[at + 2]), lease * 2)
  renewed = renewed + (ARGV[at] == '' and of_shop or renew(key('calls', ARGV[at]), ARGV[at + 2]))
end
return renewed
