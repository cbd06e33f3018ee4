--- @include "record"
--- @include "usage"

-- May this party of a delivery call now? If so the call is counted in; also one to a delivery that is over, because it may
-- be put through to the shop's support line.

-- As in line/lookup.ts.
local CONNECT = 0
local OVER = 1
local WRONG_DIRECTION = 2
local LIMITED_CONCURRENT = 3
local LIMITED_HOURLY = 4
local LIMITED_CALLER = 5
local LIMITED_NUMBER = 6
local UNKNOWN = 7

--- party: 0 courier, 1 customer. caller: tag of the present epoch; an hour lies in one epoch, so its count does too.
--- call: { id, lease (ms) }. limits: calls of the delivery at the same time,
--- of the delivery in an hour, of the caller in an hour, to the number in a minute.
--- Answers { kind, id, shop, party, sealed }, and { … } of usage() behind it when the call was counted in.
local function admit(id, d, party, caller, call, limits)
  local function answer(kind)
    return { kind, id, d[SHOP], party, d[SEALED] }
  end

  local live = is_live(d)
  if live and d[DIRECTION] ~= 0 and d[DIRECTION] ~= party + 1 then return answer(WRONG_DIRECTION) end

  local calls = key('calls', id)
  redis.call('ZREMRANGEBYSCORE', calls, '-inf', now)
  if redis.call('ZCARD', calls) >= limits[1] and not redis.call('ZSCORE', calls, call[1]) then return answer(LIMITED_CONCURRENT) end

  local hour, minute = digits(math.floor(now / HOUR)), digits(math.floor(now / MINUTE))
  local by_delivery = key('rate', 'd:' .. id .. ':' .. hour)
  local by_caller = key('rate', 'c:' .. caller .. ':' .. hour)
  local by_number = key('rate', 'n:' .. minute)
  if tonumber(redis.call('GET', by_delivery) or 0) >= limits[2] then return answer(LIMITED_HOURLY) end
  if tonumber(redis.call('GET', by_caller) or 0) >= limits[3] then return answer(LIMITED_CALLER) end
  if tonumber(redis.call('HGET', by_number, d[NUMBER]) or 0) >= limits[4] then return answer(LIMITED_NUMBER) end

  redis.call('INCR', by_delivery)
  redis.call('PEXPIRE', by_delivery, HOUR)
  redis.call('INCR', by_caller)
  redis.call('PEXPIRE', by_caller, HOUR)
  redis.call('HINCRBY', by_number, d[NUMBER], 1)
  redis.call('PEXPIRE', by_number, MINUTE)
  redis.call('ZADD', calls, now + call[2], call[1])
  redis.call('PEXPIRE', calls, call[2] * 2)
  count_in(d[SHOP], call, caller, d[NUMBER])
  local counted = answer(live and CONNECT or OVER)
  counted[6] = usage(d[SHOP], id, caller, d[NUMBER])
  return counted
end

--- ARGV from place `at` on: call id, lease, the four limits.
local function admit_args(at)
  local limits = {}
  for i = 1, 4 do limits[i] = tonumber(ARGV[at + 1 + i]) end
  return { ARGV[at], tonumber(ARGV[at + 1]) }, limits
end
