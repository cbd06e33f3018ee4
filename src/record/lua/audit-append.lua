-- Appends an entry to an audit chain, if nobody else has appended one meanwhile.
-- KEYS  1 head (hash: seq, hash, at, first)   2 entries of the month (stream)
-- ARGV  1 hash that the head must have, '' for a chain that begins   2 id, <ms>-<seq>   3 entry   4 its hash
--       5 seq   6 ms   7 month, YYYYMM
-- Returns {1}, or {0, seq, hash, ms} of the head that is there; {0, 0, '', 0} when there is none.
local head = redis.call('HMGET', KEYS[1], 'seq', 'hash', 'at')
if (head[2] or '') ~= ARGV[1] then
  return { 0, tonumber(head[1] or 0), head[2] or '', tonumber(head[3] or 0) }
end
redis.call('XADD', KEYS[2], ARGV[2], 'e', ARGV[3], 'h', ARGV[4])
redis.call('HSET', KEYS[1], 'seq', ARGV[5], 'hash', ARGV[4], 'at', ARGV[6])
redis.call('HSETNX', KEYS[1], 'first', ARGV[7])
return { 1 }
