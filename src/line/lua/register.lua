--[[
  Brings the configured numbers of a pool into service, unless they are known already.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2, 3 number (digits), country   4, 5 …

  Result   how many were new
]]
--- @include "base"

local new = 0
for at = 2, #ARGV, 2 do
  local number, country = ARGV[at], ARGV[at + 1]
  if redis.call('HSETNX', key('num'), number, country) == 1 then
    redis.call('ZADD', key('load'), 'NX', 0, number)
    redis.call('ZADD', key('load', country), 'NX', 0, number)
    new = new + 1
  end
end
return new
