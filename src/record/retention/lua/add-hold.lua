-- Writes a hold, new or changed, and lets the run under way know.
--
-- KEYS[1]  ret:{shop}:holds  hash, id → sealed hold
-- KEYS[2]  ret:{shop}:state  hash: holds (version), known (see beat-run.lua)
-- ARGV[1]  id
-- ARGV[2]  sealed hold
-- ARGV[3]  how many there may be
-- Result   version of the holds, -1 when there are too many
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HINCRBY', KEYS[2], 'holds', 1)
