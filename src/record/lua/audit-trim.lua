-- Removes the oldest entries of an audit chain and leaves a checkpoint in their place.
-- KEYS  1 head (hash)   2 checkpoint   3 entries of the month in which the rest begins   4… entries of older months
-- ARGV  1 checkpoint that must be there, '' for none   2 the new one   3 first id that stays   4 month of KEYS 3
-- Returns 1, or 0 when somebody else has trimmed meanwhile.
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
for at = 4, #KEYS do redis.call('UNLINK', KEYS[at]) end
redis.call('XTRIM', KEYS[3], 'MINID', ARGV[3])
redis.call('HSET', KEYS[1], 'first', ARGV[4])
return 1
