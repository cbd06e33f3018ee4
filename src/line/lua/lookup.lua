--[[
  Whose delivery is it when this phone calls this number, and may they talk? Counts the call in.
  A number that is not ours and a caller without a delivery there take the same way to the same answer.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 tag of the caller's phone   3 number (digits)   4 call id   5 lease (ms)
           6 calls of a delivery at the same time   7 calls of a delivery in an hour
           8 calls of a caller in an hour   9 calls to a number in a minute

  Result   { kind, id, shop, party (0 courier, 1 customer), sealed } or { UNKNOWN }
]]
--- @include "record"

-- As in line/lookup.ts.
local CONNECT = 0
local OVER = 1
local WRONG_DIRECTION = 2
local LIMITED_CONCURRENT = 3
local LIMITED_HOURLY = 4
local LIMITED_CALLER = 5
local LIMITED_NUMBER = 6
local UNKNOWN = 7

local HOUR, MINUTE = 3600000, 60000
local caller, number, call, lease = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local id = redis.call('HGET', key('b', caller), number)
local d = id and load_delivery(id)
if not d or now >= held_until(d) then return { UNKNOWN } end
local party = has_tag(d[COURIER], caller) and 0 or has_tag(d[CUSTOMER], caller) and 1 or nil
-- A phone that has left the delivery is nobody any more.
if not party then return { UNKNOWN } end

local function answer(kind)
  return { kind, id, d[SHOP], party, d[SEALED] }
end

if not is_live(d) then return answer(OVER) end
if d[DIRECTION] ~= 0 and d[DIRECTION] ~= party + 1 then return answer(WRONG_DIRECTION) end

local calls = key('calls', id)
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now)
if redis.call('ZCARD', calls) >= tonumber(ARGV[6]) and not redis.call('ZSCORE', calls, call) then return answer(LIMITED_CONCURRENT) end

local hour, minute = digits(math.floor(now / HOUR)), digits(math.floor(now / MINUTE))
local by_delivery = key('rate', 'd:' .. id .. ':' .. hour)
local by_caller = key('rate', 'c:' .. caller .. ':' .. hour)
local by_number = key('rate', 'n:' .. minute)
if tonumber(redis.call('GET', by_delivery) or 0) >= tonumber(ARGV[7]) then return answer(LIMITED_HOURLY) end
if tonumber(redis.call('GET', by_caller) or 0) >= tonumber(ARGV[8]) then return answer(LIMITED_CALLER) end
if tonumber(redis.call('HGET', by_number, number) or 0) >= tonumber(ARGV[9]) then return answer(LIMITED_NUMBER) end

redis.call('INCR', by_delivery)
redis.call('PEXPIRE', by_delivery, HOUR)
redis.call('INCR', by_caller)
redis.call('PEXPIRE', by_caller, HOUR)
redis.call('HINCRBY', by_number, number, 1)
redis.call('PEXPIRE', by_number, MINUTE)
redis.call('ZADD', calls, now + lease, call)
redis.call('PEXPIRE', calls, lease * 2)
return answer(CONNECT)
