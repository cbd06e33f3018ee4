-- Removes events for good, wherever they are: waiting or dead.
--
-- KEYS[1]  whe:{shop}   hash, event id → sealed event
-- KEYS[2]  wha:{shop}   sorted set, "<event id>|<lane>" by when it happened (ms)
-- KEYS[3]  wht:{shop}   hash, event id → tries so far
-- KEYS[4]  whx:{shop}   sorted set, dead event id by when it died (ms)
-- KEYS[5]  whf:{shop}   hash, event id → how its last try failed
-- ARGV[1]  prefix of a lane's list
-- ARGV[2…] "<event id>|<lane>"
-- Result   how many were there
local dropped = 0
for at = 2, #ARGV do
  local id, lane = string.match(ARGV[at], '^([^|]*)|(.*)$')
  dropped = dropped + redis.call('ZREM', KEYS[2], ARGV[at])
  redis.call('HDEL', KEYS[1], id)
  redis.call('HDEL', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
  redis.call('HDEL', KEYS[5], id)
  redis.call('LREM', ARGV[1] .. lane, 0, id)
end
return dropped
