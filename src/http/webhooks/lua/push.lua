-- Puts an event at the end of its lane.
--
-- KEYS[1]  whe:{shop}          hash, event id → sealed event
-- KEYS[2]  wha:{shop}          sorted set, "<event id>|<lane>" by when it happened (ms)
-- KEYS[3]  whd:{shop}          sorted set, lane by when it is looked at next (ms)
-- KEYS[4]  whl:{shop}:<lane>   list of event ids
-- ARGV[1]  event id
-- ARGV[2]  lane
-- ARGV[3]  sealed event
-- ARGV[4]  when it happened (ms)
-- ARGV[5]  events that a shop may have waiting
-- ARGV[6]  now (ms), '' for the server's time
-- Result   1, or 0 when there are too many
--- @include "clock"

if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1] .. '|' .. ARGV[2])
redis.call('RPUSH', KEYS[4], ARGV[1])
-- A lane that waits for a new try keeps waiting: its events must not overtake each other.
redis.call('ZADD', KEYS[3], 'NX', clock(ARGV[6]), ARGV[2])
return 1
