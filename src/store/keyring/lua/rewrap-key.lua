--[[
  Adds a wrapping to a key and takes others away.

  KEYS[1]  key:{keys}:<scope>
  ARGV     1 fingerprint of the key that is meant   2 id of the master key   3 wrapped, or ''   4 … ids whose wrapping goes

  Result   1, or 0 when that key is not there any more
]]
if redis.call('HGET', KEYS[1], 'f') ~= ARGV[1] then return 0 end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'w:' .. ARGV[2], ARGV[3]) end
for i = 4, #ARGV do redis.call('HDEL', KEYS[1], 'w:' .. ARGV[i]) end
return 1
