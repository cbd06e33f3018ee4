--[[
  How many keys are alive.

  KEYS[1]  key:{keys}:<purpose>.<owner>

  Result   their number
]]
local alive = 0
for _, kept in ipairs(redis.call('HVALS', KEYS[1])) do
  if string.sub(kept, 1, 5) ~= 'gone:' then alive = alive + 1 end
end
return alive
