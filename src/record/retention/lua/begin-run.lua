-- Takes the lock under which one process at a time deletes, if it is free.
--
-- KEYS[1]  ret:{shop}:lock   token of the run under way
-- KEYS[2]  ret:{shop}:state  hash: token, running
-- ARGV[1]  how long the lock lasts without a beat (ms)
-- ARGV[2]  id of this run
-- Result   { token, id of a run that did not come to its end or '' }, or {} when the lock is taken
if redis.call('EXISTS', KEYS[1]) == 1 then return {} end
local token = redis.call('HINCRBY', KEYS[2], 'token', 1)
local broken = redis.call('HGET', KEYS[2], 'running') or ''
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
redis.call('HSET', KEYS[2], 'running', ARGV[2])
return { token, broken }
