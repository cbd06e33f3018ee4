-- Writes what has become of an open call; a finished one never changes.
--
-- KEYS[1]  rec:{shop}:<day>  hash, call id → row
-- KEYS[2]  open:{shop}       sorted set, "<day>:<call id>" by end of its lease (ms)
-- ARGV[1]  call id
-- ARGV[2]  "<day>:<call id>"
-- ARGV[3]  row
-- ARGV[4]  "1" when this is the end of the call
-- ARGV[5]  only if the lease ended before this (ms); empty: in any case
-- Result   1 written, 0 the call is finished, unknown or still in somebody's hands
local lease = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not lease then return 0 end
if ARGV[5] ~= '' and tonumber(lease) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] == '1' then redis.call('ZREM', KEYS[2], ARGV[2]) end
return 1
