--[[
  Notes that the files hold destroyed keys no more.

  KEYS[1]  key:{keys}:<purpose>.<owner>
  ARGV     … periods

  Result   how many that was new for
]]
local changes = {}
for i = 1, #ARGV do
  local kept = redis.call('HGET', KEYS[1], ARGV[i])
  if kept and string.match(kept, '^gone:.*:1$') then
    changes[#changes + 1] = ARGV[i]
    changes[#changes + 1] = string.sub(kept, 1, -2)
  end
end
if #changes > 0 then redis.call('HSET', KEYS[1], unpack(changes)) end
return #changes / 2
