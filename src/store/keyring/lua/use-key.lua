--[[
  The key of a scope; made when there was none and it may begin.

  KEYS[1]  key:{keys}:<scope>   KEYS[2]  gone:{keys}:<scope>   KEYS[3]  alive:{keys}
  ARGV     1 scope   2 now (ms)   3 needed until (ms)   4 '1': it may begin   5 fingerprint
           6 … pairs of a master key's id and the new key wrapped by it

  Result   { 1, '1' when it was made just now, else '0', field, value … } or { 0 }: destroyed, or may not begin
]]
if redis.call('EXISTS', KEYS[2]) == 1 then return { 0 } end
local made = '0'
if redis.call('EXISTS', KEYS[1]) == 0 then
  if ARGV[4] ~= '1' then return { 0 } end
  redis.call('HSET', KEYS[1], 'c', ARGV[2], 'n', ARGV[3], 'f', ARGV[5])
  for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], 'w:' .. ARGV[i], ARGV[i + 1]) end
  redis.call('ZADD', KEYS[3], 0, ARGV[1])
  made = '1'
elseif tonumber(redis.call('HGET', KEYS[1], 'n')) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'n', ARGV[3])
end
return { 1, made, unpack(redis.call('HGETALL', KEYS[1])) }
