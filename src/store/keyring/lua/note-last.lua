--[[
  Notes when something was destroyed, if that is later than what is known.

  KEYS[1]  last:{keys}
  ARGV     1 time (ms)
]]
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
