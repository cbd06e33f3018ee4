-- Takes the heads of lanes that are due, for as long as a lease.
--
-- KEYS[1]  whe:{shop}   hash, event id → sealed event
-- KEYS[2]  whd:{shop}   sorted set, lane by when it is looked at next (ms)
-- KEYS[3]  wht:{shop}   hash, event id → tries so far
-- ARGV[1]  now (ms), '' for the server's time
-- ARGV[2]  how long the lease is (ms)
-- ARGV[3]  lanes at most
-- ARGV[4]  prefix of a lane's list
-- Result   { lane, event id, sealed event, tries, … }
--- @include "clock"

local now = clock(ARGV[1])
local claimed = {}
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[3])) do
  local list = ARGV[4] .. lane
  local id = redis.call('LINDEX', list, 0)
  local sealed = id and redis.call('HGET', KEYS[1], id)
  while id and not sealed do
    -- Erased meanwhile.
    redis.call('LPOP', list)
    id = redis.call('LINDEX', list, 0)
    sealed = id and redis.call('HGET', KEYS[1], id)
  end
  if id then
    redis.call('ZADD', KEYS[2], now + ARGV[2], lane)
    local at = #claimed
    claimed[at + 1] = lane
    claimed[at + 2] = id
    claimed[at + 3] = sealed
    claimed[at + 4] = redis.call('HGET', KEYS[3], id) or '0'
  else
    redis.call('ZREM', KEYS[2], lane)
  end
end
return claimed
