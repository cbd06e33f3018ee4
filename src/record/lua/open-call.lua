-- Opens the record of a call before its first ring.
--
-- KEYS[1]  rec:{shop}:<day>        hash, call id → row
-- KEYS[2]  recs:{shop}:<day>       sorted set, call id by start (ms)
-- KEYS[3]  recd:{shop}:<delivery>  sorted set, "<day>:<call id>" by start (ms)
-- KEYS[4]  open:{shop}             sorted set, "<day>:<call id>" by end of its lease (ms)
-- ARGV[1]  call id
-- ARGV[2]  "<day>:<call id>"
-- ARGV[3]  row
-- ARGV[4]  start (ms)
-- ARGV[5]  end of the lease (ms)
-- ARGV[6]  when the day's records go (ms)
-- Result   1 opened, 0 it was there already
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[3]) == 0 then return 0 end
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[2])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
redis.call('PEXPIREAT', KEYS[2], ARGV[6])
-- A delivery's list may span days: it goes with the last of them.
redis.call('PEXPIREAT', KEYS[3], ARGV[6])
return 1
