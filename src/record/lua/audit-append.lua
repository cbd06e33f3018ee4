-- Appends entries to an audit chain, all of them, if nobody else has appended one meanwhile.
-- KEYS  1 head (hash: seq, hash, at, first, and `lost` when somebody came too late)   2 entries of the month (stream)
-- ARGV  1 hash that the head must have, '' for a chain that begins   2 month, YYYYMM   3 seq of the last   4 its ms
--       5 id, <ms>-<seq>   6 entry   7 its hash   …and so on, three an entry
-- Returns {1, whether somebody else came too late since the last append}, or {0, seq, hash, ms} of the head that is there;
-- {0, 0, '', 0} when there is none.
local head = redis.call('HMGET', KEYS[1], 'seq', 'hash', 'at')
if (head[2] or '') ~= ARGV[1] then
  if head[1] then redis.call('HSET', KEYS[1], 'lost', 1) end
  return { 0, tonumber(head[1] or 0), head[2] or '', tonumber(head[3] or 0) }
end
for at = 5, #ARGV, 3 do
  redis.call('XADD', KEYS[2], ARGV[at], 'e', ARGV[at + 1], 'h', ARGV[at + 2])
end
redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'hash', ARGV[#ARGV], 'at', ARGV[4])
redis.call('HSETNX', KEYS[1], 'first', ARGV[2])
return { 1, redis.call('HDEL', KEYS[1], 'lost') }
