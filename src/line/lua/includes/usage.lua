--- @include "base"

-- How much a shop, its deliveries, a caller and a number call: live calls, calls of the hour, time that phones were called
-- of the UTC day. Only counted here; what is too much is decided by whoever asked (line/caps.ts), who knows what the shop has set.

local HOUR, MINUTE, DAY = 3600000, 60000, 86400000

--- Live calls of a shop, its calls in this hour, its milliseconds of this day, those of a delivery ('' for none).
local function usage_keys(shop, id)
  local day = digits(math.floor(now / DAY))
  return key('shop', shop), key('rate', 's:' .. shop .. ':' .. digits(math.floor(now / HOUR))), key('rate', 't:' .. shop .. ':' .. day), key('rate', 'm:' .. id .. ':' .. day)
end

--- Live calls and milliseconds of this day of a caller, by its tag of the present epoch (a day lies in one), and of a number;
--- '' for none.
local function ends_keys(caller, number)
  local day = digits(math.floor(now / DAY))
  local ends = {}
  for kind, who in pairs({ c = caller, n = number }) do
    if who ~= '' then ends[kind] = { key('live', kind .. ':' .. who), key('rate', 'm' .. kind .. ':' .. who .. ':' .. day) } end
  end
  return ends
end

--- { live calls, ms of the day }
local function usage_of_end(one)
  if not one then return 0, 0 end
  redis.call('ZREMRANGEBYSCORE', one[1], '-inf', now)
  return redis.call('ZCARD', one[1]), tonumber(redis.call('GET', one[2]) or 0)
end

--- { now, live calls, calls of the hour, ms of the day, of the delivery's day, live calls of the delivery,
---   live calls and ms of the caller's day, of the number's day }
local function usage(shop, id, caller, number)
  local live, hour, day, of_delivery = usage_keys(shop, id)
  redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
  local counts = redis.call('MGET', hour, day, of_delivery)
  local calls = id == '' and 0 or redis.call('ZCARD', key('calls', id))
  local ends = ends_keys(caller, number)
  local caller_calls, caller_ms = usage_of_end(ends.c)
  local number_calls, number_ms = usage_of_end(ends.n)
  return { now, redis.call('ZCARD', live), tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0), calls, caller_calls, caller_ms, number_calls, number_ms }
end

--- Counts a call in. call: { id, lease (ms) }
local function count_in(shop, call, caller, number)
  local live, hour = usage_keys(shop, '')
  if redis.call('ZADD', live, now + call[2], call[1]) == 0 then return end
  redis.call('PEXPIRE', live, call[2] * 2)
  redis.call('INCR', hour)
  redis.call('PEXPIRE', hour, HOUR)
  -- Whoever counts it out, or renews it, knows the call alone.
  redis.call('SET', key('ends', call[1]), caller .. ' ' .. number, 'PX', call[2] * 2)
  for _, one in pairs(ends_keys(caller, number)) do
    redis.call('ZADD', one[1], now + call[2], call[1])
    redis.call('PEXPIRE', one[1], call[2] * 2)
  end
end

--- The keys of a call's caller and number; none for a call that does not count.
local function ends_of(call)
  local caller, number = string.match(redis.call('GET', key('ends', call)) or ' ', '^(.-) (.*)$')
  return ends_keys(caller, number)
end

--- Counts it out, and charges the time for which phones were called; nothing of that is there after the day.
local function count_out_of(shop, id, call, ms, undone)
  local live, hour, day, of_delivery = usage_keys(shop, id)
  if redis.call('ZREM', live, call) == 0 then return 0 end
  if undone and redis.call('EXISTS', hour) == 1 then redis.call('DECR', hour) end
  local counters = id == '' and { day } or { day, of_delivery }
  for _, one in pairs(ends_of(call)) do
    redis.call('ZREM', one[1], call)
    counters[#counters + 1] = one[2]
  end
  redis.call('DEL', key('ends', call))
  if ms == 0 then return 1 end
  for _, counter in ipairs(counters) do
    redis.call('INCRBY', counter, digits(ms))
    redis.call('PEXPIRE', counter, digits(DAY - now % DAY))
  end
  return 1
end
