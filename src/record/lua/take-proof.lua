-- Uses up the proof that a code was heard on a phone, or counts a wrong try.
-- KEYS  1 proof (hash: tag, tries, …)
-- ARGV  1 tag of the phone and the code that were given   2 tries that a proof has
-- Returns 1 when it is right, 0 when it is wrong, -1 when there is none. Gone after the first right or the last wrong try.
local tag = redis.call('HGET', KEYS[1], 'tag')
if not tag then return -1 end
if tag == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) >= tonumber(ARGV[2]) then redis.call('DEL', KEYS[1]) end
return 0
