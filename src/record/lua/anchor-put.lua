-- Moves the anchor of an audit chain on, unless somebody else has done so meanwhile.
-- KEYS  1 anchor (hash: seq, hash, at; lost: JSON of the first anchored head that was not found any more)
-- ARGV  1 hash that the anchor must have, '' for none   2 seq   3 hash   4 ms   5 lost, or ''
-- Returns 1, or 0.
if (redis.call('HGET', KEYS[1], 'hash') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'hash', ARGV[3], 'at', ARGV[4])
if ARGV[5] ~= '' then redis.call('HSETNX', KEYS[1], 'lost', ARGV[5]) end
return 1
