-- Says what has become of the head of a lane.
--
-- KEYS[1]  whe:{shop}          hash, event id → sealed event
-- KEYS[2]  wha:{shop}          sorted set, "<event id>|<lane>" by when it happened (ms)
-- KEYS[3]  whd:{shop}          sorted set, lane by when it is looked at next (ms)
-- KEYS[4]  whl:{shop}:<lane>   list of event ids
-- KEYS[5]  wht:{shop}          hash, event id → tries so far
-- KEYS[6]  whx:{shop}          sorted set, dead event id by when it died (ms)
-- KEYS[7]  whf:{shop}          hash, event id → how its last try failed
-- ARGV[1]  event id
-- ARGV[2]  lane
-- ARGV[3]  "sent", "again" or "dead"
-- ARGV[4]  in how many ms the lane is looked at next
-- ARGV[5]  now (ms), '' for the server's time
-- ARGV[6]  how the try failed, such as "status 503"; '' when it did not
-- Result   1, or 0 when this event is not the head any more: another process was faster
--- @include "clock"

local now = clock(ARGV[5])
if redis.call('LINDEX', KEYS[4], 0) ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[5], ARGV[1], 1)
if ARGV[6] ~= '' then redis.call('HSET', KEYS[7], ARGV[1], ARGV[6]) end
if ARGV[3] ~= 'again' then
  redis.call('LPOP', KEYS[4])
  if ARGV[3] == 'dead' then
    redis.call('ZADD', KEYS[6], now, ARGV[1])
  else
    redis.call('HDEL', KEYS[1], ARGV[1])
    redis.call('HDEL', KEYS[5], ARGV[1])
    redis.call('HDEL', KEYS[7], ARGV[1])
    redis.call('ZREM', KEYS[2], ARGV[1] .. '|' .. ARGV[2])
  end
end
if redis.call('EXISTS', KEYS[4]) == 1 then
  redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[2])
else
  redis.call('ZREM', KEYS[3], ARGV[2])
end
return 1
