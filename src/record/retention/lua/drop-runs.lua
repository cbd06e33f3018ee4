-- Removes the oldest reports.
--
-- KEYS[1]  ret:{shop}:lock
-- KEYS[2]  ret:{shop}:runs  list of reports, newest first
-- ARGV[1]  token that the lock must hold
-- ARGV[2]  how many
-- Result   how many went, -1 when the lock is another's or nobody's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
return #(redis.call('RPOP', KEYS[2], ARGV[2]) or {})
