-- Opens the record of a call before its first ring; anew where a failover has lost it.
--
-- KEYS[1]  rec:{shop}:<day>        hash, call id → row
-- KEYS[2]  recs:{shop}:<day>       sorted set, call id by start (ms)
-- KEYS[3]  recp:{shop}:<day>       sorted set, all of score 0: "<pseudonym>:<call id>"
-- KEYS[4]  recd:{shop}:<delivery>  sorted set, "<day>:<call id>" by start (ms)
-- KEYS[5]  open:{shop}             sorted set, "<day>:<call id>" by end of its lease (ms on the call's own clock)
-- KEYS[6]  recdays:{shop}          sorted set, the days that have rows, by day
-- ARGV[1]  call id
-- ARGV[2]  "<day>:<call id>"
-- ARGV[3]  row
-- ARGV[4]  start (ms)
-- ARGV[5]  end of the lease
-- ARGV[6]  day
-- ARGV[7]  when the day's records go even if no deletion run has ever come (ms)
-- ARGV[8…] pseudonyms of the parties
-- Result   1 opened, 0 it was there already: finished, or open although its row was deleted
if redis.call('ZSCORE', KEYS[5], ARGV[2]) then return 0 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[3]) == 0 then return 0 end
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[2])
redis.call('ZADD', KEYS[5], ARGV[5], ARGV[2])
redis.call('ZADD', KEYS[6], ARGV[6], ARGV[6])
for i = 8, #ARGV do
  redis.call('ZADD', KEYS[3], 0, ARGV[i] .. ':' .. ARGV[1])
end
-- A delivery's list may span days: it goes with the last of them.
for i = 1, 4 do redis.call('PEXPIREAT', KEYS[i], ARGV[7]) end
return 1
