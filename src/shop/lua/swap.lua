-- Writes a field of a hash if it still holds what was read from it.
--
-- KEYS[1]  hash
-- ARGV[1]  field
-- ARGV[2]  what was read; empty: the field was not there
-- ARGV[3]  what it shall hold
-- Result   1 written, 0 somebody was faster
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
