-- Writes the history of a shop's periods unless somebody else has written it meanwhile.
--
-- KEYS[1]  ret:{shop}:history  hash: version, sealed
-- ARGV[1]  version that was read, 0 when there was none
-- ARGV[2]  sealed history
-- Result   1 written, 0 somebody else was faster
if tonumber(redis.call('HGET', KEYS[1], 'version') or 0) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1, 'sealed', ARGV[2])
return 1
