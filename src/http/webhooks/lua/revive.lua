-- Puts a dead event at the end of its lane, to be tried as if it had just happened.
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
-- ARGV[3]  the event, sealed anew
-- ARGV[4]  when it counts as happened (ms)
-- ARGV[5]  now (ms), '' for the server's time
-- Result   1, or 0 when it is not dead (any more)
--- @include "clock"

if redis.call('ZREM', KEYS[6], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1] .. '|' .. ARGV[2])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[7], ARGV[1])
redis.call('RPUSH', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[3], 'NX', clock(ARGV[5]), ARGV[2])
return 1
