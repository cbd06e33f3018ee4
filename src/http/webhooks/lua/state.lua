-- How a shop's queue stands, all of it at one moment.
--
-- KEYS[1]  wha:{shop}   sorted set, "<event id>|<lane>" by when it happened (ms)
-- KEYS[2]  wht:{shop}   hash, event id → tries so far
-- KEYS[3]  whx:{shop}   sorted set, dead event id by when it died (ms)
-- KEYS[4]  whd:{shop}   sorted set, lane by when it is looked at next (ms)
-- ARGV[1]  now (ms), '' for the server's time
-- Result   { events not tried yet, events to be tried again, dead events, when the next lane comes (ms) or '' }
--- @include "clock"

local tried, dead = redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3])
local coming = redis.call('ZRANGEBYSCORE', KEYS[4], string.format('(%.0f', clock(ARGV[1])), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { redis.call('ZCARD', KEYS[1]) - tried, tried - dead, dead, coming[2] or '' }
