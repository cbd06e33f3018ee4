--[[
  A page of the keys that are alive, in the order of their scopes.

  KEYS[1]  alive:{keys}
  ARGV     1 from and 2 to, as ZRANGE … BYLEX has them   3 how many at most

  Result   { { scope, field, value … } … }
]]
local page = {}
for i, scope in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])) do
  page[i] = { scope, unpack(redis.call('HGETALL', 'key:{keys}:' .. scope)) }
end
return page
