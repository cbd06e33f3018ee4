--[[
  Puts in the place of keys what keeps their scopes from being used again.

  KEYS[1]  key:{keys}:<purpose>.<owner>
  ARGV     1 now (ms)   2 … periods

  Result   for each period what is left: 'gone:<destroyed at>:<fingerprint, if there was a key>:<1: the files may hold it>'
]]
local left, changes = {}, {}
for i = 2, #ARGV do
  local kept = redis.call('HGET', KEYS[1], ARGV[i])
  if not kept or string.sub(kept, 1, 5) ~= 'gone:' then
    local fingerprint = kept and string.match(kept, '^%d+:%d+:(%x+):')
    kept = 'gone:' .. ARGV[1] .. ':' .. (fingerprint or '') .. ':' .. (fingerprint and '1' or '')
    changes[#changes + 1] = ARGV[i]
    changes[#changes + 1] = kept
  end
  left[i - 1] = kept
end
if #changes > 0 then redis.call('HSET', KEYS[1], unpack(changes)) end
return left
