-- Ends a run: its report is kept and the lock is free. A run in which nothing was due takes the place of the one
-- before if that was such a one of the same day.
--
-- KEYS[1]  ret:{shop}:lock
-- KEYS[2]  ret:{shop}:state  hash: running, lastRunAt, failures, idle
-- KEYS[3]  ret:{shop}:runs   list of reports, newest first
-- ARGV[1]  token of this run
-- ARGV[2]  report, JSON
-- ARGV[3]  end of the run (ms)
-- ARGV[4]  '1' when it failed
-- ARGV[5]  its day when nothing was due, else ''
-- Result   failed runs one after the other, -1 when the lock is another's or nobody's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[2], 'idle') == ARGV[5] then
  redis.call('LSET', KEYS[3], 0, ARGV[2])
else
  redis.call('LPUSH', KEYS[3], ARGV[2])
end
local failures = 0
if ARGV[4] == '1' then failures = tonumber(redis.call('HGET', KEYS[2], 'failures') or 0) + 1 end
redis.call('HSET', KEYS[2], 'lastRunAt', ARGV[3], 'failures', failures, 'idle', ARGV[5])
redis.call('HDEL', KEYS[2], 'running')
redis.call('DEL', KEYS[1])
return failures
