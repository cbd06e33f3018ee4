--[[
  Replaces what is kept of a scope, if nobody else has changed it.

  KEYS[1]  key:{keys}:<purpose>.<owner>
  ARGV     1 period   2 what was read   3 what shall be there

  Result   1, or 0 when it is another one now
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
