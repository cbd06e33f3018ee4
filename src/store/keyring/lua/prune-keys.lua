--[[
  Forgets destroyed scopes for which no key may begin any more.

  KEYS[1]  key:{keys}:<purpose>.<owner>
  ARGV     1 the first day that is remembered, as 20261121

  Result   how many
]]
local old = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= '0' and tonumber(all[i]) < tonumber(ARGV[1]) and string.match(all[i + 1], '^gone:[^:]*:[^:]*:$') then old[#old + 1] = all[i] end
end
if #old > 0 then redis.call('HDEL', KEYS[1], unpack(old)) end
return #old
