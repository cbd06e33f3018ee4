-- Writes what has become of an open call; a finished one never changes.
--
-- KEYS[1]  rec:{shop}:<day>  hash, call id → row
-- KEYS[2]  open:{shop}       sorted set, "<day>:<call id>" by end of its lease
-- ARGV[1]  call id
-- ARGV[2]  "<day>:<call id>"
-- ARGV[3]  row
-- Result   1 written, 0 the call is finished or its row was deleted
if not redis.call('ZSCORE', KEYS[2], ARGV[2]) or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
