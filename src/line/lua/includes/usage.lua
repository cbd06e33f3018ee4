--- @include "base"

-- How much a shop and its deliveries call: live calls, calls of the hour, time that phones were called of the UTC day.
-- Only counted here; what is too much is decided by whoever asked (line/caps.ts), who knows what the shop has set.

local HOUR, MINUTE, DAY = 3600000, 60000, 86400000

--- Live calls of a shop, its calls in this hour, its milliseconds of this day, those of a delivery ('' for none).
local function usage_keys(shop, id)
  local day = digits(math.floor(now / DAY))
  return key('shop', shop), key('rate', 's:' .. shop .. ':' .. digits(math.floor(now / HOUR))), key('rate', 't:' .. shop .. ':' .. day), key('rate', 'm:' .. id .. ':' .. day)
end

--- { now, live calls, calls of the hour, ms of the day, of the delivery's day, live calls of the delivery }
local function usage(shop, id)
  local live, hour, day, of_delivery = usage_keys(shop, id)
  redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
  local counts = redis.call('MGET', hour, day, of_delivery)
  local calls = id == '' and 0 or redis.call('ZCARD', key('calls', id))
  return { now, redis.call('ZCARD', live), tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0), calls }
end

--- Counts a call in. call: { id, lease (ms) }
local function count_in(shop, call)
  local live, hour = usage_keys(shop, '')
  if redis.call('ZADD', live, now + call[2], call[1]) == 0 then return end
  redis.call('PEXPIRE', live, call[2] * 2)
  redis.call('INCR', hour)
  redis.call('PEXPIRE', hour, HOUR)
end

--- Counts it out, and charges the time for which phones were called; nothing of that is there after the day.
local function count_out_of(shop, id, call, ms, undone)
  local live, hour, day, of_delivery = usage_keys(shop, id)
  if redis.call('ZREM', live, call) == 0 then return 0 end
  if undone and redis.call('EXISTS', hour) == 1 then redis.call('DECR', hour) end
  if ms == 0 then return 1 end
  for _, counter in ipairs(id == '' and { day } or { day, of_delivery }) do
    redis.call('INCRBY', counter, digits(ms))
    redis.call('PEXPIRE', counter, digits(DAY - now % DAY))
  end
  return 1
end
