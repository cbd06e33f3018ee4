-- Keeps the lock of a run, and tells the run and the holds of each other.
--
-- KEYS[1]  ret:{shop}:lock
-- KEYS[2]  ret:{shop}:state  hash: holds (grows with every new hold), known (what the run under way has seen of it)
-- ARGV[1]  token of this run
-- ARGV[2]  how long the lock lasts without a beat (ms)
-- ARGV[3]  version of the holds that this run goes by
-- Result   version of the holds, -1 when the lock is another's or nobody's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], 'known', ARGV[3])
return tonumber(redis.call('HGET', KEYS[2], 'holds') or 0)
